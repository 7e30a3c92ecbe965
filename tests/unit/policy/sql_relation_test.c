/* What is said of the statements that make, change, drop and lock relations. Every tag here is the
 * one that PostgreSQL 15 answers with, and every no-transaction the one that it refuses. */
#include "tests/unit/policy/sql_fixture.h"

static void relations_are_created(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"CREATE TABLE s.t (a int PRIMARY KEY, b int UNIQUE)",
         "create-table CREATE TABLE; create table s.t; on s.t"},
        {"CREATE TEMP TABLE t (a int)",
         "create-table CREATE TABLE +temporary; create table t; on t"},
        {"CREATE TABLE pg_temp.t (a int)",
         "create-table CREATE TABLE +temporary; create table pg_temp.t; on pg_temp.t"},
        {"CREATE UNLOGGED TABLE IF NOT EXISTS t (a int)",
         "create-table CREATE TABLE +if-not-exists; create table t; on t"},
        {"CREATE TABLE p PARTITION OF parent FOR VALUES IN (1)",
         "create-table CREATE TABLE; create table p; on parent"},
        {"CREATE TABLE p PARTITION OF s.parent DEFAULT",
         "create-table CREATE TABLE; create table p; on s.parent"},
        {"CREATE TABLE t (a int, FOREIGN KEY (a) REFERENCES p)",
         "create-table CREATE TABLE +references; create table t; on t"},
        {"CREATE TABLE t (a int REFERENCES p)",
         "create-table CREATE TABLE +references; create table t; on t"},
        {"CREATE TABLE t AS SELECT 1 WITH NO DATA",
         "create-table CREATE TABLE AS +no-data; create table t; on t"},
        {"CREATE TABLE t AS SELECT 1", "create-table CREATE TABLE AS; create table t; on t"},
        {"CREATE TABLE IF NOT EXISTS t AS EXECUTE q",
         "create-table CREATE TABLE AS +if-not-exists; create table t; on t"},
        {"CREATE FOREIGN TABLE IF NOT EXISTS f (a int) SERVER s",
         "ddl CREATE FOREIGN TABLE +if-not-exists; create foreign table f; on f"},
        {"SELECT 1 AS a INTO s.t", "create-table SELECT INTO; create table s.t; on s.t"},
        {"SELECT 1 AS a INTO TEMP t UNION SELECT 2",
         "create-table SELECT INTO +temporary; create table t; on t"},
        {"WITH q AS (SELECT 1 AS a) SELECT a INTO t FROM q",
         "create-table SELECT INTO; create table t; on t"},
        {"CREATE MATERIALIZED VIEW IF NOT EXISTS s.m AS SELECT 1",
         "ddl CREATE MATERIALIZED VIEW +if-not-exists; create materialized view s.m; on s.m"},
        {"CREATE OR REPLACE VIEW s.v AS SELECT 1", "ddl CREATE VIEW; create view s.v; on s.v"},
        {"CREATE TEMPORARY VIEW v AS SELECT 1", "ddl CREATE VIEW +temporary; create view v; on v"},
        {"CREATE TEMP SEQUENCE q", "ddl CREATE SEQUENCE +temporary; create sequence q; on q"},
        {"CREATE INDEX i ON s.t (a)", "create-index CREATE INDEX; create index s.i; on s.t"},
        {"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY t (a)",
         "create-index CREATE INDEX +concurrently +unique +if-not-exists +only +no-transaction; "
         "create index i; on t"},
        {"CREATE INDEX ON s.t (a)", "create-index CREATE INDEX +unnamed; create index s.; on s.t"},
        {"CREATE INDEX ON pg_temp.t (a)",
         "create-index CREATE INDEX +temporary +unnamed; create index pg_temp.; on pg_temp.t"},
    };
    ASSERT_FACTS(facts);
}

static void relations_are_altered(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"ALTER TABLE ONLY s.t ADD COLUMN a int",
         "alter-table ALTER TABLE +only; alter table s.t; on s.t"},
        {"ALTER TABLE IF EXISTS t DROP COLUMN a CASCADE",
         "alter-table ALTER TABLE +if-exists +cascade; alter table t; on t"},
        {"ALTER TABLE t DETACH PARTITION p", "alter-table ALTER TABLE; alter table t; on t"},
        {"ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
         "alter-table ALTER TABLE +concurrently +no-transaction; alter table t; on t"},
        {"ALTER TABLE t RENAME TO u", "alter-table ALTER TABLE; rename table t; on t"},
        {"ALTER TABLE s.t RENAME COLUMN a TO b",
         "alter-table ALTER TABLE; rename column s.t; on s.t"},
        {"ALTER TABLE t RENAME CONSTRAINT a TO b",
         "alter-table ALTER TABLE; rename constraint a; on t"},
        {"ALTER TABLE t SET SCHEMA s", "alter-table ALTER TABLE; alter table t; on t"},
        {"ALTER TABLE t OWNER TO r", "alter-table ALTER TABLE; alter table t; on t"},
        {"ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b", "alter-table ALTER TABLE"},
        {"ALTER VIEW v RENAME COLUMN a TO b", "ddl ALTER VIEW; rename column v; on v"},
        {"ALTER TYPE t RENAME ATTRIBUTE a TO b", "ddl ALTER TYPE; rename attribute t"},
        {"ALTER INDEX s.i RENAME TO j", "ddl ALTER INDEX; rename index s.i; on s.i"},
        {"ALTER INDEX i ATTACH PARTITION j", "ddl ALTER INDEX; alter index i; on i"},
        {"ALTER SEQUENCE q RESTART", "ddl ALTER SEQUENCE; alter sequence q; on q"},
        {"ALTER MATERIALIZED VIEW m SET SCHEMA s",
         "ddl ALTER MATERIALIZED VIEW; alter materialized view m; on m"},
        {"ALTER FOREIGN TABLE f ADD COLUMN a int",
         "ddl ALTER FOREIGN TABLE; alter foreign table f; on f"},
    };
    ASSERT_FACTS(facts);
}

static void relations_are_dropped(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"DROP TABLE IF EXISTS a, s.b CASCADE",
         "drop-table DROP TABLE +if-exists +cascade; drop table a; drop table s.b"},
        {"DROP TABLE pg_temp.t",
         "drop-table DROP TABLE +temporary; drop table pg_temp.t; on pg_temp.t"},
        {"DROP TABLE pg_temp_3.a, b",
         "drop-table DROP TABLE; drop table pg_temp_3.a; drop table b"},
        {"DROP INDEX i", "drop-index DROP INDEX; drop index i; on i"},
        {"DROP INDEX CONCURRENTLY IF EXISTS s.i",
         "drop-index DROP INDEX +concurrently +if-exists +no-transaction; drop index s.i; on s.i"},
        {"DROP VIEW v", "ddl DROP VIEW; drop view v; on v"},
        {"DROP MATERIALIZED VIEW m", "ddl DROP MATERIALIZED VIEW; drop materialized view m; on m"},
        {"DROP SEQUENCE q", "ddl DROP SEQUENCE; drop sequence q; on q"},
        {"DROP FOREIGN TABLE f", "ddl DROP FOREIGN TABLE; drop foreign table f; on f"},
    };
    ASSERT_FACTS(facts);
}

static void relations_are_locked_and_rewritten(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"TRUNCATE s.t", "truncate TRUNCATE TABLE; truncate table s.t; on s.t"},
        {"TRUNCATE a, ONLY b RESTART IDENTITY CASCADE",
         "truncate TRUNCATE TABLE +cascade +only; truncate table a; truncate table b"},
        {"LOCK TABLE s.t IN SHARE MODE", "lock LOCK TABLE; lock table s.t; on s.t"},
        {"LOCK a, b", "lock LOCK TABLE; lock table a; lock table b"},
        {"VACUUM", "vacuum VACUUM +no-transaction"},
        {"VACUUM (FULL, ANALYZE) s.t", "ddl VACUUM +no-transaction; vacuum table s.t; on s.t"},
        {"VACUUM (FULL off) t", "vacuum VACUUM +no-transaction; vacuum table t; on t"},
        {"ANALYZE t", "other"},
        {"CLUSTER", "ddl CLUSTER +no-transaction"},
        {"CLUSTER t USING i", "ddl CLUSTER; cluster table t; on t"},
        {"REFRESH MATERIALIZED VIEW CONCURRENTLY s.m",
         "ddl REFRESH MATERIALIZED VIEW +concurrently; refresh materialized view s.m; on s.m"},
        {"REFRESH MATERIALIZED VIEW m WITH NO DATA",
         "ddl REFRESH MATERIALIZED VIEW +no-data; refresh materialized view m; on m"},
        {"REINDEX INDEX s.i", "reindex REINDEX; reindex index s.i; on s.i"},
        {"REINDEX (VERBOSE, CONCURRENTLY) TABLE t",
         "reindex REINDEX +concurrently +no-transaction; reindex table t; on t"},
        {"REINDEX (CONCURRENTLY false) TABLE t", "reindex REINDEX; reindex table t; on t"},
        {"REINDEX SCHEMA CONCURRENTLY s",
         "reindex REINDEX +concurrently +no-transaction; reindex schema s"},
        {"REINDEX DATABASE d", "reindex REINDEX +no-transaction; reindex database d"},
        {"REINDEX SYSTEM d", "reindex REINDEX +no-transaction; reindex database d"},
    };
    ASSERT_FACTS(facts);
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relations_are_created),
        cmocka_unit_test(relations_are_altered),
        cmocka_unit_test(relations_are_dropped),
        cmocka_unit_test(relations_are_locked_and_rewritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
