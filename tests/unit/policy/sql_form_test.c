/* What rules are told of statements whose kind is too coarse for them: the form, the types of the
 * columns, the lock, the columns of an index, names that are too long. */
#include "tests/unit/policy/sql_fixture.h"

static void forms_are_told_apart(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"CREATE TABLE t (a int)", ""},
        {"CREATE TABLE t AS SELECT 1", "create-as"},
        {"SELECT 1 INTO t", "create-as"},
        {"CREATE MATERIALIZED VIEW m AS SELECT 1", "create-as"},
        {"EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1", "create-as"},
        {"CREATE TABLE p PARTITION OF t FOR VALUES IN (1)", "partition-of"},
        {"CREATE TABLE p PARTITION OF t DEFAULT PARTITION BY LIST (a)", "partition-of"},
        {"CREATE TABLE t (a int) INHERITS (p)", ""},
        {"CREATE TABLE t (a int) PARTITION BY LIST (a)", ""},
        {"ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b", "move-all"},
        {"VACUUM FULL t", "vacuum-full"},
        {"VACUUM (FULL, VERBOSE) a, b", "vacuum-full"},
        {"VACUUM t", ""},
        {"CLUSTER t USING i", "cluster"},
        {"CLUSTER", "cluster"},
        {"REFRESH MATERIALIZED VIEW m", "refresh"},
        {"DROP SCHEMA a, b CASCADE", "drop-schema"},
        {"DROP DATABASE d", "drop-database"},
        {"DROP OWNED BY r", "drop-owned"},
        {"DROP TABLE t", ""},
        {"ALTER SCHEMA s RENAME TO u", "rename-schema"},
        {"ALTER SCHEMA s OWNER TO r", ""},
        {"CREATE TYPE e AS ENUM ('a')", "create-enum"},
        {"CREATE TYPE c AS (a int)", ""},
        {"ALTER TYPE e ADD VALUE 'b'", "add-value"},
        {"ALTER TYPE e RENAME VALUE 'a' TO 'b'", "rename-value"},
        {"ALTER TYPE e RENAME TO f", ""},
        {"CREATE DOMAIN d AS int", ""},
        {"CREATE DOMAIN d AS int DEFAULT 5 NULL", ""},
        {"CREATE DOMAIN d AS int NOT NULL", "create-domain"},
        {"CREATE DOMAIN d AS int CONSTRAINT c CHECK (VALUE > 0)", "create-domain"},
        {"ALTER DOMAIN d ADD CHECK (VALUE > 0)", "domain-constraint"},
        {"ALTER DOMAIN d SET NOT NULL", "domain-not-null"},
        {"ALTER DOMAIN d DROP NOT NULL", ""},
        {"ALTER DOMAIN d VALIDATE CONSTRAINT c", "domain-validate"},
        {"ALTER DOMAIN d SET DEFAULT 5", ""},
    };
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        struct parsed parsed = parse_text(facts[i].sql);
        const char *form = statement_form_name(parsed.statement.form);
        if (strcmp(form, facts[i].expected) != 0) {
            fail_msg("%s is \"%s\", expected \"%s\"", facts[i].sql, form, facts[i].expected);
        }
        parsed_free(&parsed);
    }
}

static void flags_of_types_are_told(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID",
         "ddl ALTER DOMAIN +not-valid; alter domain d"},
        {"ALTER TYPE e ADD VALUE 'b' AFTER 'a'", "ddl ALTER TYPE +ordered; alter type e"},
        {"ALTER TYPE e ADD VALUE IF NOT EXISTS 'b' BEFORE 'a'",
         "ddl ALTER TYPE +if-not-exists +ordered; alter type e"},
    };
    ASSERT_FACTS(facts);
}

static void types_of_columns_are_collected(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        unsigned types;
    } rows[] = {
        {"CREATE TABLE t (a bigint, b text, c timestamptz, d jsonb, e varchar, f numeric(3))", 0},
        {"CREATE TABLE t (a int)", TYPE_INT4},
        {"CREATE TABLE t (a INTEGER, b pg_catalog.int4, c int4)", TYPE_INT4},
        {"CREATE TABLE t (a smallint)", TYPE_INT2},
        {"CREATE TABLE t (a serial)", TYPE_SERIAL | TYPE_INT4},
        {"CREATE TABLE t (a bigserial)", TYPE_SERIAL},
        {"CREATE TABLE t (a smallserial, b char(3))", TYPE_SERIAL | TYPE_INT2 | TYPE_CHAR},
        {"CREATE TABLE t (a character)", TYPE_CHAR},
        {"CREATE TABLE t (a \"char\")", 0},
        {"CREATE TABLE t (a varchar(10))", TYPE_VARCHAR},
        {"CREATE TABLE t (a character varying(10))", TYPE_VARCHAR},
        {"CREATE TABLE t (a timestamp(3), b json)", TYPE_TIMESTAMP | TYPE_JSON},
        {"CREATE TABLE t (a timestamp with time zone)", 0},
        {"CREATE TABLE t (a int[], b varchar(3)[])", 0},
        {"CREATE TABLE t (LIKE u, CHECK (a::int > 0))", 0},
        {"ALTER TABLE t ADD a int, ADD b json, DROP c", TYPE_INT4 | TYPE_JSON},
        {"ALTER TABLE t ALTER a TYPE varchar(5)", TYPE_VARCHAR},
        {"ALTER TABLE t ALTER a SET DEFAULT 1::int", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed parsed = parse_text(rows[i].sql);
        if (parsed.statement.types != rows[i].types) {
            fail_msg("%s: %#x, expected %#x", rows[i].sql, parsed.statement.types, rows[i].types);
        }
        parsed_free(&parsed);
    }
}

static void locks_have_their_mode(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        unsigned mode;
    } rows[] = {
        {"LOCK t", 8},
        {"LOCK TABLE t IN ACCESS SHARE MODE NOWAIT", 1},
        {"LOCK TABLE a, b IN SHARE ROW EXCLUSIVE MODE", 6},
        {"TRUNCATE t", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed parsed = parse_text(rows[i].sql);
        assert_int_equal(parsed.statement.lock_mode, rows[i].mode);
        parsed_free(&parsed);
    }
}

static void columns_of_an_index_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        unsigned columns;
    } rows[] = {
        {"CREATE INDEX i ON t (a)", 1},
        {"CREATE UNIQUE INDEX ON t USING btree (a DESC, lower(b), (c + 1)) INCLUDE (d, e)", 3},
        {"DROP INDEX i", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed parsed = parse_text(rows[i].sql);
        assert_int_equal(parsed.statement.key_columns, rows[i].columns);
        parsed_free(&parsed);
    }
}

#define NAME_OF_62 "a2345678901234567890123456789012345678901234567890123456789012"

static void long_names_are_noticed(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        bool expected;
    } rows[] = {
        {"CREATE TABLE " NAME_OF_62 "3 (a int)", false},
        {"CREATE TABLE " NAME_OF_62 "34 (a int)", true},
        {"CREATE TABLE \"" NAME_OF_62 "3\" (a int)", false},
        {"CREATE TABLE \"" NAME_OF_62 "34\" (a int)", true},
        {"CREATE TABLE \"" NAME_OF_62 "\"\"\" (a int)", false},
        {"CREATE TABLE \"" NAME_OF_62 "3\"\"\" (a int)", true},
        {"ALTER TABLE t RENAME TO " NAME_OF_62 "34", true},
        {"CREATE TABLE t (a text DEFAULT '" NAME_OF_62 "3456')", false},
        {"CREATE TABLE t (a int) -- " NAME_OF_62 "3456", false},
        {"SELECT " NAME_OF_62 "3456", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed parsed = parse_text(rows[i].sql);
        bool found = (parsed.statement.flags & FLAG_LONG_NAME) != 0;
        if (found != rows[i].expected) {
            fail_msg("%s", rows[i].sql);
        }
        parsed_free(&parsed);
    }
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_told_apart),
        cmocka_unit_test(flags_of_types_are_told),
        cmocka_unit_test(types_of_columns_are_collected),
        cmocka_unit_test(locks_have_their_mode),
        cmocka_unit_test(columns_of_an_index_are_counted),
        cmocka_unit_test(long_names_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
