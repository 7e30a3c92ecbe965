/* Where statements are cut: PostgreSQL's lexical rules, one table for each. */
#include "policy/sql/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/policy/scan_rows.h"

static void statements_end_at_semicolons(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", {{0}}},
        {" \t\n\r\f\v", {{0}}},
        {";;; ;", {{0}}},
        {"-- nothing", {{0}}},
        {"/* nothing */ ; -- here\n; /* nor /* here; */ */", {{0}}},
        {"SELECT 1", {{SCAN_OTHER, "SELECT 1", "SELECT"}}},
        {"SELECT 1;", {{SCAN_OTHER, "SELECT 1", NULL}}},
        {"  SELECT 1 ; ", {{SCAN_OTHER, "SELECT 1 ", NULL}}},
        {"/* a */ SELECT 1 /* b */;--c", {{SCAN_OTHER, "SELECT 1 /* b */", NULL}}},
        {"BEGIN;SELECT 1;;COMMIT",
         {{SCAN_TRANSACTION, "BEGIN", "BEGIN"},
          {SCAN_OTHER, "SELECT 1", NULL},
          {SCAN_TRANSACTION, "COMMIT", "COMMIT"}}},
        {"SELECT (1;2); DROP TABLE t",
         {{SCAN_OTHER, "SELECT (1;2)", NULL}, {SCAN_DDL, "DROP TABLE t", "DROP TABLE T"}}},
        {"SELECT 1); DROP TABLE t",
         {{SCAN_OTHER, "SELECT 1)", NULL}, {SCAN_DDL, "DROP TABLE t", NULL}}},
        {"LOCK t); SELECT 1", {{SCAN_DDL, "LOCK t)", NULL}, {SCAN_OTHER, "SELECT 1", NULL}}},
        {"CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b); LOCK t",
         {{SCAN_DDL, "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b)",
           "CREATE RULE R AS ON INSERT"},
          {SCAN_DDL, "LOCK t", "LOCK T"}}},
    };
    CHECK_ROWS(standard, rows);
}

static void a_semicolon_may_be_in_quotes(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"SELECT 'a;b'; LOCK t", {{SCAN_OTHER, "SELECT 'a;b'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT 'it''s;' ; LOCK t",
         {{SCAN_OTHER, "SELECT 'it''s;' ", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT '\\';LOCK t", {{SCAN_OTHER, "SELECT '\\'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT E'\\';LOCK t", {{SCAN_OTHER, "SELECT E'\\';LOCK t", NULL}}},
        {"SELECT e'\\\\';LOCK t",
         {{SCAN_OTHER, "SELECT e'\\\\'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT E'a''\\';b';LOCK t",
         {{SCAN_OTHER, "SELECT E'a''\\';b'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        /* a name that ends in e is no E */
        {"SELECT type'\\';LOCK t",
         {{SCAN_OTHER, "SELECT type'\\'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT N'\\';LOCK t", {{SCAN_OTHER, "SELECT N'\\'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT U&'\\';LOCK t", {{SCAN_OTHER, "SELECT U&'\\'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT U&\"a;\"\"\" UESCAPE '!';LOCK t",
         {{SCAN_OTHER, "SELECT U&\"a;\"\"\" UESCAPE '!'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT B'01;', x'f;';LOCK t",
         {{SCAN_OTHER, "SELECT B'01;', x'f;'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT \"a;\"\"b;\" ;LOCK t",
         {{SCAN_OTHER, "SELECT \"a;\"\"b;\" ", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT 'open; LOCK t", {{SCAN_OTHER, "SELECT 'open; LOCK t", NULL}}},
        {"SELECT \"open; LOCK t", {{SCAN_OTHER, "SELECT \"open; LOCK t", NULL}}},
    };
    CHECK_ROWS(standard, rows);
}

/* The server does so behind comments, too; libpg_query does not. */
static void a_string_is_continued_on_another_line(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"SELECT E'a'\n'\\';' ;LOCK t",
         {{SCAN_OTHER, "SELECT E'a'\n'\\';' ", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT E'a' -- it's\r\t--'\n '\\';' ;LOCK t",
         {{SCAN_OTHER, "SELECT E'a' -- it's\r\t--'\n '\\';' ", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        /* on the same line, or behind another comment, it is a string of its own */
        {"DO E'a' '\\';LOCK t", {{SCAN_CODE, "DO E'a' '\\'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"DO E'a'/**/\n'\\';LOCK t",
         {{SCAN_CODE, "DO E'a'/**/\n'\\'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT E'a'\n-1, '\\';LOCK t",
         {{SCAN_OTHER, "SELECT E'a'\n-1, '\\'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
    };
    CHECK_ROWS(standard, rows);
}

static void backslashes_escape_if_the_server_says_so(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"SELECT '\\';LOCK t", {{SCAN_OTHER, "SELECT '\\';LOCK t", NULL}}},
        {"SELECT 'a\\';b' ;LOCK t",
         {{SCAN_OTHER, "SELECT 'a\\';b' ", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT N'\\';LOCK t", {{SCAN_OTHER, "SELECT N'\\';LOCK t", NULL}}},
        {"SELECT B'\\';LOCK t", {{SCAN_OTHER, "SELECT B'\\'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT X'\\'\n'\\';LOCK t",
         {{SCAN_OTHER, "SELECT X'\\'\n'\\'", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT X'\\' '\\';LOCK t", {{SCAN_OTHER, "SELECT X'\\' '\\';LOCK t", NULL}}},
        {"SELECT $$\\$$;LOCK t", {{SCAN_OTHER, "SELECT $$\\$$", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
    };
    CHECK_ROWS(backslashes, rows);
}

/* The longest tag that is read, and one byte more. */
#define TAG_63 "a12345678901234567890123456789012345678901234567890123456789012"
#define TAG_64 TAG_63 "3"

static void a_semicolon_may_be_in_a_dollar_quote(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"DO $$;$$;LOCK t", {{SCAN_CODE, "DO $$;$$", "DO"}, {SCAN_DDL, "LOCK t", NULL}}},
        {"DO $a$;$$;$b$;$a$;LOCK t",
         {{SCAN_CODE, "DO $a$;$$;$b$;$a$", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"DO $a$;$b$a$;LOCK t", {{SCAN_CODE, "DO $a$;$b$a$", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"DO $ab$;$a$;$abc$;$AB$;$ab$;LOCK t",
         {{SCAN_CODE, "DO $ab$;$a$;$abc$;$AB$;$ab$", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"DO $_1\xc3\xa9$;$_1$;$_1\xc3\xa9$;LOCK t",
         {{SCAN_CODE, "DO $_1\xc3\xa9$;$_1$;$_1\xc3\xa9$", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"DO $$ $ $a $1 '$$;LOCK t",
         {{SCAN_CODE, "DO $$ $ $a $1 '$$", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"DO $a$;$a;LOCK t", {{SCAN_CODE, "DO $a$;$a;LOCK t", NULL}}},
        /* within a name, and behind a parameter's '$', it opens nothing */
        {"SELECT a$$;SELECT $1;LOCK t",
         {{SCAN_OTHER, "SELECT a$$", NULL},
          {SCAN_OTHER, "SELECT $1", NULL},
          {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT a1$b$;SELECT \xc3\xa9$$;LOCK t",
         {{SCAN_OTHER, "SELECT a1$b$", NULL},
          {SCAN_OTHER, "SELECT \xc3\xa9$$", NULL},
          {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT 1,$$;$$;LOCK t",
         {{SCAN_OTHER, "SELECT 1,$$;$$", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT $1$$;$$;LOCK t",
         {{SCAN_OTHER, "SELECT $1$$;$$", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"DO $" TAG_63 "$;$" TAG_63 "$;LOCK t",
         {{SCAN_CODE, "DO $" TAG_63 "$;$" TAG_63 "$", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        /* too long a tag is beyond us: all that follows is one statement, and nothing harmless */
        {"SELECT 1; SELECT $" TAG_64 "$;$" TAG_64 "$; SELECT 2",
         {{SCAN_OTHER, "SELECT 1", NULL},
          {SCAN_UNKNOWN, "SELECT $" TAG_64 "$;$" TAG_64 "$; SELECT 2", NULL}}},
    };
    CHECK_ROWS(standard, rows);
}

static void a_semicolon_may_be_in_a_comment(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"SELECT 1 --;\n+2;LOCK t",
         {{SCAN_OTHER, "SELECT 1 --;\n+2", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT 1 --;\r+2;LOCK t",
         {{SCAN_OTHER, "SELECT 1 --;\r+2", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT 1 /*;/*;*/;*/;LOCK t",
         {{SCAN_OTHER, "SELECT 1 /*;/*;*/;*/", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT 1 /*/;*/;LOCK t",
         {{SCAN_OTHER, "SELECT 1 /*/;*/", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT 1 /**/;LOCK t", {{SCAN_OTHER, "SELECT 1 /**/", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT 1 /***/;LOCK t",
         {{SCAN_OTHER, "SELECT 1 /***/", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT 1 /*//*;*/;*/;LOCK t",
         {{SCAN_OTHER, "SELECT 1 /*//*;*/;*/", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT 1 /*;*/*/;LOCK t",
         {{SCAN_OTHER, "SELECT 1 /*;*/*/", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT 1 /*'*/;LOCK t",
         {{SCAN_OTHER, "SELECT 1 /*'*/", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        /* operators end where a comment starts */
        {"SELECT 1 @-/*;*/ 2 @--;\n;LOCK t",
         {{SCAN_OTHER, "SELECT 1 @-/*;*/ 2 @--;\n", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT 1 //*;*/ 2;LOCK t",
         {{SCAN_OTHER, "SELECT 1 //*;*/ 2", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"SELECT a->'b;', - -1, 4/2;LOCK t",
         {{SCAN_OTHER, "SELECT a->'b;', - -1, 4/2", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"CREATE/**/TABLE--\nt()", {{SCAN_DDL, "CREATE/**/TABLE--\nt()", "CREATE TABLE T"}}},
        {"SELECT 1 /*; LOCK t", {{SCAN_OTHER, "SELECT 1 /*; LOCK t", NULL}}},
        {"- 1", {{SCAN_UNKNOWN, "- 1", ""}}},
        {"-", {{SCAN_UNKNOWN, "-", ""}}},
        {"/ 1", {{SCAN_UNKNOWN, "/ 1", ""}}},
    };
    CHECK_ROWS(standard, rows);
}

static void a_routine_may_have_statements_in_its_body(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; LOCK t",
         {{SCAN_DDL, "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
           "CREATE FUNCTION"},
          {SCAN_DDL, "LOCK t", NULL}}},
        {"create or replace procedure p() begin/**/atomic end; LOCK t",
         {{SCAN_DDL, "create or replace procedure p() begin/**/atomic end",
           "CREATE OR REPLACE PROCEDURE"},
          {SCAN_DDL, "LOCK t", NULL}}},
        {"CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 1 AS end "
         "FROM "
         "begin; END; LOCK t",
         {{SCAN_DDL,
           "CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; SELECT 1 AS end "
           "FROM begin; END",
           NULL},
          {SCAN_DDL, "LOCK t", NULL}}},
        {"CREATE FUNCTION f() BEGIN ATOMIC; CREATE FUNCTION g() BEGIN ATOMIC SELECT 1; END; "
         "SELECT 2; END; LOCK t",
         {{SCAN_DDL,
           "CREATE FUNCTION f() BEGIN ATOMIC; CREATE FUNCTION g() BEGIN ATOMIC SELECT 1; END; "
           "SELECT 2; END",
           NULL},
          {SCAN_DDL, "LOCK t", NULL}}},
        /* begin is a name too */
        {"CREATE FUNCTION begin() RETURNS int AS ''; LOCK t",
         {{SCAN_DDL, "CREATE FUNCTION begin() RETURNS int AS ''", NULL},
          {SCAN_DDL, "LOCK t", NULL}}},
        {"CREATE FUNCTION f(begin atomic) AS ''; LOCK t",
         {{SCAN_DDL, "CREATE FUNCTION f(begin atomic) AS ''", NULL}, {SCAN_DDL, "LOCK t", NULL}}},
        {"CREATE FUNCTION f() RETURNS begin BEGIN ATOMIC SELECT 1; END; LOCK t",
         {{SCAN_DDL, "CREATE FUNCTION f() RETURNS begin BEGIN ATOMIC SELECT 1; END", NULL},
          {SCAN_DDL, "LOCK t", NULL}}},
        {"CREATE VIEW v AS SELECT begin atomic FROM t; LOCK t",
         {{SCAN_DDL, "CREATE VIEW v AS SELECT begin atomic FROM t", NULL},
          {SCAN_DDL, "LOCK t", NULL}}},
        {"CREATE FUNCTION f() BEGIN \"ATOMIC\" SELECT 1; END",
         {{SCAN_DDL, "CREATE FUNCTION f() BEGIN \"ATOMIC\" SELECT 1", NULL},
          {SCAN_TRANSACTION, "END", "END"}}},
        {"CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; END",
         {{SCAN_DDL, "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; END", NULL}}},
    };
    CHECK_ROWS(standard, rows);
}

/* What a comment says before a statement is said about it. */
static void comments_before_a_statement_are_its_own(void **state)
{
    (void)state;
    static const char text[] = "/*a*/; /*b*/ ;/*c*/ SELECT 1 /*d*/; --e\nSELECT 2";
    static const char *const from[] = {"/*c*/ SELECT 1 /*d*/", " --e\nSELECT 2"};
    struct scanner scanner;
    struct scan_statement found;
    size_t at = 0;
    scan_start(&scanner, standard);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(scan_next(&scanner, span_text(text), &at, true, &found), SCAN_STATEMENT);
        size_t length = found.start + found.length - found.from;
        assert_true(span_is(span_cut(span_text(text), found.from, length), from[i]));
    }
    assert_int_equal(scan_next(&scanner, span_text(text), &at, true, &found), SCAN_END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_end_at_semicolons),
        cmocka_unit_test(comments_before_a_statement_are_its_own),
        cmocka_unit_test(a_semicolon_may_be_in_quotes),
        cmocka_unit_test(a_string_is_continued_on_another_line),
        cmocka_unit_test(backslashes_escape_if_the_server_says_so),
        cmocka_unit_test(a_semicolon_may_be_in_a_dollar_quote),
        cmocka_unit_test(a_semicolon_may_be_in_a_comment),
        cmocka_unit_test(a_routine_may_have_statements_in_its_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
