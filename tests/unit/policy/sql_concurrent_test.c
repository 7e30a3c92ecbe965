/* CONCURRENTLY spliced into the client's text: where it goes, what is refused, what the proof sees,
 * which name an index gets, and how an error position comes back. */
#include "policy/sql/internal.h"
#include "tests/unit/policy/sql_fixture.h"

struct rewrite {
    const char *sql;
    const char *name;
    const char *expected; /* NULL: not rewritten */
};

/* Taking the insertions out again must give the client's text. */
static void assert_reversible(struct span original, struct span spliced,
                              const struct splice *splice)
{
    struct buffer text = {0};
    size_t from = 0;
    size_t inserted = 0;
    for (size_t i = 0; i < splice->count; i++) {
        size_t at = splice->at[i].at + inserted;
        buffer_append_span(&text, span_cut(spliced, from, at - from));
        from = at + splice->at[i].length;
        inserted += splice->at[i].length;
    }
    buffer_append_span(&text, span_from(spliced, from));
    assert_true(span_equal(buffer_span(&text), original));
    buffer_free(&text);
}

static void assert_rewrites(const struct rewrite *rewrites, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct rewrite *rewrite = &rewrites[i];
        struct parsed parsed = parse_text(rewrite->sql);
        struct buffer out = {0};
        struct splice splice;
        bool done =
            sql_make_concurrent(parsed.own, &parsed.statement, rewrite->name, &out, &splice);
        if (done != (rewrite->expected != NULL) ||
            (done && !span_is(buffer_span(&out), rewrite->expected))) {
            fail_msg("%s\n  became %.*s", rewrite->sql, (int)out.length, (char *)out.at);
        }
        assert_true(done || out.length == 0);
        if (done) {
            assert_reversible(parsed.own, buffer_span(&out), &splice);
        }
        buffer_free(&out);
        parsed_free(&parsed);
    }
}

#define ASSERT_REWRITES(rewrites) assert_rewrites(rewrites, sizeof(rewrites) / sizeof(rewrites)[0])

static void create_index_is_rewritten(void **state)
{
    (void)state;
    static const struct rewrite rewrites[] = {
        {"CREATE INDEX i ON t (a)", NULL, "CREATE INDEX CONCURRENTLY i ON t (a)"},
        {"create unique index if not exists i on t (a)", NULL,
         "create unique index CONCURRENTLY if not exists i on t (a)"},
        {" -- why\n CREATE /* a; b */ INDEX/* c */i ON t (a)", NULL,
         "CREATE /* a; b */ INDEX CONCURRENTLY/* c */i ON t (a)"},
        {"CREATE INDEX ON t (a)", NULL, "CREATE INDEX CONCURRENTLY ON t (a)"},
        {"CREATE INDEX ON t (a)", "t_a_idx", "CREATE INDEX CONCURRENTLY t_a_idx ON t (a)"},
        {"CREATE INDEX -- on\nON t (a)", "T a",
         "CREATE INDEX CONCURRENTLY -- on\n\"T a\" ON t (a)"},
        {"CREATE INDEX i ON t (a)", "j", "CREATE INDEX CONCURRENTLY i ON t (a)"},
        {"CREATE INDEX CONCURRENTLY ON t (a)", "t_a_idx",
         "CREATE INDEX CONCURRENTLY t_a_idx ON t (a)"},
        {"CREATE INDEX \"index\" ON t USING gin ((a || 'INDEX') gin_ops) INCLUDE (b) "
         "WITH (fastupdate = off) TABLESPACE x WHERE a > '<' -- end",
         NULL,
         "CREATE INDEX CONCURRENTLY \"index\" ON t USING gin ((a || 'INDEX') gin_ops) INCLUDE (b) "
         "WITH (fastupdate = off) TABLESPACE x WHERE a > '<' -- end"},
    };
    ASSERT_REWRITES(rewrites);
}

static void drop_index_is_rewritten(void **state)
{
    (void)state;
    static const struct rewrite rewrites[] = {
        {"DROP INDEX i", NULL, "DROP INDEX CONCURRENTLY i"},
        {"DROP INDEX IF EXISTS s.i RESTRICT", NULL,
         "DROP INDEX CONCURRENTLY IF EXISTS s.i RESTRICT"},
    };
    ASSERT_REWRITES(rewrites);
}

static void reindex_is_rewritten(void **state)
{
    (void)state;
    static const struct rewrite rewrites[] = {
        {"REINDEX INDEX i", NULL, "REINDEX INDEX CONCURRENTLY i"},
        {"REINDEX TABLE s.t", NULL, "REINDEX TABLE CONCURRENTLY s.t"},
        {"REINDEX (VERBOSE, TABLESPACE \")\") TABLE t", NULL,
         "REINDEX (VERBOSE, TABLESPACE \")\") TABLE CONCURRENTLY t"},
        {"REINDEX SCHEMA s", NULL, "REINDEX SCHEMA CONCURRENTLY s"},
        {"REINDEX DATABASE d", NULL, "REINDEX DATABASE CONCURRENTLY d"},
    };
    ASSERT_REWRITES(rewrites);
}

static void what_cannot_be_concurrent_is_left_alone(void **state)
{
    (void)state;
    static const struct rewrite rewrites[] = {
        {"CREATE INDEX CONCURRENTLY i ON t (a)", "j", NULL},
        {"DROP INDEX a, b", NULL, NULL},
        {"DROP INDEX a CASCADE", NULL, NULL},
        {"DROP INDEX CONCURRENTLY a", NULL, NULL},
        {"REINDEX SYSTEM d", NULL, NULL},
        {"REINDEX (CONCURRENTLY) TABLE t", NULL, NULL},
        {"CREATE INDEX i ON t (a b c)", NULL, NULL},
        {"CREATE TABLE t (a int)", "i", NULL},
        {"DROP TABLE t", NULL, NULL},
        {"COMMIT", "i", NULL},
    };
    ASSERT_REWRITES(rewrites);
}

static void the_proof_sees_every_other_change(void **state)
{
    (void)state;
    static const struct {
        const char *original, *spliced, *name;
        bool proved;
    } cases[] = {
        {"CREATE INDEX i ON t (a)", "CREATE INDEX CONCURRENTLY i ON t (a)", NULL, true},
        {"CREATE INDEX i ON t (a)", "CREATE INDEX  i ON t (a)", NULL, false},
        {"CREATE INDEX i ON t (a)", "CREATE INDEX CONCURRENTLY j ON t (a)", NULL, false},
        {"CREATE INDEX i ON t (a)", "CREATE INDEX CONCURRENTLY i ON t (b)", NULL, false},
        {"CREATE INDEX i ON t (a)", "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)", NULL, false},
        {"CREATE INDEX i ON t (a, b)", "CREATE INDEX CONCURRENTLY i ON t (a)", NULL, false},
        {"CREATE INDEX i ON t (a)", "CREATE INDEX CONCURRENTLY i ON t (a) WHERE a", NULL, false},
        {"CREATE INDEX i ON t (a) WHERE a", "CREATE INDEX CONCURRENTLY i ON t (a)", NULL, false},
        {"CREATE INDEX i ON t (a) WHERE a > 1", "CREATE INDEX CONCURRENTLY i ON t (a) WHERE a > 2",
         NULL, false},
        {"CREATE INDEX i ON t (a)", "CREATE INDEX CONCURRENTLY i ON t (a); SELECT 1", NULL, false},
        {"CREATE INDEX i ON t (a)", "CREATE INDEX CONCURRENTLY i ON t (a) (", NULL, false},
        {"CREATE INDEX ON t (a)", "CREATE INDEX CONCURRENTLY i ON t (a)", "i", true},
        {"CREATE INDEX ON t (a)", "CREATE INDEX CONCURRENTLY i ON t (a)", "j", false},
        {"CREATE INDEX ON t (a)", "CREATE INDEX CONCURRENTLY i ON t (a)", NULL, false},
        {"CREATE INDEX ON t (a)", "CREATE INDEX CONCURRENTLY ON t (a)", "i", false},
        {"DROP INDEX i", "DROP INDEX CONCURRENTLY i", NULL, true},
        {"DROP INDEX i", "DROP INDEX CONCURRENTLY IF EXISTS i", NULL, false},
        {"DROP INDEX i", "DROP TABLE i", NULL, false},
        {"REINDEX TABLE t", "REINDEX TABLE CONCURRENTLY t", NULL, true},
        {"REINDEX TABLE t", "REINDEX (CONCURRENTLY) TABLE t", NULL, true},
        {"REINDEX TABLE t", "REINDEX (CONCURRENTLY false) TABLE t", NULL, false},
        {"REINDEX TABLE t", "REINDEX (VERBOSE) TABLE CONCURRENTLY t", NULL, false},
        {"REINDEX (VERBOSE) TABLE t", "REINDEX TABLE CONCURRENTLY t", NULL, false},
        {"REINDEX TABLE t", "REINDEX INDEX CONCURRENTLY t", NULL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool proved = prove_concurrent(span_text(cases[i].original), span_text(cases[i].spliced),
                                       cases[i].name);
        if (proved != cases[i].proved) {
            fail_msg("%s", cases[i].spliced);
        }
    }
}

/* The names that PostgreSQL 15 chose for the same statements. */
static void index_names_are_the_servers(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *name;
    } cases[] = {
        {"CREATE INDEX ON t (a)", "t_a_idx"},
        {"CREATE INDEX ON s.t (a, b) INCLUDE (c)", "t_a_b_c_idx"},
        {"CREATE INDEX ON t (lower(a), b, lower(c))", "t_lower_b_lower1_idx"},
        {"CREATE INDEX ON t ((a + 1), (b + 1))", "t_expr_expr1_idx"},
        {"CREATE INDEX ON t ((a::text), (b COLLATE \"C\"), (pg_catalog.abs(c)))", "t_a_b_abs_idx"},
        {"CREATE INDEX ON t (((a + 1)::bigint))", "t_int8_idx"},
        {"CREATE INDEX ON t ((CASE WHEN a THEN b ELSE c END), (CASE WHEN a THEN 1 END))",
         "t_c_case_idx"},
        {"CREATE INDEX ON t ((COALESCE(a, b)), (NULLIF(a, b)), (GREATEST(a, b)))",
         "t_coalesce_nullif_greatest_idx"},
        {"CREATE INDEX ON t ((ARRAY[a]), ((c).d), ((e[1])))", "t_array_d_e_idx"},
        {"CREATE INDEX ON \"T \"\"t\" (a)", "T \"t_a_idx"},
        {"CREATE INDEX ON a123456789b123456789c123456789d123456789 "
         "(a123456789b123456789c123456789d123456789)",
         "a123456789b123456789c12345678_a123456789b123456789c12345678_idx"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parsed parsed = parse_text(cases[i].sql);
        char names[2][NAME_BYTES];
        assert_int_equal(sql_index_names(parsed.own, &parsed.statement, names, 2), 2);
        assert_string_equal(names[0], cases[i].name);
        parsed_free(&parsed);
    }
}

static void index_names_are_numbered_and_cut(void **state)
{
    (void)state;
    char names[12][NAME_BYTES];
    struct parsed parsed = parse_text("CREATE INDEX ON t (a)");
    assert_int_equal(sql_index_names(parsed.own, &parsed.statement, names, 12), 12);
    assert_string_equal(names[1], "t_a_idx1");
    assert_string_equal(names[11], "t_a_idx11");
    parsed_free(&parsed);

    /* 30 characters of two bytes: cut between characters, not inside of one */
    char sql[200] = "CREATE INDEX ON t (\"";
    for (size_t i = 0; i < 30; i++) {
        memcpy(sql + strlen(sql), "\xc3\xa9", 3);
    }
    memcpy(sql + strlen(sql), "\")", 3);
    parsed = parse_text(sql);
    assert_int_equal(sql_index_names(parsed.own, &parsed.statement, names, 1), 1);
    assert_int_equal(strlen(names[0]), 2 + 56 + 4);
    parsed_free(&parsed);

    parsed = parse_text("CREATE INDEX i ON t (a)");
    assert_int_equal(sql_index_names(parsed.own, &parsed.statement, names, 1), 0);
    parsed_free(&parsed);
}

static void error_positions_come_back(void **state)
{
    (void)state;
    static const struct {
        uint32_t server, client;
    } cases[] = {{1, 1},   {12, 12}, {13, 12}, {25, 12}, {26, 13},
                 {27, 13}, {34, 13}, {35, 14}, {38, 17}};
    /* CREATE INDEX CONCURRENTLY t_a_idx ON t (a): 13 characters behind 12, 8 behind 26 */
    struct parsed parsed = parse_text("CREATE INDEX ON t (a)");
    struct buffer out = {0};
    struct splice splice;
    assert_true(sql_make_concurrent(parsed.own, &parsed.statement, "t_a_idx", &out, &splice));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(
            sql_original_position(&splice, parsed.own, SCAN_ENCODING_UTF8, cases[i].server),
            cases[i].client);
    }
    buffer_free(&out);
    parsed_free(&parsed);
}

static void positions_count_characters(void **state)
{
    (void)state;
    struct parsed parsed = parse_text("DROP /* \xc3\xa9 */ INDEX i");
    struct buffer out = {0};
    struct splice splice;
    assert_true(sql_make_concurrent(parsed.own, &parsed.statement, NULL, &out, &splice));
    assert_int_equal(sql_original_position(&splice, parsed.own, SCAN_ENCODING_UTF8, 33), 20);
    assert_int_equal(sql_original_position(&splice, parsed.own, SCAN_ENCODING_UTF8, 18), 18);
    assert_int_equal(sql_original_position(&splice, parsed.own, SCAN_ENCODING_UTF8, 19), 18);
    assert_int_equal(sql_original_position(&splice, parsed.own, SCAN_ENCODING_SINGLE, 19), 19);
    assert_int_equal(sql_original_position(&splice, parsed.own, SCAN_ENCODING_SINGLE, 34), 21);
    buffer_free(&out);
    parsed_free(&parsed);
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_index_is_rewritten),
        cmocka_unit_test(drop_index_is_rewritten),
        cmocka_unit_test(reindex_is_rewritten),
        cmocka_unit_test(what_cannot_be_concurrent_is_left_alone),
        cmocka_unit_test(the_proof_sees_every_other_change),
        cmocka_unit_test(index_names_are_the_servers),
        cmocka_unit_test(index_names_are_numbered_and_cut),
        cmocka_unit_test(error_positions_come_back),
        cmocka_unit_test(positions_count_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
