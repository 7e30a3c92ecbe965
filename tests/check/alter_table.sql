-- The place is the action that the rule is about, wherever it stands in its statement.
ALTER TABLE orders
    ADD COLUMN note text,
    ALTER COLUMN x SET NOT NULL,
    ALTER COLUMN a TYPE bigint;
ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES b(id);
DROP TABLE x;
BEGIN;
ALTER TABLE orders ADD UNIQUE (a);
CREATE INDEX CONCURRENTLY i ON t(a);
