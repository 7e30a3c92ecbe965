SELECT 'ä', FROM t;          -- columns count characters
ALTER TABLE t ADD COLUMN;    -- the rest of the file is still checked
CREATE INDEX i ON t (a);

CREATE FUNCTION f() RETURNS int LANGUAGE sql
BEGIN ATOMIC
    SELECT 1;                -- this semicolon ends nothing
END;

SELECT 1 FRM t;
INSERT INTO t VALUES ('no end);
DROP TABLE swallowed;
