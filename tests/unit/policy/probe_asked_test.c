/* The probe leaves out what a statement's decision does not need, and says that it is not known. */
#include "tests/unit/policy/probe_fixture.h"

/* What is of no use for a statement is not asked: the server would plan it all the same. */
static void nothing_is_asked_for_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        bool partitions, foreign_keys, bound, unique;
    } asked[] = {
        {"CREATE INDEX i ON t (a)", true, false, false, false},
        {"ALTER TABLE t ADD UNIQUE (a)", true, false, false, false},
        {"ALTER TABLE t ADD c int REFERENCES u", true, false, false, false},
        {"ALTER TABLE t ATTACH PARTITION p DEFAULT", true, true, true, false},
        {"CREATE TABLE p PARTITION OF t DEFAULT", true, false, true, false},
        {"ALTER TABLE t DETACH PARTITION p", true, true, false, false},
        {"ALTER TABLE t ALTER a SET NOT NULL", false, false, false, false},
        {"DROP TABLE t", false, true, false, false},
        {"DROP INDEX i", false, false, false, false},
        {"TRUNCATE t", false, false, false, false},
        {"REFRESH MATERIALIZED VIEW m", false, false, false, true},
    };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct probe probe = probe_of(asked[i].sql, &alone);
        assert_int_equal(query_has(&probe, "SELECT 'p', weight.level"), asked[i].partitions);
        assert_int_equal(query_has(&probe, "SELECT 'k', 0"), asked[i].foreign_keys);
        assert_int_equal(query_has(&probe, "d.partcollation"), asked[i].bound);
        assert_int_equal(query_has(&probe, "x.indimmediate AND x.indisvalid AND x.indpred"),
                         asked[i].unique);
        assert_int_equal(probe.more_partitions, !asked[i].partitions);
        assert_int_equal(probe.more_foreign_keys, !asked[i].foreign_keys);
        probe_free(&probe);
    }
}

/* Only what reads the catalogs is worth the settings of its own. */
static void settings_go_with_what_reads_catalogs(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        bool planned;
    } probes[] = {{"CREATE INDEX i ON t (a)", true},
                  {"REINDEX SCHEMA s", true},
                  {"CREATE TABLE t ()", false}};
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        struct probe probe = probe_of(probes[i].sql, &alone);
        assert_int_equal(probe_planner(&probe).length > 0, probes[i].planned);
        probe_free(&probe);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_asked_for_nothing),
        cmocka_unit_test(settings_go_with_what_reads_catalogs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
