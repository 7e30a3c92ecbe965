/* Patterns with stars and question marks. */
#include "policy/glob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/guard.h"

static void globs_match_as_in_a_shell(void **state)
{
    (void)state;
    const struct {
        const char *pattern, *text;
        bool expected;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "anything", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"abc", "abc", true},
        {"abc", "ABC", false},
        {"abc", "abcd", false},
        {"abcd", "abc", false},
        {"a*", "a", true},
        {"*a", "ba", true},
        {"*a", "bab", false},
        {"a*c", "abbbc", true},
        {"a*c", "abbb", false},
        {"a*b*c", "aXbYbZc", true}, /* the second star must not be kept to its first match */
        {"*aab", "aaaab", true},    /* nor the first one */
        {"a**b", "ab", true},
        {"*?", "a", true},
        {"*?", "", false},
        {"a.b", "axb", false}, /* a dot is a dot */
        {"[a]", "[a]", true},  /* and a bracket a bracket */
        {"\\*", "*", false},
        {"\xc3\xa9*", "\xc3\xa9t\xc3\xa9", true},
    };
    struct guard pattern = guard_new(16), text = guard_new(16);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length = strlen(cases[i].pattern) + 1;
        const uint8_t *p = guard_place(&pattern, span_of(cases[i].pattern, length)).at;
        length = strlen(cases[i].text) + 1;
        const uint8_t *t = guard_place(&text, span_of(cases[i].text, length)).at;
        if (glob_matches((const char *)p, (const char *)t) != cases[i].expected) {
            fail_msg("'%s' against '%s'", cases[i].pattern, cases[i].text);
        }
    }
    guard_free(&pattern);
    guard_free(&text);
}

/* Each star may be tried at each place: the time must not explode with the number of stars. */
static void a_glob_of_many_stars_is_soon_done(void **state)
{
    (void)state;
    char text[4096];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(glob_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs_match_as_in_a_shell),
        cmocka_unit_test(a_glob_of_many_stars_is_soon_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
