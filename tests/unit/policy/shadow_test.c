/* The shadow probe: when there is one, what is sent, and what the server's words make of it. */
#include "policy/shadow.h"

#include <stdio.h>

#include "tests/unit/policy/statements.h"

static const struct situation alone = {.alone = true};
static const struct situation in_transaction = {
    .in_transaction = true, .alone = true, .may_save = true};

static struct facts usual_facts(void)
{
    struct facts facts = {.known = true,
                          .target_known = true,
                          .server_version = 150000,
                          .exists = true,
                          .kind = 'r',
                          .table = {"app", "t"},
                          .unproved_known = true,
                          .may_copy = true};
    for (size_t i = 0; i < STATEMENT_ACTIONS_MAX; i++) {
        facts.actions[i].known = true;
    }
    return facts;
}

static struct shadow shadow_of(const char *sql, const struct situation *now,
                               const struct facts *facts)
{
    struct statement statement = statement_of(sql);
    struct shadow shadow;
    assert_true(shadow_build(&statement, span_text(sql), now, facts, &shadow));
    return shadow;
}

static void assert_steps(const struct shadow *shadow, const char *const *steps, size_t count)
{
    assert_int_equal(shadow->count, count);
    for (size_t i = 0; i < count; i++) {
        struct span sql = shadow->steps[i].sql;
        assert_true(span_is(span_cut(sql, 0, 15), "/* ddlguard */ "));
        if (!span_is(span_cut(span_from(sql, 15), 0, strlen(steps[i])), steps[i])) {
            fail_msg("step %zu: %.*s", i, (int)sql.length, (const char *)sql.at);
        }
    }
}

static void outside_a_transaction_it_has_its_own(void **state)
{
    (void)state;
    static const char *const steps[] = {
        "BEGIN",
        "SELECT pg_catalog.set_config('lock_timeout', '200ms', true),",
        "CREATE TABLE pg_temp.t (LIKE app.t INCLUDING ALL)",
        "ALTER TABLE pg_temp.t alter a type int8 /* why */ using a::int8",
        "ALTER TABLE pg_temp.t add check (t.a > 0)",
        "ROLLBACK",
    };
    struct facts facts = usual_facts();
    struct shadow shadow = shadow_of("ALTER TABLE IF EXISTS ONLY \"t\" alter a type int8 /* why */ "
                                     "using a::int8, add check (t.a > 0)",
                                     &alone, &facts);
    assert_steps(&shadow, steps, sizeof steps / sizeof *steps);
    assert_int_equal(shadow.steps[4].kind, SHADOW_ALTER);
    assert_int_equal(shadow.steps[4].action, 1);
    shadow_free(&shadow);
}

static void in_a_transaction_it_stands_behind_a_savepoint(void **state)
{
    (void)state;
    static const char *const steps[] = {
        "SAVEPOINT ddlguard_shadow",
        "SELECT pg_catalog.set_config(",
        "CREATE TABLE pg_temp.\"T x\" (LIKE app.\"T x\" INCLUDING ALL)",
        "ALTER TABLE pg_temp.\"T x\" DROP CONSTRAINT k",
        "ALTER TABLE pg_temp.\"T x\" ALTER a SET NOT NULL",
        "ROLLBACK TO SAVEPOINT ddlguard_shadow",
        "RELEASE SAVEPOINT ddlguard_shadow",
    };
    struct facts facts = usual_facts();
    (void)snprintf(facts.table.name, NAME_BYTES, "T x");
    (void)snprintf(facts.drop_unproved, sizeof facts.drop_unproved, "DROP CONSTRAINT k");
    struct shadow shadow =
        shadow_of("ALTER TABLE \"T x\" ALTER a SET NOT NULL", &in_transaction, &facts);
    assert_steps(&shadow, steps, sizeof steps / sizeof *steps);
    shadow_free(&shadow);
    facts.two_phase = true; /* PREPARE TRANSACTION would be refused */
    shadow = shadow_of("ALTER TABLE \"T x\" ALTER a SET NOT NULL", &in_transaction, &facts);
    assert_int_equal(shadow.count, 0);
    shadow_free(&shadow);
}

static void only_what_a_copy_can_tell_is_asked(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        size_t steps; /* ALTERs */
        bool wanted;
    } cases[] = {
        {"ALTER TABLE t ALTER a TYPE text", 1, true},
        {"ALTER TABLE t ALTER a TYPE text, ALTER b TYPE text", 2, true},
        {"ALTER TABLE t ADD c int DEFAULT f()", 1, true},
        {"ALTER TABLE t ADD c int DEFAULT 5", 1, false},
        {"ALTER TABLE t ADD c int", 1, false},
        {"ALTER TABLE t ALTER a SET NOT NULL", 1, true},
        {"ALTER TABLE t ADD CHECK (a > 0)", 1, false},
        {"ALTER TABLE t ADD UNIQUE (a)", 1, false},
        {"ALTER TABLE t ADD c int DEFAULT f(), ADD FOREIGN KEY (c) REFERENCES u", 1, true},
        {"ALTER TABLE t ALTER a TYPE text, SET (fillfactor = 70)", 1, true},
        {"ALTER TABLE t ALTER a SET DEFAULT 1, DROP COLUMN b", 2, false},
        {"ALTER TABLE t ADD c int DEFAULT f() REFERENCES u", 0, false},
        {"ALTER TABLE t ADD UNIQUE USING INDEX i", 0, false},
        {"ALTER TABLE t VALIDATE CONSTRAINT k", 0, false},
        {"ALTER TABLE t ALTER a TYPE text, DROP CONSTRAINT k", 0, false},
        {"ALTER TABLE t ALTER a SET NOT NULL, DROP COLUMN b", 1, false},
        {"ALTER TABLE t ALTER a SET NOT NULL, ALTER b TYPE text", 1, true},
        {"ALTER TABLE t ADD PRIMARY KEY (a), ALTER b TYPE text", 1, true},
        {"ALTER TABLE t SET UNLOGGED", 0, false},
        {"ALTER TABLE t SET SCHEMA s", 0, false},
        {"ALTER TABLE t OWNER TO u", 0, false},
        {"ALTER TABLE t RENAME a TO b", 0, false},
        {"ALTER TABLE t ATTACH PARTITION p DEFAULT", 0, false},
        {"ALTER TABLE t DISABLE TRIGGER x", 0, false},
        {"TRUNCATE t", 0, false},
    };
    struct facts facts = usual_facts();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct statement statement = statement_of(cases[i].sql);
        struct shadow shadow = shadow_of(cases[i].sql, &alone, &facts);
        bool wanted = shadow_is_wanted(&statement, &alone, &facts);
        size_t expected = cases[i].steps == 0 ? 0 : cases[i].steps + 4;
        if (shadow.count != expected || wanted != cases[i].wanted) {
            fail_msg("%s: %zu steps, wanted %d", cases[i].sql, shadow.count, wanted);
        }
        shadow_free(&shadow);
    }
}

static void not_every_table_is_copied(void **state)
{
    (void)state;
    const char *sql = "ALTER TABLE t ALTER a TYPE text";
    struct facts cases[10];
    for (size_t i = 0; i < 10; i++) {
        cases[i] = usual_facts();
    }
    cases[0].known = false;
    cases[1].target_known = false;
    cases[2].exists = false;
    cases[3].kind = 'p';
    cases[4].temporary = true;
    cases[5].system = true;
    cases[6].new_here = true;
    cases[7].table_has_children = true;
    cases[8].unproved_known = false;
    cases[9].may_copy = false;
    for (size_t i = 0; i < 10; i++) {
        struct shadow shadow = shadow_of(sql, &alone, &cases[i]);
        struct statement statement = statement_of(sql);
        assert_int_equal(shadow.count, 0);
        assert_false(shadow_is_wanted(&statement, &alone, &cases[i]));
        shadow_free(&shadow);
    }
    const struct situation places[] = {
        {.replication = true}, {.early = true}, {.transaction_failed = true}};
    struct facts facts = usual_facts();
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct shadow shadow = shadow_of(sql, &places[i], &facts);
        assert_int_equal(shadow.count, 0);
        shadow_free(&shadow);
    }
}

/* --- the answer ------------------------------------------------------------------------------- */

static void each_notice_answers_for_its_action(void **state)
{
    (void)state;
    static const struct {
        const char *message, *routine;
        enum answer rewrites, scans, builds;
    } cases[] = {
        {"", "", ANSWER_NO, ANSWER_NO, ANSWER_NO},
        {"rewriting table \"t\"", "ATRewriteTable", ANSWER_YES, ANSWER_YES, ANSWER_NO},
        {"verifying table \"t\"", "ATRewriteTable", ANSWER_NO, ANSWER_YES, ANSWER_NO},
        {"schreibe Tabelle »t« neu", "ATRewriteTable", ANSWER_YES, ANSWER_YES, ANSWER_NO},
        {"building index \"i\" on table \"t\" serially", "index_build", ANSWER_NO, ANSWER_NO,
         ANSWER_YES},
        {"baue Index »i« auf Tabelle »t« seriell", "index_build", ANSWER_NO, ANSWER_NO, ANSWER_YES},
        {"building index \"pg_toast_1_index\" on table \"pg_toast_1\" serially", "index_build",
         ANSWER_NO, ANSWER_NO, ANSWER_NO},
        {"building index \"pg_toast_1_index\" on table \"t\" serially", "index_build", ANSWER_NO,
         ANSWER_NO, ANSWER_YES},
        {"existing constraints on column \"t.a\" are sufficient to prove that it does not contain "
         "nulls",
         "NotNullImpliedByRelConstraints", ANSWER_NO, ANSWER_NO, ANSWER_NO},
        {"rewriting table \"t\"", "somebody_else", ANSWER_NO, ANSWER_NO, ANSWER_NO},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct facts facts = usual_facts();
        struct shadow shadow =
            shadow_of("ALTER TABLE t ALTER a TYPE text, ALTER b TYPE text", &alone, &facts);
        shadow_read_notice(&shadow, 4, span_text(cases[i].message), span_text(cases[i].routine),
                           &facts);
        assert_int_equal(shadow_next(&shadow, 4, false, &facts), 5);
        if (facts.actions[1].rewrites != cases[i].rewrites ||
            facts.actions[1].scans != cases[i].scans ||
            facts.actions[1].builds != cases[i].builds) {
            fail_msg("%s", cases[i].message);
        }
        assert_int_equal(facts.actions[0].rewrites, ANSWER_UNKNOWN);
        shadow_free(&shadow);
    }
}

/* A proof that the catalog query has not seen: the server has. */
static void no_scan_for_not_null_is_a_proof(void **state)
{
    (void)state;
    static const char *const messages[] = {"", "verifying table \"t\""};
    for (size_t i = 0; i < 2; i++) {
        struct facts facts = usual_facts();
        struct shadow shadow = shadow_of("ALTER TABLE t ALTER a SET NOT NULL", &alone, &facts);
        shadow_read_notice(&shadow, 3, span_text(messages[i]),
                           span_text(i == 0 ? "" : "ATRewriteTable"), &facts);
        assert_int_equal(shadow_next(&shadow, 3, false, &facts), 4);
        assert_int_equal(facts.actions[0].column_proved, i == 0);
        shadow_free(&shadow);
    }
}

/* What the server says while the copy is made is about the copy. */
static void notices_of_the_preparation_say_nothing(void **state)
{
    (void)state;
    struct facts facts = usual_facts();
    struct shadow shadow = shadow_of("ALTER TABLE t ALTER a TYPE text", &alone, &facts);
    shadow_read_notice(&shadow, 2, span_text("building index \"i\" on table \"t\" serially"),
                       span_text("index_build"), &facts);
    assert_int_equal(shadow_next(&shadow, 2, false, &facts), 3);
    assert_int_equal(facts.actions[0].builds, ANSWER_UNKNOWN);
    shadow_free(&shadow);
}

static void what_fails_stays_unknown_and_leads_out(void **state)
{
    (void)state;
    struct facts facts = usual_facts();
    struct shadow shadow =
        shadow_of("ALTER TABLE t ALTER a TYPE text, ALTER b TYPE text", &in_transaction, &facts);
    assert_int_equal(shadow.count, 7);
    assert_int_equal(shadow_next(&shadow, 0, true, &facts), 5);
    assert_int_equal(shadow_next(&shadow, 2, true, &facts), 5);
    shadow_read_notice(&shadow, 3, span_text("rewriting table \"t\""), span_text("ATRewriteTable"),
                       &facts);
    assert_int_equal(shadow_next(&shadow, 3, true, &facts), 5);
    assert_int_equal(facts.actions[0].rewrites, ANSWER_UNKNOWN);
    assert_int_equal(facts.actions[0].scans, ANSWER_UNKNOWN);
    assert_int_equal(shadow_next(&shadow, 5, false, &facts), 6);
    assert_int_equal(shadow_next(&shadow, 5, true, &facts), 7);
    assert_int_equal(shadow_next(&shadow, 6, false, &facts), 7);
    assert_int_equal(facts.actions[0].rewrites, ANSWER_UNKNOWN);
    shadow_free(&shadow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outside_a_transaction_it_has_its_own),
        cmocka_unit_test(in_a_transaction_it_stands_behind_a_savepoint),
        cmocka_unit_test(only_what_a_copy_can_tell_is_asked),
        cmocka_unit_test(not_every_table_is_copied),
        cmocka_unit_test(each_notice_answers_for_its_action),
        cmocka_unit_test(no_scan_for_not_null_is_a_proof),
        cmocka_unit_test(notices_of_the_preparation_say_nothing),
        cmocka_unit_test(what_fails_stays_unknown_and_leads_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
