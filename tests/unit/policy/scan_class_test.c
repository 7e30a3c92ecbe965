/* What statements are classed as, from their keywords. */
#include "policy/sql/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/policy/scan_rows.h"

/* One byte longer than the longest tag that is read. */
#define LONG_TAG "a123456789012345678901234567890123456789012345678901234567890123"

static void a_query_with_into_is_ddl(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"SELECT a INTO b FROM c", {{SCAN_DDL, "SELECT a INTO b FROM c", NULL}}},
        {"select into b from c", {{SCAN_DDL, "select into b from c", NULL}}},
        {"SELECT a\nInTo\tb", {{SCAN_DDL, "SELECT a\nInTo\tb", NULL}}},
        {"SELECT(1)INTO/**/b", {{SCAN_DDL, "SELECT(1)INTO/**/b", NULL}}},
        {"SELECT 'a'INTO\"b\"", {{SCAN_DDL, "SELECT 'a'INTO\"b\"", NULL}}},
        {"SELECT 1into b", {{SCAN_DDL, "SELECT 1into b", NULL}}},
        {"SELECT $1into b", {{SCAN_DDL, "SELECT $1into b", NULL}}},
        {"SELECT insert INTO b", {{SCAN_DDL, "SELECT insert INTO b", NULL}}},
        {"((SELECT 1 INTO b))", {{SCAN_DDL, "((SELECT 1 INTO b))", NULL}}},
        {"SELECT a, \"into\", 'into', $$into$$ /* into */ FROM pinto, intox, into$, \xc3\xa9into",
         {{SCAN_OTHER,
           "SELECT a, \"into\", 'into', $$into$$ /* into */ FROM pinto, intox, into$, "
           "\xc3\xa9into",
           "SELECT"}}},
        {"(SELECT 1) UNION (SELECT 2)", {{SCAN_OTHER, "(SELECT 1) UNION (SELECT 2)", ""}}},
        {"INSERT INTO t VALUES (1)", {{SCAN_OTHER, "INSERT INTO t VALUES (1)", "INSERT"}}},
        {"WITH a AS (INSERT INTO t VALUES (1) RETURNING *) SELECT 2",
         {{SCAN_OTHER, "WITH a AS (INSERT INTO t VALUES (1) RETURNING *) SELECT 2", NULL}}},
        {"WITH a (b, c) AS NOT MATERIALIZED (SELECT 1), d AS (SELECT 2) INSERT INTO t SELECT 3",
         {{SCAN_OTHER,
           "WITH a (b, c) AS NOT MATERIALIZED (SELECT 1), d AS (SELECT 2) INSERT INTO t SELECT 3",
           NULL}}},
        {"WITH a AS (SELECT 1) MERGE INTO t USING a ON true WHEN MATCHED THEN DELETE",
         {{SCAN_OTHER, "WITH a AS (SELECT 1) MERGE INTO t USING a ON true WHEN MATCHED THEN DELETE",
           NULL}}},
        {"WITH a AS (SELECT 1) SELECT * INTO b FROM a",
         {{SCAN_DDL, "WITH a AS (SELECT 1) SELECT * INTO b FROM a", NULL}}},
        {"WITH a AS (SELECT 1)(SELECT 2 INTO b)",
         {{SCAN_DDL, "WITH a AS (SELECT 1)(SELECT 2 INTO b)", NULL}}},
        {"WITH RECURSIVE a AS (SELECT 1) CYCLE b SET c USING d (SELECT 2 INTO b)",
         {{SCAN_DDL, "WITH RECURSIVE a AS (SELECT 1) CYCLE b SET c USING d (SELECT 2 INTO b)",
           NULL}}},
        {"WITH a", {{SCAN_UNKNOWN, "WITH a", NULL}}},
    };
    CHECK_ROWS(standard, rows);
}

static void a_statement_in_a_statement_counts(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"EXPLAIN SELECT 1", {{SCAN_OTHER, "EXPLAIN SELECT 1", "EXPLAIN"}}},
        {"EXPLAIN (ANALYZE, FORMAT json) UPDATE t SET a = 1",
         {{SCAN_OTHER, "EXPLAIN (ANALYZE, FORMAT json) UPDATE t SET a = 1", NULL}}},
        {"EXPLAIN ANALYZE VERBOSE SELECT 1 INTO t",
         {{SCAN_DDL, "EXPLAIN ANALYZE VERBOSE SELECT 1 INTO t", NULL}}},
        {"EXPLAIN (SELECT 1 INTO t)", {{SCAN_DDL, "EXPLAIN (SELECT 1 INTO t)", NULL}}},
        {"EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1",
         {{SCAN_DDL, "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1", NULL}}},
        {"EXPLAIN REFRESH MATERIALIZED VIEW v",
         {{SCAN_DDL, "EXPLAIN REFRESH MATERIALIZED VIEW v", NULL}}},
        {"EXPLAIN ANALYZE EXECUTE p(1)", {{SCAN_PREPARED, "EXPLAIN ANALYZE EXECUTE p(1)", NULL}}},
        {"EXPLAIN WITH a AS (SELECT 1) SELECT 1 INTO t",
         {{SCAN_DDL, "EXPLAIN WITH a AS (SELECT 1) SELECT 1 INTO t", NULL}}},
        {"EXPLAIN REPACK t", {{SCAN_UNKNOWN, "EXPLAIN REPACK t", NULL}}},
        {"EXPLAIN", {{SCAN_UNKNOWN, "EXPLAIN", NULL}}},
        {"PREPARE p AS SELECT 1", {{SCAN_PREPARED, "PREPARE p AS SELECT 1", NULL}}},
        {"PREPARE p (int) AS INSERT INTO t VALUES ($1)",
         {{SCAN_PREPARED, "PREPARE p (int) AS INSERT INTO t VALUES ($1)", NULL}}},
        {"PREPARE p AS SELECT 1 INTO t", {{SCAN_DDL, "PREPARE p AS SELECT 1 INTO t", NULL}}},
        {"PREPARE p AS WITH a AS (SELECT 1) SELECT 1 INTO t",
         {{SCAN_DDL, "PREPARE p AS WITH a AS (SELECT 1) SELECT 1 INTO t", NULL}}},
        {"PREPARE TRANSACTION 'x'",
         {{SCAN_TRANSACTION, "PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION"}}},
        {"EXECUTE p (1)", {{SCAN_PREPARED, "EXECUTE p (1)", "EXECUTE P"}}},
        {"DEALLOCATE PREPARE p", {{SCAN_PREPARED, "DEALLOCATE PREPARE p", "DEALLOCATE PREPARE P"}}},
    };
    CHECK_ROWS(standard, rows);
}

static void the_first_word_decides(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"VALUES (1);TABLE t;COPY t FROM STDIN;FETCH 1 FROM c;MOVE c",
         {{SCAN_OTHER, "VALUES (1)", NULL},
          {SCAN_OTHER, "TABLE t", NULL},
          {SCAN_OTHER, "COPY t FROM STDIN", NULL},
          {SCAN_OTHER, "FETCH 1 FROM c", NULL},
          {SCAN_OTHER, "MOVE c", NULL}}},
        {"ANALYZE t;CHECKPOINT;NOTIFY a;DECLARE c CURSOR FOR SELECT 1;SHOW all",
         {{SCAN_OTHER, "ANALYZE t", NULL},
          {SCAN_OTHER, "CHECKPOINT", NULL},
          {SCAN_OTHER, "NOTIFY a", NULL},
          {SCAN_OTHER, "DECLARE c CURSOR FOR SELECT 1", NULL},
          {SCAN_OTHER, "SHOW all", NULL}}},
        {"alter table t add b int;Drop Index i;GRANT a TO b;TRUNCATE t;VACUUM FULL t",
         {{SCAN_DDL, "alter table t add b int", "ALTER TABLE T ADD B INT"},
          {SCAN_DDL, "Drop Index i", "DROP INDEX I"},
          {SCAN_DDL, "GRANT a TO b", "GRANT A TO B"},
          {SCAN_DDL, "TRUNCATE t", "TRUNCATE T"},
          {SCAN_DDL, "VACUUM FULL t", "VACUUM FULL T"}}},
        {"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)",
         {{SCAN_DDL, "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)",
           "CREATE UNIQUE INDEX CONCURRENTLY IF NOT"}}},
        {"DROP TABLE a_name_of_thirtytwo_letters_or_so, b;DROP TABLE \xc3\xa9t\xc3\xa9, c",
         {{SCAN_DDL, "DROP TABLE a_name_of_thirtytwo_letters_or_so, b", "DROP TABLE"},
          {SCAN_DDL, "DROP TABLE \xc3\xa9t\xc3\xa9, c", "DROP TABLE"}}},
        {"CALL p();SET a = 1;RESET a;DISCARD ALL",
         {{SCAN_CODE, "CALL p()", "CALL P"},
          {SCAN_SETTING, "SET a = 1", "SET A"},
          {SCAN_SETTING, "RESET a", "RESET A"},
          {SCAN_SETTING, "DISCARD ALL", "DISCARD ALL"}}},
        {"REPACK t;\"SELECT\" 1;'a';$$a$$;5",
         {{SCAN_UNKNOWN, "REPACK t", "REPACK T"},
          {SCAN_UNKNOWN, "\"SELECT\" 1", ""},
          {SCAN_UNKNOWN, "'a'", ""},
          {SCAN_UNKNOWN, "$$a$$", ""},
          {SCAN_UNKNOWN, "5", ""}}},
        {"SELECTED 1;SELEC 1;\xc3\xa9SELECT 1;SELECT$ 1;E'' ",
         {{SCAN_UNKNOWN, "SELECTED 1", "SELECTED"},
          {SCAN_UNKNOWN, "SELEC 1", "SELEC"},
          {SCAN_UNKNOWN, "\xc3\xa9SELECT 1", ""},
          {SCAN_UNKNOWN, "SELECT$ 1", NULL},
          {SCAN_UNKNOWN, "E'' ", ""}}},
        {"START_REPLICATION SLOT s LOGICAL 0/0",
         {{SCAN_OTHER, "START_REPLICATION SLOT s LOGICAL 0/0", NULL}}},
    };
    CHECK_ROWS(standard, rows);
}

static enum scan_verb verb_of(const char *text)
{
    struct scanner scanner;
    struct scan_statement statement;
    size_t at = 0;
    scan_start(&scanner, standard);
    assert_int_equal(scan_next(&scanner, span_text(text), &at, true, &statement), SCAN_STATEMENT);
    return scan_statement_verb(&statement);
}

static void verbs_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum scan_verb verb;
    } rows[] = {
        {"BEGIN ISOLATION LEVEL SERIALIZABLE", SCAN_VERB_BEGIN},
        {"START TRANSACTION READ ONLY", SCAN_VERB_BEGIN},
        {"COMMIT AND CHAIN", SCAN_VERB_COMMIT},
        {"END WORK", SCAN_VERB_COMMIT},
        {"ROLLBACK", SCAN_VERB_ROLLBACK},
        {"rollback transaction and no chain", SCAN_VERB_ROLLBACK},
        {"ABORT", SCAN_VERB_ROLLBACK},
        {"ROLLBACK TO a", SCAN_VERB_ROLLBACK_TO},
        {"ROLLBACK WORK TO SAVEPOINT \"a\"", SCAN_VERB_ROLLBACK_TO},
        {"ROLLBACK TRANSACTION /* x */ TO a", SCAN_VERB_ROLLBACK_TO},
        {"SAVEPOINT a", SCAN_VERB_SAVEPOINT},
        {"RELEASE SAVEPOINT a", SCAN_VERB_RELEASE},
        {"PREPARE TRANSACTION 'a'", SCAN_VERB_PREPARE_TRANSACTION},
        {"COMMIT PREPARED 'a'", SCAN_VERB_COMMIT_PREPARED},
        {"ROLLBACK PREPARED 'a'", SCAN_VERB_ROLLBACK_PREPARED},
        {"SET LOCAL lock_timeout = 0", SCAN_VERB_SET},
        {"SET SESSION AUTHORIZATION a", SCAN_VERB_SET},
        {"SET TRANSACTION READ ONLY", SCAN_VERB_SET_TRANSACTION},
        {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", SCAN_VERB_SET_TRANSACTION},
        {"SET CONSTRAINTS ALL DEFERRED", SCAN_VERB_SET_CONSTRAINTS},
        {"SET transactions.limit = 1", SCAN_VERB_SET},
        {"RESET ALL", SCAN_VERB_RESET},
        {"DISCARD PLANS", SCAN_VERB_DISCARD},
        {"SELECT 1", SCAN_VERB_NONE},
        {"DROP TABLE t", SCAN_VERB_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (verb_of(rows[i].text) != rows[i].verb) {
            fail_msg("<%s> is %s", rows[i].text, scan_verb_name(verb_of(rows[i].text)));
        }
    }
}

/* The class so far of the last statement of a text that goes on. */
static void the_class_is_known_early(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum scan_class class;
    } rows[] = {
        {"", SCAN_UNDECIDED},
        {"DROP", SCAN_UNDECIDED}, /* may go on: DROPPED */
        {"DROP ", SCAN_DDL},
        {"SELECT 1; INSERT INTO t VALUES ('", SCAN_OTHER},
        {"SELECT 1; ALTER TABLE t ADD b text DEFAULT '", SCAN_DDL},
        {"SELECT a ", SCAN_UNDECIDED},
        {"SELECT a INTO ", SCAN_DDL},
        {"WITH a AS (", SCAN_UNDECIDED},
        {"PREPARE ", SCAN_UNDECIDED},
        {"SELECT $" LONG_TAG "$", SCAN_UNKNOWN},
        {"DROP TABLE t;", SCAN_UNDECIDED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scanner scanner;
        struct scan_statement statement;
        size_t at = 0;
        scan_start(&scanner, standard);
        while (scan_next(&scanner, span_text(rows[i].text), &at, false, &statement) ==
               SCAN_STATEMENT) {
        }
        assert_int_equal(at, strlen(rows[i].text));
        assert_int_equal(scan_class_so_far(&scanner), rows[i].class);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_with_into_is_ddl),
        cmocka_unit_test(a_statement_in_a_statement_counts),
        cmocka_unit_test(the_first_word_decides),
        cmocka_unit_test(verbs_are_told_apart),
        cmocka_unit_test(the_class_is_known_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
