/* What is said of transaction control, settings and EXPLAIN. */
#include "tests/unit/policy/sql_fixture.h"

static void transactions(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"begin", "begin BEGIN"},
        {"BEGIN ISOLATION LEVEL SERIALIZABLE", "begin BEGIN"},
        {"START TRANSACTION READ ONLY", "begin START TRANSACTION"},
        {"COMMIT", "commit COMMIT"},
        {"END", "commit COMMIT"},
        {"COMMIT AND CHAIN", "commit COMMIT +chain"},
        {"COMMIT AND NO CHAIN", "commit COMMIT"},
        {"ROLLBACK", "rollback ROLLBACK"},
        {"ABORT WORK", "rollback ROLLBACK"},
        {"ROLLBACK AND CHAIN", "rollback ROLLBACK +chain"},
        {"SAVEPOINT \"A b\"", "savepoint SAVEPOINT; savepoint A b"},
        {"RELEASE SAVEPOINT s", "release RELEASE; savepoint s"},
        {"RELEASE s", "release RELEASE; savepoint s"},
        {"ROLLBACK TO SAVEPOINT s", "rollback-to ROLLBACK; savepoint s"},
        {"ROLLBACK WORK TO S", "rollback-to ROLLBACK; savepoint s"},
        {"PREPARE TRANSACTION 'x'", "prepare-transaction PREPARE TRANSACTION"},
        {"COMMIT PREPARED 'x'", "commit-prepared COMMIT PREPARED +no-transaction"},
        {"ROLLBACK PREPARED 'x'", "rollback-prepared ROLLBACK PREPARED +no-transaction"},
    };
    ASSERT_FACTS(facts);
}

static void settings(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"SET work_mem = 1", "set SET"},
        {"SET LOCAL work_mem TO DEFAULT", "set SET"},
        {"SET SESSION AUTHORIZATION r", "set SET"},
        {"SET ROLE NONE", "set SET"},
        {"SET TIME ZONE 'UTC'", "set SET"},
        {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "set SET"},
        {"SET TRANSACTION READ ONLY", "other SET +early"},
        {"SET TRANSACTION SNAPSHOT 'x'", "other SET +early"},
        {"SET transaction_isolation = serializable", "set SET +early"},
        {"SET Transaction_Read_Only = on", "set SET +early"},
        {"SET LOCAL TRANSACTION NEWER", "other SET +early"},
        {"SET CONSTRAINTS ALL DEFERRED", "other SET CONSTRAINTS"},
        {"SET transaction = 1", "set SET +early"},
        {"RESET work_mem", "set RESET"},
        {"RESET ALL", "set RESET"},
        {"DISCARD ALL", "set DISCARD ALL +no-transaction"},
        {"DISCARD TEMP", "set DISCARD TEMP"},
    };
    ASSERT_FACTS(facts);
}

static void explain_runs_only_with_analyze(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"EXPLAIN CREATE TABLE t AS SELECT 1", "other EXPLAIN"},
        {"EXPLAIN ANALYZE CREATE TABLE IF NOT EXISTS s.t AS SELECT 1",
         "create-table EXPLAIN +if-not-exists +explain; create table s.t; on s.t"},
        {"EXPLAIN (ANALYZE, VERBOSE) SELECT 1 INTO t",
         "create-table EXPLAIN +explain; create table t; on t"},
        {"EXPLAIN (ANALYZE false) SELECT 1 INTO t", "other EXPLAIN"},
        {"EXPLAIN ANALYZE CREATE MATERIALIZED VIEW m AS SELECT 1",
         "ddl EXPLAIN +explain; create materialized view m; on m"},
        {"EXPLAIN ANALYZE SELECT 1", "other"},
        {"EXPLAIN ANALYZE REFRESH MATERIALIZED VIEW m", "other EXPLAIN"},
    };
    ASSERT_FACTS(facts);
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transactions),
        cmocka_unit_test(settings),
        cmocka_unit_test(explain_runs_only_with_analyze),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
