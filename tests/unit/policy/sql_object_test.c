/* What is said of statements about everything that is no relation. */
#include "tests/unit/policy/sql_fixture.h"

static void databases_schemas_and_roles(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"CREATE SCHEMA s", "ddl CREATE SCHEMA; create schema s"},
        {"CREATE SCHEMA AUTHORIZATION r", "ddl CREATE SCHEMA; create schema r"},
        {"CREATE SCHEMA s CREATE TABLE t (a int) CREATE INDEX i ON t (a)",
         "ddl CREATE SCHEMA; create schema s; create table s.t; create index s.i"},
        {"CREATE DATABASE d", "ddl CREATE DATABASE +no-transaction; create database d"},
        {"ALTER DATABASE d SET TABLESPACE x",
         "ddl ALTER DATABASE +no-transaction; alter database d"},
        {"ALTER DATABASE d CONNECTION LIMIT 5", "ddl ALTER DATABASE; alter database d"},
        {"ALTER DATABASE d SET work_mem = 1", "ddl ALTER DATABASE; alter database d"},
        {"ALTER DATABASE d REFRESH COLLATION VERSION", "ddl ALTER DATABASE; alter database d"},
        {"ALTER DATABASE d RENAME TO e", "ddl ALTER DATABASE; rename database d"},
        {"DROP DATABASE IF EXISTS d",
         "ddl DROP DATABASE +if-exists +no-transaction; drop database d"},
        {"CREATE TABLESPACE x LOCATION '/x'",
         "ddl CREATE TABLESPACE +no-transaction; create tablespace x"},
        {"ALTER TABLESPACE x SET (seq_page_cost = 1)", "ddl ALTER TABLESPACE; alter tablespace x"},
        {"DROP TABLESPACE x", "ddl DROP TABLESPACE +no-transaction; drop tablespace x"},
        {"ALTER SYSTEM SET work_mem = '1MB'",
         "ddl ALTER SYSTEM +no-transaction; alter setting work_mem"},
        {"ALTER SYSTEM RESET ALL", "ddl ALTER SYSTEM +no-transaction"},
        {"CREATE ROLE r LOGIN", "ddl CREATE ROLE; create role r"},
        {"CREATE USER r", "ddl CREATE ROLE; create role r"},
        {"ALTER ROLE r SUPERUSER", "ddl ALTER ROLE; alter role r"},
        {"ALTER USER r SET work_mem = 1", "ddl ALTER ROLE; alter role r"},
        {"ALTER ROLE r RENAME TO q", "ddl ALTER ROLE; rename role r"},
        {"ALTER GROUP g ADD USER r", "ddl ALTER ROLE; alter role g"},
        {"DROP USER IF EXISTS a, CURRENT_USER",
         "ddl DROP ROLE +if-exists; drop role a; drop role CURRENT_USER"},
        {"DROP OWNED BY a, b CASCADE", "ddl DROP OWNED +cascade; drop owned a; drop owned b"},
        {"REASSIGN OWNED BY a TO b", "ddl REASSIGN OWNED; reassign owned a"},
        {"GRANT SELECT ON s.t TO r", "ddl GRANT; grant table s.t; on s.t"},
        {"GRANT SELECT ON ALL TABLES IN SCHEMA s TO r", "ddl GRANT; grant schema s"},
        {"GRANT USAGE ON SCHEMA a, b TO r", "ddl GRANT; grant schema a; grant schema b"},
        {"GRANT EXECUTE ON FUNCTION s.f(int) TO r", "ddl GRANT; grant function s.f"},
        {"REVOKE ALL ON t FROM r CASCADE", "ddl REVOKE +cascade; revoke table t; on t"},
        {"GRANT a TO b", "ddl GRANT ROLE; grant role a"},
        {"REVOKE a FROM b", "ddl REVOKE ROLE; revoke role a"},
        {"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO r", "ddl ALTER DEFAULT PRIVILEGES"},
    };
    ASSERT_FACTS(facts);
}

static void routines_operators_and_types(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"CREATE FUNCTION s.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
         "ddl CREATE FUNCTION; create function s.f"},
        {"CREATE OR REPLACE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'",
         "ddl CREATE PROCEDURE; create procedure p"},
        {"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
         "ddl CREATE FUNCTION; create function f"},
        {"ALTER FUNCTION s.f(int) IMMUTABLE", "ddl ALTER FUNCTION; alter function s.f"},
        {"ALTER PROCEDURE p OWNER TO r", "ddl ALTER PROCEDURE; alter procedure p"},
        {"ALTER ROUTINE f DEPENDS ON EXTENSION e", "ddl ALTER ROUTINE; alter routine f"},
        {"DROP FUNCTION f(int), s.g", "ddl DROP FUNCTION; drop function f; drop function s.g"},
        {"DROP ROUTINE f", "ddl DROP ROUTINE; drop routine f"},
        {"CREATE AGGREGATE a(int) (SFUNC = f, STYPE = int)",
         "ddl CREATE AGGREGATE; create aggregate a"},
        {"DROP AGGREGATE s.a(int)", "ddl DROP AGGREGATE; drop aggregate s.a"},
        {"CREATE OPERATOR s.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = f)",
         "ddl CREATE OPERATOR; create operator s.==="},
        {"ALTER OPERATOR ===(int, int) SET (RESTRICT = NONE)",
         "ddl ALTER OPERATOR; alter operator ==="},
        {"DROP OPERATOR ===(int, int)", "ddl DROP OPERATOR; drop operator ==="},
        {"CREATE OPERATOR CLASS c FOR TYPE int USING btree AS STORAGE int",
         "ddl CREATE OPERATOR CLASS; create operator class c"},
        {"DROP OPERATOR CLASS c USING btree", "ddl DROP OPERATOR CLASS; drop operator class c"},
        {"DROP OPERATOR CLASS s.c USING btree", "ddl DROP OPERATOR CLASS; drop operator class s.c"},
        {"CREATE OPERATOR FAMILY s.f USING btree",
         "ddl CREATE OPERATOR FAMILY; create operator family s.f"},
        {"ALTER OPERATOR FAMILY s.f USING btree OWNER TO r",
         "ddl ALTER OPERATOR FAMILY; alter operator family s.f"},
        {"ALTER OPERATOR FAMILY f USING btree DROP OPERATOR 1 (int, int)",
         "ddl ALTER OPERATOR FAMILY; alter operator family f"},
        {"CREATE TYPE s.t AS (a int)", "ddl CREATE TYPE; create type s.t"},
        {"CREATE TYPE t AS ENUM ('a')", "ddl CREATE TYPE; create type t"},
        {"CREATE TYPE t AS RANGE (SUBTYPE = int)", "ddl CREATE TYPE; create type t"},
        {"CREATE TYPE t", "ddl CREATE TYPE; create type t"},
        {"ALTER TYPE s.t ADD VALUE IF NOT EXISTS 'b'",
         "ddl ALTER TYPE +if-not-exists; alter type s.t"},
        {"ALTER TYPE t ADD ATTRIBUTE b int CASCADE", "ddl ALTER TYPE +cascade; alter type t"},
        {"ALTER TYPE t SET (RECEIVE = NONE)", "ddl ALTER TYPE; alter type t"},
        {"ALTER TYPE t RENAME VALUE 'a' TO 'b'", "ddl ALTER TYPE; alter type t"},
        {"DROP TYPE s.t, u", "ddl DROP TYPE; drop type s.t; drop type u"},
        {"CREATE DOMAIN s.d AS int", "ddl CREATE DOMAIN; create domain s.d"},
        {"ALTER DOMAIN d ADD CHECK (VALUE > 0)", "ddl ALTER DOMAIN; alter domain d"},
        {"ALTER DOMAIN d RENAME CONSTRAINT a TO b", "ddl ALTER DOMAIN; rename domain constraint d"},
        {"DROP DOMAIN s.d", "ddl DROP DOMAIN; drop domain s.d"},
        {"CREATE CAST (int AS text) WITHOUT FUNCTION", "ddl CREATE CAST; create cast text"},
        {"DROP CAST (int AS text)", "ddl DROP CAST"},
        {"CREATE COLLATION IF NOT EXISTS s.c (LOCALE = 'C')",
         "ddl CREATE COLLATION +if-not-exists; create collation s.c"},
        {"ALTER COLLATION c REFRESH VERSION", "ddl ALTER COLLATION; alter collation c"},
        {"CREATE CONVERSION s.c FOR 'UTF8' TO 'LATIN1' FROM f",
         "ddl CREATE CONVERSION; create conversion s.c"},
        {"CREATE TRANSFORM FOR s.t LANGUAGE l (FROM SQL WITH FUNCTION f(internal))",
         "ddl CREATE TRANSFORM; create transform s.t"},
        {"CREATE LANGUAGE l", "ddl CREATE EXTENSION; create extension l"},
        {"DROP LANGUAGE l", "ddl DROP LANGUAGE; drop language l"},
    };
    ASSERT_FACTS(facts);
}

static void parts_of_relations(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"CREATE TRIGGER a BEFORE INSERT ON s.t EXECUTE FUNCTION f()",
         "ddl CREATE TRIGGER; create trigger s.a; on s.t"},
        {"ALTER TRIGGER a ON s.t RENAME TO b", "ddl ALTER TRIGGER; rename trigger s.a; on s.t"},
        {"ALTER TRIGGER a ON t DEPENDS ON EXTENSION e", "ddl ALTER TRIGGER; alter trigger a; on t"},
        {"DROP TRIGGER IF EXISTS a ON s.t CASCADE",
         "ddl DROP TRIGGER +if-exists +cascade; drop trigger s.a; on s.t"},
        {"CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()",
         "ddl CREATE EVENT TRIGGER; create event trigger e"},
        {"ALTER EVENT TRIGGER e DISABLE", "ddl ALTER EVENT TRIGGER; alter event trigger e"},
        {"DROP EVENT TRIGGER e", "ddl DROP EVENT TRIGGER; drop event trigger e"},
        {"CREATE RULE r AS ON INSERT TO s.t DO NOTHING",
         "ddl CREATE RULE; create rule s.r; on s.t"},
        {"DROP RULE r ON t", "ddl DROP RULE; drop rule r; on t"},
        {"CREATE POLICY p ON s.t", "ddl CREATE POLICY; create policy s.p; on s.t"},
        {"ALTER POLICY p ON t RENAME TO q", "ddl ALTER POLICY; rename policy p; on t"},
        {"ALTER POLICY p ON t USING (true)", "ddl ALTER POLICY; alter policy p; on t"},
        {"DROP POLICY p ON s.t", "ddl DROP POLICY; drop policy s.p; on s.t"},
        {"CREATE STATISTICS s.st ON a, b FROM t", "ddl CREATE STATISTICS; create statistics s.st"},
        {"ALTER STATISTICS st SET STATISTICS 5", "ddl ALTER STATISTICS; alter statistics st"},
        {"DROP STATISTICS st", "ddl DROP STATISTICS; drop statistics st"},
    };
    ASSERT_FACTS(facts);
}

static void extensions_servers_and_replication(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"CREATE EXTENSION IF NOT EXISTS e CASCADE",
         "ddl CREATE EXTENSION +if-not-exists; create extension e"},
        {"ALTER EXTENSION e UPDATE", "ddl ALTER EXTENSION; alter extension e"},
        {"ALTER EXTENSION e ADD TABLE t", "ddl ALTER EXTENSION; alter extension e"},
        {"DROP EXTENSION e", "ddl DROP EXTENSION; drop extension e"},
        {"CREATE ACCESS METHOD m TYPE INDEX HANDLER h",
         "ddl CREATE ACCESS METHOD; create access method m"},
        {"DROP ACCESS METHOD m", "ddl DROP ACCESS METHOD; drop access method m"},
        {"CREATE FOREIGN DATA WRAPPER w",
         "ddl CREATE FOREIGN DATA WRAPPER; create foreign data wrapper w"},
        {"ALTER FOREIGN DATA WRAPPER w NO HANDLER",
         "ddl ALTER FOREIGN DATA WRAPPER; alter foreign data wrapper w"},
        {"CREATE SERVER IF NOT EXISTS s FOREIGN DATA WRAPPER w",
         "ddl CREATE SERVER +if-not-exists; create server s"},
        {"ALTER SERVER s VERSION '2'", "ddl ALTER SERVER; alter server s"},
        {"DROP SERVER s", "ddl DROP SERVER; drop server s"},
        {"CREATE USER MAPPING FOR r SERVER s", "ddl CREATE USER MAPPING; create user mapping r"},
        {"DROP USER MAPPING FOR PUBLIC SERVER s",
         "ddl DROP USER MAPPING; drop user mapping PUBLIC"},
        {"IMPORT FOREIGN SCHEMA a FROM SERVER s INTO b",
         "ddl IMPORT FOREIGN SCHEMA; import schema b"},
        {"CREATE PUBLICATION p FOR TABLE t", "ddl CREATE PUBLICATION; create publication p"},
        {"ALTER PUBLICATION p ADD TABLE t", "ddl ALTER PUBLICATION; alter publication p"},
        {"CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p WITH (connect = false)",
         "ddl CREATE SUBSCRIPTION +secret; create subscription s"},
        {"ALTER SUBSCRIPTION s REFRESH PUBLICATION",
         "ddl ALTER SUBSCRIPTION +no-transaction; alter subscription s"},
        {"ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)",
         "ddl ALTER SUBSCRIPTION; alter subscription s"},
        {"ALTER SUBSCRIPTION s DISABLE", "ddl ALTER SUBSCRIPTION; alter subscription s"},
        {"DROP SUBSCRIPTION s", "ddl DROP SUBSCRIPTION +no-transaction; drop subscription s"},
        {"CREATE TEXT SEARCH CONFIGURATION s.c (COPY = pg_catalog.english)",
         "ddl CREATE TEXT SEARCH CONFIGURATION; create text search configuration s.c"},
        {"ALTER TEXT SEARCH CONFIGURATION c DROP MAPPING FOR word",
         "ddl ALTER TEXT SEARCH CONFIGURATION; alter text search configuration c"},
        {"ALTER TEXT SEARCH DICTIONARY d (a = b)",
         "ddl ALTER TEXT SEARCH DICTIONARY; alter text search dictionary d"},
        {"DROP TEXT SEARCH PARSER p", "ddl DROP TEXT SEARCH PARSER; drop text search parser p"},
        {"CREATE TEXT SEARCH TEMPLATE t (LEXIZE = f)",
         "ddl CREATE TEXT SEARCH TEMPLATE; create text search template t"},
    };
    ASSERT_FACTS(facts);
}

static void comments_and_code(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"COMMENT ON TABLE s.t IS 'x'", "ddl COMMENT; comment table s.t; on s.t"},
        {"COMMENT ON COLUMN s.t.a IS NULL", "ddl COMMENT; comment column s.t; on s.t"},
        {"COMMENT ON CONSTRAINT c ON s.t IS 'x'", "ddl COMMENT; comment constraint s.c; on s.t"},
        {"COMMENT ON FUNCTION s.f(int) IS 'x'", "ddl COMMENT; comment function s.f"},
        {"COMMENT ON LARGE OBJECT 5 IS 'x'", "ddl COMMENT"},
        {"SECURITY LABEL FOR p ON TABLE s.t IS 'x'", "ddl SECURITY LABEL; label table s.t; on s.t"},
        {"DO $$ BEGIN END $$", "do DO"},
        {"CALL s.p(1)", "call CALL; call procedure s.p"},
    };
    ASSERT_FACTS(facts);
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(databases_schemas_and_roles),
        cmocka_unit_test(routines_operators_and_types),
        cmocka_unit_test(parts_of_relations),
        cmocka_unit_test(extensions_servers_and_replication),
        cmocka_unit_test(comments_and_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
