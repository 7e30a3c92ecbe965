/* Plans: what tests/cases cannot say: proofs that fail, texts that stay valid, limits. */
#include "policy/plan.h"

#include <stdio.h>

#include "tests/unit/policy/statements.h"

static const struct situation alone = {.alone = true};

static struct facts big_table(void)
{
    return (struct facts){.known = true,
                          .target_known = true,
                          .server_version = 150020,
                          .deadlock_timeout_ms = 1000,
                          .lock_timeout = "0",
                          .statement_timeout = "5min",
                          .exists = true,
                          .kind = 'r',
                          .bytes = 1 << 30,
                          .table = {"public", "t"}};
}

/* A request of one statement; what it points to must outlive it. */
struct one {
    struct statement statement;
    struct decision decision;
    struct facts facts;
    struct settings settings;
    struct plan_request request;
};

static void one_make(struct one *one, const char *sql)
{
    *one = (struct one){
        .statement = statement_of(sql), .facts = big_table(), .settings = settings_default()};
    one->decision = decide(&one->statement, &alone, &one->facts, &one->settings);
    one->request =
        (struct plan_request){&one->statement, 1,           span_text(sql), &one->decision,
                              &alone,          &one->facts, &one->settings, STATEMENT_LIMIT};
}

static void the_insertion_is_told_for_error_positions(void **state)
{
    (void)state;
    struct one one;
    struct plan plan;
    one_make(&one, " CREATE INDEX i ON t (a)");
    assert_true(plan_build(&one.request, &plan));
    assert_int_equal(plan.splice.count, 1);
    assert_int_equal(plan.splice.at[0].at, strlen("CREATE INDEX"));
    assert_int_equal(plan.splice.at[0].length, strlen(" CONCURRENTLY"));
    plan_free(&plan);
    plan_free(&plan); /* twice is fine */
}

/* The decision says rewrite, but the text at hand is not the one it was made of. */
static void what_cannot_be_proved_runs_as_it_came(void **state)
{
    (void)state;
    struct one one;
    struct plan plan;
    one_make(&one, "CREATE INDEX i ON t (a)");
    assert_int_equal(one.decision.verdict, VERDICT_REWRITE);
    one.request.text = span_text("CREATE TABLE i (t  int)");
    assert_true(plan_build(&one.request, &plan));
    assert_int_equal(plan.count, 3);
    assert_int_equal(plan.steps[1].kind, STEP_RUN);
    assert_int_equal(plan.steps[1].sql.length, 0);
    assert_int_equal(plan.splice.count, 0);
    static const char part[] = "could not be proved to be the same";
    assert_non_null(memmem(plan.notice.at, plan.notice.length, part, sizeof part - 1));
    plan_free(&plan);
}

static const struct situation beside = {.in_transaction = true, .alone = true, .aside = 0xab12};

static bool is_aside(struct one *one, struct plan *plan)
{
    one->decision = decide(&one->statement, &beside, &one->facts, &one->settings);
    one->request.now = &beside;
    assert_true(plan_build(&one->request, plan));
    return plan->aside > 0;
}

/* Built under a name of ours in the server's own words, renamed in the client's transaction, and
 * only what still has that name is dropped. */
static void an_index_is_built_beside_a_transaction(void **state)
{
    (void)state;
    static const struct {
        enum step_kind kind;
        const char *part;
    } expected[] = {
        {STEP_SETTINGS, "SET ROLE %I"},
        {STEP_ASIDE, "l.pid OPERATOR(pg_catalog.=) 7 "},
        {STEP_ASIDE, "/* ddlguard */ DO "},
        {STEP_ASIDE, "CREATE INDEX CONCURRENTLY ddlguard_build_000000000000ab12 ON public.t"},
        {STEP_RUN, "ALTER INDEX public.ddlguard_build_000000000000ab12 RENAME TO \"I\""},
        {STEP_UNDO, "c.relname OPERATOR(pg_catalog.=) 'ddlguard_build_000000000000ab12'"},
    };
    struct one one;
    struct plan plan;
    one_make(&one, "CREATE INDEX \"I\" ON t (a)");
    one.facts.server_pid = 7;
    assert_true(is_aside(&one, &plan));
    assert_int_equal(plan.count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < plan.count; i++) {
        const struct step *step = &plan.steps[i];
        const char *part = expected[i].part;
        assert_int_equal(step->kind, expected[i].kind);
        assert_non_null(memmem(step->sql.at, step->sql.length, part, strlen(part)));
    }
    assert_string_equal(plan.tag, "CREATE INDEX");
    plan_free(&plan);
}

static void not_everything_is_built_beside_it(void **state)
{
    (void)state;
    struct one one;
    struct plan plan;
    one_make(&one, "CREATE INDEX i ON t (a)");
    one.facts.bytes = 8192; /* sooner built than a connection made */
    assert_false(is_aside(&one, &plan));
    plan_free(&plan);
    one.facts.bytes = 1 << 30;
    one.facts.index.exists = true; /* the server will say so at once */
    assert_false(is_aside(&one, &plan));
    plan_free(&plan);
    one.facts.index.exists = false;
    one.facts.server_version = 110022; /* renaming an index locks everybody out there */
    assert_false(is_aside(&one, &plan));
    plan_free(&plan);
    one.facts.server_version = 140003; /* CONCURRENTLY can corrupt it */
    assert_false(is_aside(&one, &plan));
    plan_free(&plan);
    one.facts.server_version = 150020;
    one.facts.new_here = true; /* nobody else can see the table */
    assert_false(is_aside(&one, &plan));
    plan_free(&plan);
}

/* Steps, notice and hint tile the one text. */
static void every_text_lies_in_the_plans_own(void **state)
{
    (void)state;
    static const char *const texts[] = {"CREATE INDEX i ON t (a)", "ALTER TABLE t ADD c int",
                                        "REINDEX TABLE t", "ALTER TABLE t FROBNICATE", "COMMIT"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct one one;
        struct plan plan;
        size_t sum = 0;
        one_make(&one, texts[i]);
        assert_true(plan_build(&one.request, &plan));
        for (size_t k = 0; k < plan.count; k++) {
            assert_true(plan.steps[k].sql.length == 0 ||
                        plan.steps[k].sql.at == plan.text.at + sum);
            sum += plan.steps[k].sql.length;
        }
        assert_true(plan.notice.length == 0 || plan.notice.at == plan.text.at + sum);
        sum += plan.notice.length + plan.notice_hint.length;
        assert_int_equal(sum, plan.text.length);
        plan_free(&plan);
    }
}

static void timeouts_come_from_the_settings(void **state)
{
    (void)state;
    struct one one;
    struct plan plan;
    one_make(&one, "CREATE INDEX i ON t (a)");
    one.settings.timeouts = (struct timeouts){.lock_ms = 1,
                                              .total_ms = 2,
                                              .attempts = 3,
                                              .backoff_ms = 4,
                                              .backoff_max_ms = 5,
                                              .concurrent_lock_ms = 60000,
                                              .concurrent_total_ms = 7};
    assert_true(plan_build(&one.request, &plan));
    assert_int_equal(plan.attempts, 3);
    assert_int_equal(plan.total_ms, 2);
    assert_int_equal(plan.backoff_ms, 4);
    assert_int_equal(plan.backoff_max_ms, 5);
    assert_int_equal(plan.deadline_ms, 7);
    assert_non_null(memmem(plan.steps[0].sql.at, plan.steps[0].sql.length, "'60000ms'", 9));
    plan_free(&plan);

    one.decision.verdict = VERDICT_ALLOW;
    one.decision.fired_count = 0;
    assert_true(plan_build(&one.request, &plan));
    assert_int_equal(plan.lock_timeout_ms, 1500); /* never below deadlock_timeout + 500 ms */
    assert_int_equal(plan.deadline_ms, 0);
    plan_free(&plan);
}

static void a_plan_can_be_read_by_people(void **state)
{
    (void)state;
    struct one one;
    struct plan plan;
    struct buffer out = {0};
    one_make(&one, "ALTER TABLE t\n  ADD c int");
    assert_true(plan_build(&one.request, &plan));
    plan_describe(&plan, one.request.text, &out);
    buffer_append_u8(&out, '\0');
    assert_string_equal(
        (const char *)out.at,
        "guard    /* ddlguard */ SELECT pg_catalog.set_config('lock_timeout', '2000ms', false)\n"
        "run      ALTER TABLE t   ADD c int\n"
        "restore  /* ddlguard */ SELECT pg_catalog.set_config('lock_timeout', '0', false) WHERE "
        "pg_catalog.current_setting('lock_timeout')::pg_catalog.interval "
        "OPERATOR(pg_catalog.=) '2000ms'::pg_catalog.interval\n");
    buffer_free(&out);
    plan_free(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_insertion_is_told_for_error_positions),
        cmocka_unit_test(an_index_is_built_beside_a_transaction),
        cmocka_unit_test(not_everything_is_built_beside_it),
        cmocka_unit_test(what_cannot_be_proved_runs_as_it_came),
        cmocka_unit_test(every_text_lies_in_the_plans_own),
        cmocka_unit_test(timeouts_come_from_the_settings),
        cmocka_unit_test(a_plan_can_be_read_by_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
