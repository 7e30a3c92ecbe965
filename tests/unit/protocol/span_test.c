/* Cutting never leaves the span, whatever it is asked for. */
#include "protocol/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void cutting_stays_within_the_span(void **state)
{
    (void)state;
    struct span whole = span_text("0123456789");
    const struct {
        size_t from, length;
        const char *expected;
    } cases[] = {
        {0, 10, "0123456789"},    {0, 0, ""},  {3, 4, "3456"}, {3, 100, "3456789"},
        {3, SIZE_MAX, "3456789"}, {9, 1, "9"}, {10, 1, ""},    {11, 1, ""},
        {SIZE_MAX, SIZE_MAX, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct span cut = span_cut(whole, cases[i].from, cases[i].length);
        assert_true(span_is(cut, cases[i].expected));
        assert_true(cut.at >= whole.at && cut.at + cut.length <= whole.at + whole.length);
    }
    assert_true(span_is(span_from(whole, 7), "789"));
    assert_int_equal(span_from(whole, SIZE_MAX).length, 0);
}

static void nothing_is_a_span_too(void **state)
{
    (void)state;
    struct span nothing = {0};
    assert_null(span_cut(nothing, 1, 1).at);
    assert_null(span_from(nothing, 5).at);
    assert_int_equal(span_text(NULL).length, 0);
    assert_true(span_equal(nothing, span_text("")));
    assert_true(span_is(nothing, ""));
}

static void equality_is_of_bytes(void **state)
{
    (void)state;
    assert_true(span_equal(span_of("a\0b", 3), span_of("a\0b", 3)));
    assert_false(span_equal(span_of("a\0b", 3), span_of("a\0c", 3)));
    assert_false(span_is(span_of("a\0", 2), "a"));
    assert_false(span_is(span_text("user"), "users"));
    assert_false(span_is(span_text("User"), "user"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cutting_stays_within_the_span),
        cmocka_unit_test(nothing_is_a_span_too),
        cmocka_unit_test(equality_is_of_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
