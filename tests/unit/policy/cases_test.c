/* Decisions and plans as text: every case of tests/cases/(name).case, see case_file.h.
 * Expectations:
 *
 *      verdict: allow warn         one word for each statement
 *      rules: id(action) …        what fired, strongest first; none: -
 *      steps: guard run restore    the plan's steps, in order
 *      undone: 4! 2                the steps that the UNDOs are for, ! also when they fail
 *      says: 23502 a               what stands for the server's words about one of the steps
 *      gate: TEXT                  one of the steps of that kind contains TEXT; likewise for all
 * kinds run: -                      the RUN is the client's own text notice: TEXT  hint: TEXT
 * contains TEXT; nothing at all: - plan: attempts=10 retry_from=1 lock=2000 deadline=0 local=1
 * retry=run,gate */
#include "policy/plan.h"

#include <glob.h>

#include "tests/unit/policy/case_file.h"
#include "tests/unit/policy/statements.h"

#define STATEMENTS_MAX 8
#define PARSE_LIMIT    1024

/* What the policy makes of a case. */
struct outcome {
    struct statement statements[STATEMENTS_MAX];
    struct decision decisions[STATEMENTS_MAX];
    size_t count;
    struct plan plan;
};

/* The verdict that the case puts in the place of the rules'. */
static void outcome_force(const struct test_case *test, struct decision *decision)
{
    for (int i = VERDICT_ALLOW; test->decided[0] != '\0' && i <= VERDICT_BLOCK; i++) {
        if (strcmp(verdict_name((enum verdict)i), test->decided) == 0) {
            decision->verdict = (enum verdict)i;
        }
    }
}

static void outcome_make(const struct test_case *test, struct outcome *out)
{
    struct span text = span_text(test->sql);
    struct situation now = test->now;
    struct facts facts = test->facts;
    facts.partitions = test->partitions;
    facts.foreign_keys = test->foreign_keys;
    *out = (struct outcome){0};
    out->count = statements_of(text, PARSE_LIMIT, out->statements, STATEMENTS_MAX);
    now.alone = now.alone && out->count == 1;
    for (size_t i = 0; i < out->count; i++) {
        now.early |= now.in_transaction && statement_is_early(&out->statements[i]);
    }
    struct settings settings = case_resolve(test, &out->statements[0]);
    for (size_t i = 0; i < out->count; i++) {
        out->decisions[i] = decide_in_text(text, &out->statements[i], &now, &facts, &settings);
        outcome_force(test, &out->decisions[i]);
    }
    struct plan_request request = {.statements = out->statements,
                                   .count = out->count,
                                   .text = text,
                                   .decisions = out->decisions,
                                   .now = &now,
                                   .facts = &facts,
                                   .settings = &settings,
                                   .parse_limit = PARSE_LIMIT};
    assert_true(plan_build(&request, &out->plan));
}

static void text_append(struct buffer *out, const char *word)
{
    buffer_append_text(out, out->length > 0 ? " " : "");
    buffer_append_text(out, word);
}

static void text_of_rules(const struct outcome *outcome, struct buffer *out)
{
    for (size_t i = 0; i < outcome->count; i++) {
        const struct decision *decision = &outcome->decisions[i];
        for (size_t k = 0; k < decision->fired_count; k++) {
            text_append(out, decision->fired[k].rule->id);
            buffer_append_format(out, "(%s)", settings_action_name(decision->fired[k].action));
        }
    }
    buffer_append_text(out, out->length == 0 ? "-" : "");
}

/* Of the client's own statement. */
static size_t retry_from_of(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->steps[i].kind == STEP_RUN) {
            return plan->steps[i].retry_from;
        }
    }
    return 0;
}

static void text_of_plan(const struct plan *plan, struct buffer *out)
{
    buffer_append_format(out, "attempts=%u retry_from=%zu lock=%u deadline=%u local=%d retry=",
                         (unsigned)plan->attempts, retry_from_of(plan),
                         (unsigned)plan->lock_timeout_ms, (unsigned)plan->deadline_ms,
                         plan->guard_local);
    bool first = true;
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->steps[i].retry) {
            buffer_append_format(out, "%s%s", first ? "" : ",",
                                 step_kind_name(plan->steps[i].kind));
            first = false;
        }
    }
}

static void text_of_undone(const struct plan *plan, struct buffer *out)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->steps[i].kind == STEP_UNDO) {
            buffer_append_format(out, out->length > 0 ? " %zu%s" : "%zu%s", plan->steps[i].undo_of,
                                 plan->steps[i].undo_started ? "!" : "");
        }
    }
}

static void text_of_says(const struct plan *plan, struct buffer *out)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->steps[i].as_sqlstate != NULL) {
            text_append(out, plan->steps[i].as_sqlstate);
            buffer_append_text(out, " ");
            buffer_append_span(out, plan->steps[i].as_text);
        }
    }
}

static bool text_contains(struct span text, const char *part)
{
    return text.length > 0 && memmem(text.at, text.length, part, strlen(part)) != NULL;
}

/* "-" stands for nothing at all. */
static bool text_matches(struct span text, const char *part)
{
    return strcmp(part, "-") == 0 ? text.length == 0 : text_contains(text, part);
}

/* One expectation about a step's SQL. False also when there is no such step. */
static bool step_matches(const struct plan *plan, const struct case_line *line, struct buffer *was)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (strcmp(step_kind_name(plan->steps[i].kind), line->key) == 0) {
            buffer_append_span(was, plan->steps[i].sql);
            buffer_append_text(was, "\n");
            if (text_matches(plan->steps[i].sql, line->value)) {
                return true;
            }
        }
    }
    return false;
}

/* Whether the expectation holds; *was gets what was found. */
static bool line_holds(const struct outcome *outcome, const struct case_line *line,
                       struct buffer *was)
{
    const struct plan *plan = &outcome->plan;
    if (strcmp(line->key, "verdict") == 0) {
        for (size_t i = 0; i < outcome->count; i++) {
            text_append(was, verdict_name(outcome->decisions[i].verdict));
        }
    } else if (strcmp(line->key, "rules") == 0) {
        text_of_rules(outcome, was);
    } else if (strcmp(line->key, "steps") == 0) {
        for (size_t i = 0; i < plan->count; i++) {
            text_append(was, step_kind_name(plan->steps[i].kind));
        }
    } else if (strcmp(line->key, "undone") == 0) {
        text_of_undone(plan, was);
    } else if (strcmp(line->key, "says") == 0) {
        text_of_says(plan, was);
        return text_matches(buffer_span(was), line->value);
    } else if (strcmp(line->key, "plan") == 0) {
        text_of_plan(plan, was);
    } else if (strcmp(line->key, "notice") == 0) {
        buffer_append_span(was, plan->notice);
        return text_matches(plan->notice, line->value);
    } else if (strcmp(line->key, "hint") == 0) {
        buffer_append_span(was, plan->notice_hint);
        return text_matches(plan->notice_hint, line->value);
    } else {
        return step_matches(plan, line, was);
    }
    return span_is(buffer_span(was), line->value);
}

/* Every text of ours says whose it is, and none of them is the client's. */
static bool steps_are_signed(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        bool ours = step->kind != STEP_RUN && step->kind != STEP_NOOP;
        if (ours && !span_is(span_cut(step->sql, 0, 15), "/* ddlguard */ ")) {
            return false;
        }
    }
    return plan->count > 0;
}

static size_t case_check(const struct test_case *test)
{
    struct outcome outcome;
    size_t failures = 0;
    outcome_make(test, &outcome);
    for (size_t i = 0; i < test->expected_count; i++) {
        const struct case_line *line = &test->expected[i];
        struct buffer was = {0};
        if (!line_holds(&outcome, line, &was)) {
            fprintf(stderr, "%s:%d: %s\n  expected %s: %s\n  but was  %.*s\n", test->file,
                    line->number, test->title, line->key, line->value, (int)was.length,
                    (const char *)was.at);
            failures++;
        }
        buffer_free(&was);
    }
    if (!steps_are_signed(&outcome.plan) || test->expected_count == 0) {
        fprintf(stderr, "%s:%d: %s\n  a step without our comment, or nothing expected\n",
                test->file, test->number, test->title);
        failures++;
    }
    plan_free(&outcome.plan);
    return failures;
}

static size_t file_check(const char *name, size_t *cases)
{
    FILE *file = fopen(name, "r");
    char title[160] = "";
    int number = 0;
    size_t failures = 0;
    struct test_case test;
    assert_non_null(file);
    while (case_read(file, name, &number, title, sizeof title, &test)) {
        failures += case_check(&test);
        (*cases)++;
    }
    fclose(file);
    return failures;
}

static void every_case_holds(void **state)
{
    (void)state;
    glob_t files;
    size_t cases = 0, failures = 0;
    assert_int_equal(glob("tests/cases/*.case", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        failures += file_check(files.gl_pathv[i], &cases);
    }
    globfree(&files);
    print_message("%zu cases\n", cases);
    assert_true(cases > 0);
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_holds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
