/* docs/rules.md is what the program writes, and says something about every rule. */
#include "proxy/cli/rules_cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void the_manual_is_up_to_date(void **state)
{
    (void)state;
    struct buffer written = {0};
    rules_append_markdown(&written);
    assert_false(written.failed);
    FILE *file = fopen("docs/rules.md", "r");
    assert_non_null(file);
    struct buffer manual = {0};
    assert_true(buffer_reserve(&manual, written.length + 1));
    manual.length = fread(manual.at, 1, written.length + 1, file);
    fclose(file);
    if (manual.length != written.length || memcmp(manual.at, written.at, written.length) != 0) {
        fail_msg("docs/rules.md is out of date: ddlguard rules --markdown >docs/rules.md");
    }
    buffer_free(&manual);
    buffer_free(&written);
}

static void every_rule_is_in_it(void **state)
{
    (void)state;
    struct buffer written = {0};
    rules_append_markdown(&written);
    buffer_append_u8(&written, 0);
    for (size_t i = 0; i < rules_count(); i++) {
        char heading[128];
        snprintf(heading, sizeof heading, "\n### %s\n", rules_at(i)->id);
        assert_non_null(strstr((const char *)written.at, heading));
        assert_true(rules_describe_action(rules_at(i), PROFILE_GUARD)[0] != '\0');
    }
    buffer_free(&written);
}

static void actions_are_described_as_they_are(void **state)
{
    (void)state;
    const struct {
        const char *id, *guard, *strict;
    } cases[] = {
        {"lock-timeout", "guard", "guard"},
        {"nothing-to-change", "run nothing", "run nothing"},
        {"adding-domain-field", "warn, block by size", "block, but for small tables"},
        {"require-concurrent-reindex", "rewrite, else warn", "rewrite, else block"},
        {"ban-drop-column", "warn", "block"},
        {"prefer-text-field", "off", "off"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct rule *rule = rules_at((size_t)rules_find(cases[i].id));
        assert_string_equal(rules_describe_action(rule, PROFILE_GUARD), cases[i].guard);
        assert_string_equal(rules_describe_action(rule, PROFILE_STRICT), cases[i].strict);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manual_is_up_to_date),
        cmocka_unit_test(every_rule_is_in_it),
        cmocka_unit_test(actions_are_described_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
