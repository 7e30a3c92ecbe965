/* What becomes of secrets, and what is left of everything else. */
#include "tests/unit/policy/sql_fixture.h"

/* `expected` NULL: nothing to hide, the text stays as it is. */
static void assert_redacted(const struct fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct parsed parsed = parse_text(facts[i].sql);
        struct buffer out = {0};
        sql_redact(parsed.own, &parsed.statement, &out);
        const char *expected = facts[i].expected == NULL ? facts[i].sql : facts[i].expected;
        bool flagged = (parsed.statement.flags & FLAG_SECRET) != 0;
        if (!span_is(buffer_span(&out), expected) || flagged != (facts[i].expected != NULL)) {
            fail_msg("%s\n  became %.*s", facts[i].sql, (int)out.length, (char *)out.at);
        }
        buffer_free(&out);
        parsed_free(&parsed);
    }
}

#define ASSERT_REDACTED(facts) assert_redacted(facts, sizeof(facts) / sizeof(facts)[0])

static void passwords_of_roles(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"CREATE ROLE r LOGIN PASSWORD 'a''b' VALID UNTIL '2030-01-01'",
         "CREATE ROLE r LOGIN PASSWORD '***' VALID UNTIL '2030-01-01'"},
        {"ALTER USER r WITH ENCRYPTED PASSWORD /* p */ E'a\\'b'",
         "ALTER USER r WITH ENCRYPTED PASSWORD /* p */ '***'"},
        {"CREATE ROLE r PASSWORD $x$a'b$x$", "CREATE ROLE r PASSWORD '***'"},
        {"CREATE ROLE r PASSWORD U&'a' UESCAPE '!'", "CREATE ROLE r PASSWORD '***' UESCAPE '!'"},
        {"CREATE ROLE r PASSWORD 'a'\n'b'", "CREATE ROLE r PASSWORD '***'\n'***'"},
        {"ALTER ROLE r PASSWORD NULL", NULL},
        {"CREATE ROLE password", NULL},
    };
    ASSERT_REDACTED(facts);
}

static void options_of_servers(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"CREATE USER MAPPING FOR r SERVER s OPTIONS (user 'a', \"password\" 'b')",
         "CREATE USER MAPPING FOR r SERVER s OPTIONS (user '***', \"password\" '***')"},
        {"ALTER USER MAPPING FOR r SERVER s OPTIONS (SET password 'b', DROP user)",
         "ALTER USER MAPPING FOR r SERVER s OPTIONS (SET password '***', DROP user)"},
        {"CREATE SERVER s TYPE 't' VERSION '1' FOREIGN DATA WRAPPER w OPTIONS (host 'h')",
         "CREATE SERVER s TYPE 't' VERSION '1' FOREIGN DATA WRAPPER w OPTIONS (host '***')"},
        {"ALTER FOREIGN DATA WRAPPER w OPTIONS (ADD a 'b')",
         "ALTER FOREIGN DATA WRAPPER w OPTIONS (ADD a '***')"},
        {"CREATE FOREIGN TABLE f (a int OPTIONS (column_name 'b')) SERVER s OPTIONS (api_key 'c')",
         "CREATE FOREIGN TABLE f (a int OPTIONS (column_name 'b')) SERVER s OPTIONS (api_key "
         "'***')"},
        {"CREATE FOREIGN TABLE f (a int) SERVER s OPTIONS (table_name 'c')", NULL},
    };
    ASSERT_REDACTED(facts);
}

static void connection_strings_and_settings(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"CREATE SUBSCRIPTION s CONNECTION 'host=h password=p' PUBLICATION p",
         "CREATE SUBSCRIPTION s CONNECTION '***' PUBLICATION p"},
        {"ALTER SUBSCRIPTION s CONNECTION 'host=h'", "ALTER SUBSCRIPTION s CONNECTION '***'"},
        {"ALTER SYSTEM SET primary_conninfo = 'host=h'",
         "ALTER SYSTEM SET primary_conninfo = '***'"},
        {"ALTER SYSTEM SET work_mem = '1MB'", NULL},
        {"ALTER SYSTEM RESET primary_conninfo", NULL},
        {"ALTER DATABASE d SET \"app.jwt_secret\" TO a, b",
         "ALTER DATABASE d SET \"app.jwt_secret\" TO '***'"},
        {"ALTER ROLE r IN DATABASE d SET app . token = 'x'",
         "ALTER ROLE r IN DATABASE d SET app . token = '***'"},
        {"ALTER ROLE r SET search_path = a, 'b'", NULL},
    };
    ASSERT_REDACTED(facts);
}

static void secrets_inside_literals(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"CREATE VIEW v AS SELECT * FROM dblink('host=h password=p user=u', 'SELECT 1') AS t (a "
         "int)",
         "CREATE VIEW v AS SELECT * FROM dblink('host=h password=*** user=u', 'SELECT 1') AS t (a "
         "int)"},
        {"CREATE VIEW v AS SELECT 'postgresql://u:p@h:5/d' AS a",
         "CREATE VIEW v AS SELECT 'postgresql://u:***@h:5/d' AS a"},
        {"CREATE VIEW v AS SELECT 'http://h:5/d' AS a", NULL},
        {"CREATE VIEW v AS SELECT 'a://u:p@h password=p b://u:p@h' AS a",
         "CREATE VIEW v AS SELECT 'a://u:***@h password=*** b://u:***@h' AS a"},
        {"CREATE VIEW v AS SELECT E'password=\\'p\\'' AS a", "CREATE VIEW v AS SELECT '***' AS a"},
        {"DO $$ BEGIN ALTER ROLE r PASSWORD 'a''b'; DROP TABLE t; END $$",
         "DO $$ BEGIN ALTER ROLE r PASSWORD '***'; DROP TABLE t; END $$"},
        {"DO $$ BEGIN EXECUTE 'ALTER ROLE r PASSWORD ''a'''; END $$",
         "DO $$ BEGIN EXECUTE 'ALTER ROLE r PASSWORD ''***'''; END $$"},
        {"DO $$ BEGIN EXECUTE 'ALTER ROLE r PASSWORD ' || quote_literal(p); END $$", NULL},
        {"DO 'BEGIN ALTER ROLE r PASSWORD ''a''; END'",
         "DO 'BEGIN ALTER ROLE r PASSWORD ''***''; END'"},
        {"COMMENT ON COLUMN t.password IS 'the password, hashed'", NULL},
        {"CREATE TABLE t (password text DEFAULT 'x')", NULL},
    };
    ASSERT_REDACTED(facts);
}

static void what_does_not_parse_loses_every_literal(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"CREATE ROLE r PASWORD 'a' NEWER 'b'", "CREATE ROLE r PASWORD '***' NEWER '***'"},
        {"CREATE USER MAPPING FOR r NEWER ('a')", "CREATE USER MAPPING FOR r NEWER ('***')"},
        {"CREATE GALAXY g WITH PASSWORD = 'a'", "CREATE GALAXY g WITH PASSWORD = '***'"},
        {"CREATE GALAXY g WITH (url = 'a://b')", "CREATE GALAXY g WITH (url = '***')"},
        {"CREATE ROLE r PASSWORD 'a", "CREATE ROLE r PASSWORD '***'"},
        {"CREATE ROLE r PASSWORD 'a\\'b' NEWER 'c", "CREATE ROLE r PASSWORD '***'"},
        {"CREATE GALAXY g 'a'", NULL},
        {"CREATE TABLE t (a b c 'd')", NULL},
    };
    ASSERT_REDACTED(facts);
}

static void too_long_is_treated_alike(void **state)
{
    (void)state;
    struct parsed parsed = parse_span(span_text("ALTER USER r PASSWORD 'a'"), 10);
    struct buffer out = {0};
    assert_int_equal(parsed.statement.kind, STATEMENT_TOO_LONG);
    sql_redact(parsed.own, &parsed.statement, &out);
    assert_true(span_is(buffer_span(&out), "ALTER USER r PASSWORD '***'"));
    buffer_free(&out);
    parsed_free(&parsed);
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passwords_of_roles),
        cmocka_unit_test(options_of_servers),
        cmocka_unit_test(connection_strings_and_settings),
        cmocka_unit_test(secrets_inside_literals),
        cmocka_unit_test(what_does_not_parse_loses_every_literal),
        cmocka_unit_test(too_long_is_treated_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
