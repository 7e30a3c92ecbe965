\set ON_ERROR_STOP on
\i common.sql
CREATE TABLE t (a int, b text);
COPY t FROM stdin;
1	'
2	DROP TABLE customers;
\.
SELECT 'a \ in a string is no command';
SELECT format('DROP TABLE %I', tablename) FROM pg_tables \gexec
SELECT count(*) FROM t WHERE a > :limit;
CREATE INDEX ON t (a);
