/* What the leading keywords tell of a statement that the grammar does not read: newer than it,
 * wrong, or longer than the limit. */
#include "tests/unit/policy/sql_fixture.h"

static void unparsed_statements_have_tag_and_names(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"I i\" ON ONLY s.\"T\"\"t\" (a b c) WITH "
         "NEWER",
         "unparsed CREATE INDEX +concurrently +unique +if-not-exists +only +no-transaction; create "
         "index s.I i; on s.T\"t"},
        {"CREATE INDEX ON t (a b c)", "unparsed CREATE INDEX +unnamed; create index ; on t"},
        {"CREATE OR REPLACE TEMP RECURSIVE VIEW s.v AS NEWER",
         "unparsed CREATE VIEW +temporary; create view s.v; on s.v"},
        {"CREATE GLOBAL TEMPORARY TABLE t (a int NEWER)",
         "unparsed CREATE TABLE +temporary; create table t; on t"},
        {"CREATE CONSTRAINT TRIGGER a NEWER", "unparsed CREATE TRIGGER; create trigger a"},
        {"CREATE DATABASE d NEWER NEWER 5",
         "unparsed CREATE DATABASE +no-transaction; create database d"},
        {"CREATE USER u PASSWORD NEWER", "unparsed CREATE ROLE; create role u"},
        {"CREATE USER MAPPING FOR \"R\" NEWER",
         "unparsed CREATE USER MAPPING; create user mapping R"},
        {"CREATE GALAXY g", "unparsed"},
        {"ALTER TABLE IF EXISTS ONLY S.T NEWER x",
         "unparsed ALTER TABLE +if-exists +only; alter table s.t; on s.t"},
        {"ALTER FOREIGN DATA WRAPPER w NEWER",
         "unparsed ALTER FOREIGN DATA WRAPPER; alter foreign data wrapper w"},
        {"ALTER SYSTEM NEWER x", "unparsed ALTER SYSTEM +no-transaction"},
        {"ALTER DEFAULT PRIVILEGES NEWER", "unparsed ALTER DEFAULT PRIVILEGES"},
        {"DROP TABLE IF EXISTS a.b, \"c\" NEWER d",
         "unparsed DROP TABLE +if-exists; drop table a.b; drop table c"},
        {"DROP INDEX CONCURRENTLY i NEWER",
         "unparsed DROP INDEX +concurrently +no-transaction; drop index i; on i"},
        {"DROP OWNED NEWER", "unparsed DROP OWNED"},
        {"TRUNCATE TABLE a NEWER", "unparsed TRUNCATE TABLE; truncate table a; on a"},
        {"LOCK TABLE t NEWER", "unparsed LOCK TABLE; lock table t; on t"},
        {"REINDEX INDEX CONCURRENTLY i NEWER",
         "unparsed REINDEX +concurrently +no-transaction; reindex index i; on i"},
        {"REINDEX GALAXY g", "unparsed REINDEX"},
        {"VACUUM (NEWER NEWER) t", "vacuum VACUUM +no-transaction; vacuum table t; on t"},
        {"CLUSTER NEWER NEWER NEWER", "unparsed CLUSTER"},
        {"REFRESH MATERIALIZED VIEW m NEWER",
         "unparsed REFRESH MATERIALIZED VIEW; refresh materialized view m; on m"},
        {"COMMENT ON GALAXY g IS 'x'", "unparsed COMMENT"},
        {"GRANT NEWER ON t", "unparsed GRANT"},
        {"DO NEWER LANGUAGE NEWER", "unparsed DO"},
        {"CALL s.p(NEWER NEWER)", "unparsed CALL; call procedure s.p"},
        {"SELECT 1 NEWER NEWER INTO t", "unparsed SELECT INTO"},
        {"EXPLAIN ANALYZE SELECT 1 INTO NEWER NEWER", "unparsed EXPLAIN"},
    };
    ASSERT_FACTS(facts);
}

static void unparsed_transactions_are_what_they_say(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"BEGIN NEWER", "begin BEGIN"},
        {"COMMIT WORK NEWER", "commit COMMIT"},
        {"COMMIT AND CHAIN NEWER", "commit COMMIT +chain"},
        {"ROLLBACK NEWER", "rollback ROLLBACK"},
        {"ROLLBACK TRANSACTION TO SAVEPOINT \"S s\" NEWER", "rollback-to ROLLBACK; savepoint S s"},
        {"SAVEPOINT S NEWER", "savepoint SAVEPOINT; savepoint s"},
        {"RELEASE SAVEPOINT s NEWER", "release RELEASE; savepoint s"},
        {"PREPARE TRANSACTION NEWER", "prepare-transaction PREPARE TRANSACTION"},
        {"COMMIT PREPARED NEWER", "commit-prepared COMMIT PREPARED"},
        {"SET LOCAL NEWER", "set SET"},
        {"SET TRANSACTION NEWER", "other SET +early"},
        {"RESET NEWER NEWER", "set RESET"},
        {"DISCARD NEWER", "set DISCARD"},
    };
    ASSERT_FACTS(facts);
}

static void assert_kind(const char *sql, size_t limit, enum statement_kind kind, const char *tag)
{
    struct parsed parsed = parse_span(span_text(sql), limit);
    assert_int_equal(parsed.statement.kind, kind);
    assert_string_equal(parsed.statement.tag, tag);
    assert_int_equal(parsed.statement.concurrently_at, 0);
    parsed_free(&parsed);
}

static void the_limit_is_the_longest_that_is_parsed(void **state)
{
    (void)state;
    assert_kind("ALTER TABLE t ADD a int", 23, STATEMENT_ALTER_TABLE, "ALTER TABLE");
    assert_kind("ALTER TABLE t ADD a int", 22, STATEMENT_TOO_LONG, "ALTER TABLE");
    assert_kind("CREATE INDEX ON t (a)", 20, STATEMENT_TOO_LONG, "CREATE INDEX");
    assert_kind("COMMIT AND CHAIN", 5, STATEMENT_COMMIT, "COMMIT");
    assert_kind("SELECT 1", 5, STATEMENT_OTHER, "");
}

/* The scanner follows standard_conforming_strings, the grammar does not: the two disagree on where
 * this string ends, and the grammar sees two statements. */
static void what_is_not_one_statement_is_unparsed(void **state)
{
    (void)state;
    const char *sql = "COMMENT ON TABLE t IS '\\'; DROP TABLE t; --'";
    struct scanner scanner;
    struct scan_statement cut;
    struct statement statement;
    size_t at = 0;
    scan_start(&scanner, (struct scan_options){.standard_conforming_strings = false,
                                               .encoding = SCAN_ENCODING_UTF8});
    assert_int_equal(scan_next(&scanner, span_text(sql), &at, true, &cut), SCAN_STATEMENT);
    assert_int_equal(cut.length, strlen(sql));
    sql_parse(span_text(sql), &cut, PARSE_LIMIT, &statement);
    assert_int_equal(statement.kind, STATEMENT_UNPARSED);
    assert_string_equal(statement.tag, "COMMENT");
}

static void names_are_cut_as_the_server_cuts_them(void **state)
{
    (void)state;
    char sql[200] = "DROP TABLE a";
    memset(sql + 12, 'b', 61);
    memcpy(sql + 73, "\xc3\xa9 NEWER", 9); /* the 63rd byte is half of an e with an accent */
    struct parsed parsed = parse_text(sql);
    assert_int_equal(strlen(parsed.statement.target.name), 62);
    parsed_free(&parsed);
    sql[75] = '\0';
    parsed = parse_text(sql);
    assert_int_equal(parsed.statement.kind, STATEMENT_DROP_TABLE);
    assert_int_equal(strlen(parsed.statement.target.name), 62);
    parsed_free(&parsed);
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unparsed_statements_have_tag_and_names),
        cmocka_unit_test(unparsed_transactions_are_what_they_say),
        cmocka_unit_test(the_limit_is_the_longest_that_is_parsed),
        cmocka_unit_test(what_is_not_one_statement_is_unparsed),
        cmocka_unit_test(names_are_cut_as_the_server_cuts_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
