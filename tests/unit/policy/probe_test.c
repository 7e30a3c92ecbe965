/* The probe's SQL, as far as it can be judged without a server, and the reading of its answer. */
#include <stdio.h>

#include "tests/unit/guard.h"
#include "tests/unit/policy/probe_fixture.h"

static const struct situation in_transaction = {.in_transaction = true, .alone = true};
static const struct situation early = {.in_transaction = true, .alone = true, .early = true};
static const struct situation hidden = {.alone = true, .hidden = true};

/* What is asked for a statement, and a part of the question. */
static const struct question {
    const char *sql;
    const struct situation *now;
    enum probe_form form;
    const char *part;
} questions[] = {
    {"CREATE INDEX i ON t (a)", &alone, PROBE_TARGET, "to_regclass('t')"},
    {"CREATE INDEX i ON s.t (a)", &alone, PROBE_TARGET,
     "n.nspname OPERATOR(pg_catalog.=) 's' AND c.relname OPERATOR(pg_catalog.=) 't'"},
    {"CREATE INDEX i ON pg_temp.t (a)", &alone, PROBE_TARGET, "to_regclass('pg_temp.t')"},
    {"CREATE INDEX i ON \"It's\" (a)", &alone, PROBE_TARGET, "to_regclass('\"It''s\"')"},
    {"CREATE INDEX i ON t (a)", &alone, PROBE_TARGET, "ic.relname OPERATOR(pg_catalog.=) 'i'"},
    {"CREATE INDEX ON t (a)", &alone, PROBE_TARGET, "('t_a_idx'::pg_catalog.name, 0)"},
    {"CREATE INDEX ON t (a)", &alone, PROBE_TARGET, "('t_a_idx1'::pg_catalog.name, 1)"},
    {"DROP INDEX i", &alone, PROBE_TARGET, "x.indrelid FROM target LEFT JOIN"},
    {"REINDEX INDEX i", &alone, PROBE_TARGET, "x.indrelid FROM target LEFT JOIN"},
    {"REINDEX TABLE t", &alone, PROBE_TARGET, "target.rel FROM target)"},
    {"CREATE INDEX i ON t (a)", &in_transaction, PROBE_TARGET, "txid_current_if_assigned"},
    {"DROP INDEX i, s.j", &alone, PROBE_TARGET, "(0, pg_catalog.to_regclass('i')"},
    {"DROP INDEX i, s.j", &alone, PROBE_TARGET, "n.nspname OPERATOR(pg_catalog.=) 's'"},
    {"DROP INDEX i, j", &in_transaction, PROBE_TARGET, "p.relpersistence"},
    {"DROP INDEX a, b, c, d, e, f, g, h, i", &alone, PROBE_SETTINGS, "server_version_num"},
    {"REINDEX SCHEMA s", &alone, PROBE_SCOPE, "n.nspname OPERATOR(pg_catalog.=) 's'"},
    {"REINDEX DATABASE d", &alone, PROBE_SCOPE, "OPERATOR(pg_catalog.!~) '^(pg_|"},
    {"ALTER TABLE t ADD c int", &alone, PROBE_TARGET, "'c'::pg_catalog.name, NULL"},
    {"ALTER TABLE t ADD CHECK (a > 0), ADD UNIQUE (a), ADD CHECK (a < 9)", &alone, PROBE_TARGET,
     "(2, 1::pg_catalog.int8, "},
    {"ALTER TABLE t DROP CONSTRAINT k, ALTER c SET NOT NULL", &alone, PROBE_TARGET,
     "'k'::pg_catalog.name"},
    {"ALTER TABLE t ATTACH PARTITION p DEFAULT", &alone, PROBE_TARGET, "to_regclass('p')"},
    {"ALTER TABLE t ADD UNIQUE USING INDEX i", &alone, PROBE_TARGET,
     "WHERE c.relname OPERATOR(pg_catalog.=) 'i'"},
    {"ALTER TABLE t ADD c int, ADD PRIMARY KEY USING INDEX i", &alone, PROBE_TARGET,
     "a.at OPERATOR(pg_catalog.=) 1 AND e.nth"},
    {"DROP TABLE t", &alone, PROBE_TARGET, "pg_catalog.pg_trigger"},
    {"DROP TABLE t", &alone, PROBE_TARGET, "pg_catalog.pg_depend"},
    {"DROP TABLE t", &alone, PROBE_TARGET, "k.conname, pg_catalog.pg_get_constraintdef(k.oid)"},
    {"DROP TABLE t, u", &alone, PROBE_SETTINGS, "server_version_num"},
    {"TRUNCATE t", &alone, PROBE_TARGET, "to_regclass('t')"},
    {"REFRESH MATERIALIZED VIEW m", &alone, PROBE_TARGET, "x.indimmediate"},
    {"VACUUM FULL t", &alone, PROBE_TARGET, "to_regclass('t')"},
    {"VACUUM FULL", &alone, PROBE_SETTINGS, "server_version_num"},
    {"VACUUM t", &alone, PROBE_SETTINGS, "server_version_num"},
    {"CLUSTER t USING i", &alone, PROBE_TARGET, "to_regclass('t')"},
    {"CREATE INDEX ON t (a)", &alone, PROBE_TARGET, "ARRAY['_a_idx', '_a_idx1', "},
    {"CREATE INDEX i ON t (a, b)", &alone, PROBE_TARGET, "ARRAY['_a_b_idx', "},
    {"CREATE TABLE p PARTITION OF t DEFAULT", &alone, PROBE_TARGET,
     "ic.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('p')"},
    {"ALTER TABLE t ADD c int", &hidden, PROBE_SETTINGS, "server_version_num"},
    {"DROP INDEX i, j", &hidden, PROBE_SETTINGS, "server_version_num"},
    {"CREATE TABLE p PARTITION OF t DEFAULT", &alone, PROBE_TARGET, "to_regclass('t')"},
    {"ALTER TABLE t ADD CHECK (a > 0)", &alone, PROBE_TARGET, "ARRAY['t_a_check', "},
    {"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u", &alone, PROBE_TARGET,
     "ARRAY['t_a_fkey', 't_a_fkey1', "},
    {"ALTER TABLE t ADD c int UNIQUE REFERENCES u", &alone, PROBE_TARGET, "ARRAY['t_c_fkey', "},
    {"ALTER TABLE t ADD c int UNIQUE REFERENCES u", &alone, PROBE_TARGET, "ARRAY['t_c_key', "},
    {"ALTER TABLE t ADD PRIMARY KEY (a, b)", &alone, PROBE_TARGET, "ARRAY['t_pkey', "},
    {"ALTER TABLE t ADD PRIMARY KEY (a, b)", &alone, PROBE_TARGET,
     "ARRAY['a', 'b']::pg_catalog.name[]"},
    {"ALTER TABLE t ADD PRIMARY KEY (a, b)", &alone, PROBE_TARGET, "ARRAY['_pkey', '_pkey1', "},
    {"ALTER TABLE t ADD UNIQUE (a, b)", &alone, PROBE_TARGET, "ARRAY['_a_b_key', "},
    {"ALTER TABLE t ALTER a SET NOT NULL", &alone, PROBE_TARGET,
     "ARRAY['t_a_not_null', 't_a_not_null1', "},
    {"CREATE TABLE t ()", &alone, PROBE_SETTINGS, "current_setting('lock_timeout')"},
    {"LOCK TABLE t", &alone, PROBE_SETTINGS, "server_version_num"},
    {"LOCK TABLE t", &early, PROBE_SHOW, "SHOW lock_timeout"},
    {"CREATE INDEX i ON t (a)", &early, PROBE_SHOW, "SHOW lock_timeout"},
};

static void each_statement_gets_the_question_it_needs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        struct probe probe = probe_of(questions[i].sql, questions[i].now);
        if (probe.form != questions[i].form || !query_has(&probe, questions[i].part)) {
            fail_msg("%s: %.*s", questions[i].sql, (int)probe.queries[0].length,
                     (const char *)probe.queries[0].at);
        }
        assert_int_equal(probe.count, questions[i].form == PROBE_SHOW ? 3 : 1);
        for (size_t k = 0; k < probe.count; k++) {
            assert_true(span_is(span_cut(probe.queries[k], 0, 15), "/* ddlguard */ "));
        }
        probe_free(&probe);
    }
}

/* What a plain table asks for of its transaction costs nothing outside one. */
static void outside_a_transaction_nothing_is_new(void **state)
{
    (void)state;
    struct probe probe = probe_of("CREATE INDEX i ON t (a)", &alone);
    assert_false(query_has(&probe, "txid_"));
    probe_free(&probe);
    probe = probe_of("ALTER TABLE t VALIDATE CONSTRAINT c", &alone);
    assert_false(query_has(&probe, "l.granted"));
    probe_free(&probe);
    probe = probe_of("ALTER TABLE t VALIDATE CONSTRAINT c", &in_transaction);
    assert_true(query_has(&probe, "l.granted"));
    probe_free(&probe);
}

/* Every operator is qualified: a bare one between blanks would be looked up in search_path. */
static void no_operator_is_left_to_search_path(void **state)
{
    (void)state;
    static const char *const texts[] = {"CREATE INDEX IF NOT EXISTS i ON t (a)",
                                        "DROP INDEX s.i, s.j",
                                        "REINDEX TABLE t",
                                        "ALTER TABLE t ADD PRIMARY KEY USING INDEX i",
                                        "DROP TABLE t",
                                        "CREATE TABLE t ()",
                                        "REINDEX SCHEMA s",
                                        "REINDEX DATABASE d",
                                        "REINDEX SYSTEM d",
                                        "ALTER TABLE t VALIDATE CONSTRAINT c"};
    static const char *const bare[] = {" = ", " <> ", " < ",  " > ",       " ~ ",    " + ",
                                       " - ", " || ", " IN ", " BETWEEN ", " LIKE ", " / "};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct probe probe = probe_of(texts[i], &in_transaction);
        for (size_t k = 0; k < sizeof bare / sizeof *bare; k++) {
            assert_false(query_has(&probe, bare[k]));
        }
        probe_free(&probe);
    }
}

/* --- the answer ------------------------------------------------------------------------------- */

#define ROW_COLUMNS (8 + 18 + 15 + 19) /* settings, target twice, detail */
#define SETTINGS    "150020", "2s", "1min", "", "10min", "1s", "notice", "4711"
#define TARGET                                                                                     \
    "t", "r", "f", "f", "f", "3629056", "100000", "public", "big", "r", "f", "f", "f", "", "f",    \
        "", "", "", "16384", "f", "", "", "f", "f", "t", "f", "", "t", "f", "t", "f", "f", "f",    \
        NO_DETAIL
#define NO_DETAIL "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", ""

/* Reads a row whose every column ends at unreadable memory. */
static bool read_row(struct probe *probe, size_t index, const char *const *texts, size_t count,
                     struct facts *facts)
{
    struct span columns[PROBE_COLUMNS_MAX];
    struct guard guards[PROBE_COLUMNS_MAX];
    assert_true(count <= PROBE_COLUMNS_MAX);
    for (size_t i = 0; i < count; i++) {
        guards[i] = guard_new(128);
        columns[i] = guard_place(&guards[i], span_text(texts[i]));
    }
    bool good = probe_read(probe, index, columns, count, facts);
    for (size_t i = 0; i < count; i++) {
        guard_free(&guards[i]);
    }
    return good;
}

static void settings_are_read(void **state)
{
    (void)state;
    const char *const row[] = {SETTINGS};
    struct probe probe = {.form = PROBE_SETTINGS, .count = 1};
    struct facts facts = {0};
    assert_true(read_row(&probe, 0, row, 8, &facts));
    assert_true(facts.known);
    assert_false(facts.target_known);
    assert_int_equal(facts.server_version, 150020);
    assert_int_equal(facts.lock_timeout_ms, 2000);
    assert_string_equal(facts.lock_timeout, "2s");
    assert_int_equal(facts.statement_timeout_ms, 60000);
    assert_string_equal(facts.statement_timeout, "1min");
    assert_string_equal(facts.transaction_timeout, "");
    assert_string_equal(facts.idle_session_timeout, "10min");
    assert_int_equal(facts.deadlock_timeout_ms, 1000);
    assert_int_equal(facts.client_min_messages, LEVEL_NOTICE);
    assert_int_equal(facts.server_pid, 4711);
}

static void a_table_is_read(void **state)
{
    (void)state;
    const char *const row[] = {SETTINGS, TARGET};
    struct probe probe = {.form = PROBE_TARGET, .count = 1};
    struct facts facts = {0};
    assert_true(read_row(&probe, 0, row, ROW_COLUMNS, &facts));
    assert_true(facts.known && facts.target_known && facts.exists);
    assert_int_equal(facts.kind, 'r');
    assert_int_equal(facts.bytes, 3629056);
    assert_int_equal(facts.rows, 100000);
    assert_string_equal(facts.table.schema, "public");
    assert_string_equal(facts.table.name, "big");
    assert_false(facts.table_partitioned || facts.temporary || facts.system || facts.new_here);
    assert_string_equal(facts.index_name, "");
}

/* One column changed, and what becomes of the facts. */
static void each_column_says_its_own(void **state)
{
    (void)state;
    const struct {
        size_t column;
        const char *text;
        bool good;
    } cases[] = {
        {0, "", false}, /* the version is never NULL */
        {0, "15.2", false},
        {0, "99999999999", false},
        {1, "0", true},
        {1, "1500ms", true},
        {1, "1d", true},
        {1, "1 s", false},
        {1, "s", false},
        {1, "1w", false},
        {1, "", false},
        {1, "2147483647ms", true}, /* the most that PostgreSQL takes */
        {1, "2147483648ms", false},
        {1, "2147483647s", false},
        {1, "-1", false},
        {6, "debug5", true},
        {6, "loud", false},
        {8, "x", false},
        {9, "rr", false}, /* a relkind is one character */
        {9, "", true},    /* found, but not seen */
        {13, "Infinity", true},
        {13, "1.5e+06", true},
        {13, "NaN", false},
        {13, "many", false},
        {13, "1e300", false},
        {14, "-1", true},
        {16, "0123456789012345678901234567890123456789012345678901234567890123", false},
        {16, "012345678901234567890123456789012345678901234567890123456789012", true},
    };
    struct probe probe = {.form = PROBE_TARGET, .count = 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *row[] = {SETTINGS, TARGET};
        struct facts facts = {0};
        row[cases[i].column] = cases[i].text;
        if (read_row(&probe, 0, row, ROW_COLUMNS, &facts) != cases[i].good) {
            fail_msg("column %zu: '%s'", cases[i].column, cases[i].text);
        }
        assert_int_equal(facts.known, cases[i].good);
        if (!cases[i].good) {
            const struct facts nothing = {0};
            assert_memory_equal(&facts, &nothing, sizeof facts);
        }
    }
}

static void times_are_milliseconds(void **state)
{
    (void)state;
    const struct {
        const char *text;
        uint32_t ms;
    } cases[] = {{"0", 0},         {"1ms", 1},      {"1500ms", 1500},   {"2s", 2000},
                 {"5min", 300000}, {"1h", 3600000}, {"24d", 2073600000}};
    struct probe probe = {.form = PROBE_SETTINGS, .count = 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *row[] = {SETTINGS};
        struct facts facts = {0};
        row[1] = cases[i].text;
        assert_true(read_row(&probe, 0, row, 8, &facts));
        assert_int_equal(facts.lock_timeout_ms, cases[i].ms);
    }
}

static void sizes_that_nobody_knows_are_unknown(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int64_t bytes;
    } cases[] = {{"0", 0}, {"", -1}, {"Infinity", -1}, {"-1", -1}, {"1.5e+06", 1500000}};
    struct probe probe = {.form = PROBE_TARGET, .count = 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *row[] = {SETTINGS, TARGET};
        struct facts facts = {0};
        row[13] = cases[i].text;
        assert_true(read_row(&probe, 0, row, ROW_COLUMNS, &facts));
        assert_true(facts.bytes == cases[i].bytes);
    }
}

/* There by name, but its row is younger than the snapshot: nothing is known of it. */
static void what_cannot_be_seen_is_not_known(void **state)
{
    (void)state;
    const char *row[] = {SETTINGS, TARGET};
    struct probe probe = {.form = PROBE_TARGET, .count = 1};
    struct facts facts = {0};
    row[9] = "";
    assert_true(read_row(&probe, 0, row, ROW_COLUMNS, &facts));
    assert_true(facts.known);
    assert_false(facts.target_known);
    facts = (struct facts){0};
    row[8] = "f"; /* not there at all: that is known */
    assert_true(read_row(&probe, 0, row, ROW_COLUMNS, &facts));
    assert_true(facts.target_known);
    assert_false(facts.exists);
}

static void a_schema_is_read(void **state)
{
    (void)state;
    const char *const row[] = {SETTINGS, "t", "f", "t", "app", "n"};
    const char *const none[] = {SETTINGS, "f", "", "", "nope", "n"};
    struct probe probe = {.form = PROBE_SCOPE, .count = 1};
    struct facts facts = {0};
    assert_true(read_row(&probe, 0, row, 13, &facts));
    assert_true(facts.known && facts.target_known && facts.exists && !facts.system);
    assert_true(facts.table_has_invalid_index && !facts.table_has_exclusion);
    assert_string_equal(facts.table.schema, "app");
    assert_int_equal(facts.kind, 'n');
    assert_true(read_row(&probe, 0, none, 13, &facts));
    assert_false(facts.exists);
    assert_false(read_row(&probe, 0, none, 12, &facts));
}

static void rows_of_another_width_are_refused(void **state)
{
    (void)state;
    const char *const row[] = {SETTINGS, TARGET, "", ""};
    struct probe probe = {.form = PROBE_TARGET, .count = 1};
    for (size_t count = 0; count <= 28; count++) {
        struct facts facts = {0};
        assert_int_equal(read_row(&probe, 0, row, count, &facts), count == ROW_COLUMNS);
    }
}

static void shows_are_read_one_by_one(void **state)
{
    (void)state;
    const char *const rows[] = {"0", "1s", "warning"};
    struct probe probe = {.form = PROBE_SHOW, .count = 3};
    struct facts facts = {0};
    for (size_t i = 0; i < 3; i++) {
        assert_false(facts.known);
        assert_true(read_row(&probe, i, &rows[i], 1, &facts));
    }
    assert_true(facts.known);
    assert_false(facts.target_known);
    assert_string_equal(facts.lock_timeout, "0");
    assert_int_equal(facts.deadlock_timeout_ms, 1000);
    assert_int_equal(facts.client_min_messages, LEVEL_WARNING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_statement_gets_the_question_it_needs),
        cmocka_unit_test(outside_a_transaction_nothing_is_new),
        cmocka_unit_test(no_operator_is_left_to_search_path),
        cmocka_unit_test(settings_are_read),
        cmocka_unit_test(a_table_is_read),
        cmocka_unit_test(each_column_says_its_own),
        cmocka_unit_test(times_are_milliseconds),
        cmocka_unit_test(sizes_that_nobody_knows_are_unknown),
        cmocka_unit_test(what_cannot_be_seen_is_not_known),
        cmocka_unit_test(a_schema_is_read),
        cmocka_unit_test(rows_of_another_width_are_refused),
        cmocka_unit_test(shows_are_read_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
