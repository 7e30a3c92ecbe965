/* The rules as a list, and what decide makes of their answers. Which statement fires which rule is
 * in tests/cases. */
#include "policy/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct situation alone = {.alone = true};
static const struct facts nothing_known = {0};

static void every_rule_can_be_shown_and_found(void **state)
{
    (void)state;
    assert_true(rules_count() > 0);
    for (size_t i = 0; i < rules_count(); i++) {
        const struct rule *rule = rules_at(i);
        /* All but the one that is about silence, not about a statement. */
        bool of_statements = strcmp(rule->id, "ban-uncommitted-transaction") != 0;
        assert_int_equal(rule->matches != NULL || rule->concerns != NULL, of_statements);
        assert_true(rule->id[0] != '\0' &&
                    strspn(rule->id, "abcdefghijklmnopqrstuvwxyz-") == strlen(rule->id));
        assert_int_equal(rules_find(rule->id), (int)i); /* no id twice */
        /* why goes into the middle of a sentence */
        bool is_named = strncmp(rule->why, "PostgreSQL ", 11) == 0;
        assert_true((rule->why[0] >= 'a' && rule->why[0] <= 'z') || is_named);
        assert_true(rule->why[strlen(rule->why) - 1] != '.');
        assert_true(rule->hint == NULL || rule->hint[strlen(rule->hint) - 1] == '.');
        assert_true(rule->on[0] != '\0');
        assert_true(!rule->noop || rule->may_rewrite != NULL);
        assert_true(rule->guard != ACTION_DEFAULT && rule->strict != ACTION_DEFAULT);
        assert_true(rule->strict >= rule->guard);
        assert_true(rule->guard != ACTION_BLOCK); /* guard makes safe, or warns */
        bool rewrites = rule->guard == ACTION_REWRITE || rule->strict == ACTION_REWRITE;
        assert_true(!rewrites || rule->guards || rule->may_rewrite != NULL);
    }
    assert_int_equal(rules_find("no-such-rule"), -1);
    assert_int_equal(rules_find(""), -1);
}

static void names_are_those_of_the_configuration(void **state)
{
    (void)state;
    assert_string_equal(verdict_name(VERDICT_ALLOW), "allow");
    assert_string_equal(verdict_name(VERDICT_BLOCK), "block");
    assert_string_equal(settings_action_name(ACTION_DEFAULT), "default");
    assert_string_equal(settings_action_name(ACTION_REWRITE), "rewrite");
}

/* A statement that two rules have to do with: with the actions of both, the strongest comes first
 * and gives the verdict. */
static void the_strongest_rule_wins_and_all_are_kept(void **state)
{
    (void)state;
    const struct {
        enum action index, guard;
        enum verdict verdict;
        size_t fired;
        const char *first;
        bool guarded;
    } cases[] = {
        {ACTION_ALLOW, ACTION_ALLOW, VERDICT_ALLOW, 0, NULL, false},
        {ACTION_ALLOW, ACTION_REWRITE, VERDICT_ALLOW, 0, NULL, true},
        {ACTION_WARN, ACTION_REWRITE, VERDICT_WARN, 1, "require-concurrent-index-creation", true},
        {ACTION_WARN, ACTION_WARN, VERDICT_WARN, 2, "require-concurrent-index-creation", true},
        {ACTION_WARN, ACTION_BLOCK, VERDICT_BLOCK, 2, "lock-timeout", true},
        {ACTION_BLOCK, ACTION_WARN, VERDICT_BLOCK, 2, "require-concurrent-index-creation", true},
        {ACTION_BLOCK, ACTION_ALLOW, VERDICT_BLOCK, 1, "require-concurrent-index-creation", false},
    };
    const struct statement statement = {.kind = STATEMENT_CREATE_INDEX, .target = {"", "t"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings settings = settings_default();
        settings.actions[rules_find("require-concurrent-index-creation")] = cases[i].index;
        settings.actions[rules_find("lock-timeout")] = cases[i].guard;
        struct decision out = decide(&statement, &alone, &nothing_known, &settings);
        assert_int_equal(out.verdict, cases[i].verdict);
        assert_int_equal(out.fired_count, cases[i].fired);
        assert_int_equal(out.guard, cases[i].guarded);
        if (cases[i].first != NULL) {
            assert_string_equal(out.fired[0].rule->id, cases[i].first);
        }
    }
}

static void the_profile_observe_has_nothing_to_say(void **state)
{
    (void)state;
    struct settings settings = settings_default();
    settings.profile = PROFILE_OBSERVE;
    for (int kind = 0; kind <= STATEMENT_SET; kind++) {
        const struct statement statement = {.kind = (enum statement_kind)kind};
        struct decision out = decide(&statement, &alone, &nothing_known, &settings);
        assert_int_equal(out.verdict, VERDICT_ALLOW);
        assert_int_equal(out.fired_count, 0);
        assert_false(out.guard);
    }
}

/* What somebody has switched off for some is kept, with who it was; what is off for all is not. */
static void an_exception_is_kept_with_its_origin(void **state)
{
    (void)state;
    const struct statement statement = {.kind = STATEMENT_ALTER_TABLE};
    const int rule = rules_find("lock-timeout");
    const struct {
        enum origin_kind kind;
        size_t fired;
    } cases[] = {{ORIGIN_BASE, 0}, {ORIGIN_OVERRIDE, 1}, {ORIGIN_COMMENT, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings settings = settings_default();
        settings.actions[rule] = ACTION_ALLOW;
        settings.origins[rule] = (struct origin){.kind = cases[i].kind, .override = 7};
        struct decision out = decide(&statement, &alone, &nothing_known, &settings);
        assert_int_equal(out.fired_count, cases[i].fired);
        assert_int_equal(out.verdict, VERDICT_ALLOW);
        assert_false(out.guard);
        if (cases[i].fired > 0) {
            assert_string_equal(out.fired[0].rule->id, "lock-timeout");
            assert_int_equal(out.fired[0].action, ACTION_ALLOW);
            assert_int_equal(out.fired[0].origin.kind, cases[i].kind);
            assert_int_equal(out.fired[0].origin.override, 7);
        }
    }
}

/* Every rule at every action, on every kind of statement, known or unknown: the verdict is the
 * strongest of what fired, and the order is by strength. */
static void a_verdict_is_never_weaker_than_what_fired(void **state)
{
    (void)state;
    static const enum verdict verdict_of[] = {[ACTION_ALLOW] = VERDICT_ALLOW,
                                              [ACTION_WARN] = VERDICT_WARN,
                                              [ACTION_REWRITE] = VERDICT_REWRITE,
                                              [ACTION_BLOCK] = VERDICT_BLOCK};
    struct facts known = {.known = true, .target_known = true, .exists = true, .kind = 'r'};
    for (int kind = 0; kind <= STATEMENT_SET; kind++) {
        for (int action = ACTION_DEFAULT; action <= ACTION_BLOCK; action++) {
            struct settings settings = settings_default();
            for (size_t i = 0; i < RULES_MAX; i++) {
                settings.actions[i] = (enum action)action;
            }
            const struct statement statement = {.kind = (enum statement_kind)kind};
            for (int both = 0; both < 2; both++) {
                struct decision out =
                    decide(&statement, &alone, both ? &known : &nothing_known, &settings);
                enum action strongest = ACTION_ALLOW;
                for (size_t i = 0; i < out.fired_count; i++) {
                    assert_true(i == 0 || out.fired[i].action <= out.fired[i - 1].action);
                    strongest = i == 0 ? out.fired[i].action : strongest;
                }
                assert_int_equal(out.verdict, verdict_of[strongest]);
                assert_true(action != ACTION_ALLOW || (out.fired_count == 0 && !out.guard));
            }
        }
    }
}

/* Work under a lock: nothing is said of a small table, and a large one is left alone, unless the
 * administrator has said what the rule does. */
static void work_is_weighed_by_the_size_of_the_table(void **state)
{
    (void)state;
    const struct settings defaults = settings_default();
    const int64_t small = defaults.small_table_bytes, large = defaults.large_table_bytes;
    const struct {
        enum profile profile;
        enum action said;
        bool known;
        int64_t bytes;
        enum verdict verdict;
    } cases[] = {
        {PROFILE_GUARD, ACTION_DEFAULT, true, small, VERDICT_ALLOW},
        {PROFILE_GUARD, ACTION_DEFAULT, true, small + 1, VERDICT_WARN},
        {PROFILE_GUARD, ACTION_DEFAULT, true, large - 1, VERDICT_WARN},
        {PROFILE_GUARD, ACTION_DEFAULT, true, large, VERDICT_BLOCK},
        {PROFILE_GUARD, ACTION_DEFAULT, true, -1, VERDICT_WARN},
        {PROFILE_GUARD, ACTION_DEFAULT, false, large, VERDICT_WARN},
        {PROFILE_GUARD, ACTION_WARN, true, large, VERDICT_WARN},
        {PROFILE_GUARD, ACTION_WARN, true, small, VERDICT_WARN},
        {PROFILE_STRICT, ACTION_DEFAULT, true, small, VERDICT_ALLOW},
        {PROFILE_STRICT, ACTION_DEFAULT, true, small + 1, VERDICT_BLOCK},
        {PROFILE_STRICT, ACTION_DEFAULT, false, 0, VERDICT_BLOCK},
        {PROFILE_OBSERVE, ACTION_DEFAULT, true, large, VERDICT_ALLOW},
    };
    struct statement statement = {.kind = STATEMENT_ALTER_TABLE,
                                  .tag = "ALTER TABLE",
                                  .target = {"", "t"},
                                  .action_count = 1};
    statement.actions[0].kind = ALTER_ADD_EXCLUSION;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings settings = defaults;
        settings.profile = cases[i].profile;
        settings.actions[rules_find("add-exclusion-constraint")] = cases[i].said;
        const struct facts facts = {.known = true,
                                    .target_known = cases[i].known,
                                    .exists = true,
                                    .kind = 'r',
                                    .bytes = cases[i].bytes};
        assert_int_equal(decide(&statement, &alone, &facts, &settings).verdict, cases[i].verdict);
    }
}

/* A rule without a rewrite that is asked for one can only warn. */
static void what_cannot_be_rewritten_is_a_warning(void **state)
{
    (void)state;
    struct settings settings = settings_default();
    settings.actions[rules_find("unparsed")] = ACTION_REWRITE;
    const struct statement statement = {.kind = STATEMENT_UNPARSED};
    struct decision out = decide(&statement, &alone, &nothing_known, &settings);
    assert_int_equal(out.verdict, VERDICT_WARN);
    assert_int_equal(out.fired[0].action, ACTION_WARN);
    assert_null(out.fired[0].not_because);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_can_be_shown_and_found),
        cmocka_unit_test(names_are_those_of_the_configuration),
        cmocka_unit_test(the_strongest_rule_wins_and_all_are_kept),
        cmocka_unit_test(the_profile_observe_has_nothing_to_say),
        cmocka_unit_test(an_exception_is_kept_with_its_origin),
        cmocka_unit_test(a_verdict_is_never_weaker_than_what_fired),
        cmocka_unit_test(work_is_weighed_by_the_size_of_the_table),
        cmocka_unit_test(what_cannot_be_rewritten_is_a_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
