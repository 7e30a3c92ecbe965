-- Only what this file has surely made, and not taken back, is new.
CREATE TABLE a (x int);
CREATE INDEX ON a (x);

CREATE TABLE IF NOT EXISTS b (x int);
CREATE INDEX ON b (x); -- b may be years old

CREATE TABLE public.c (x int);
CREATE INDEX ON public.c (x);
CREATE INDEX ON c (x); -- which c that is, only search_path knows

BEGIN;
CREATE TABLE d (x int);
ROLLBACK;
CREATE INDEX ON d (x); -- so this is another d

BEGIN;
CREATE TABLE e (x int);
SAVEPOINT s;
CREATE TABLE f (x int);
ROLLBACK TO s;
CREATE INDEX ON e (x);
CREATE INDEX ON f (x); -- gone with the savepoint
COMMIT;

ALTER TABLE a RENAME TO a2;
CREATE INDEX ON a (x); -- whatever has the name now
