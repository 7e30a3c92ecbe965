/* Lines, columns, and foreign bytes made fit to be shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* behind its prerequisites */
#include <cmocka.h>

#include "proxy/cli/check_place.h"
#include "tests/unit/guard.h"

/* From every place to every other, forward and back, it is the same place. */
static void test_places(void **state)
{
    (void)state;
    struct guard guard = guard_new(4096);
    struct span text = guard_place(&guard, span_text("ab\n\n\tä€ x\r\nlast"));
    static const size_t expected[][3] = {{0, 1, 1},  {1, 1, 2},  {2, 1, 3}, {3, 2, 1},
                                         {4, 3, 1},  {5, 3, 2},  {7, 3, 3}, {10, 3, 4},
                                         {11, 3, 5}, {14, 4, 1}, {18, 4, 5}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        struct check_place one = check_place_of(text, CHECK_PLACE_START, expected[i][0]);
        assert_int_equal(one.line, expected[i][1]);
        assert_int_equal(one.column, expected[i][2]);
        for (size_t j = 0; j < sizeof expected / sizeof *expected; j++) {
            struct check_place other = check_place_of(text, one, expected[j][0]);
            assert_int_equal(other.line, expected[j][1]);
            assert_int_equal(other.column, expected[j][2]);
        }
    }
    guard_free(&guard);
}

static void assert_span(struct span got, const char *expected)
{
    assert_int_equal(got.length, strlen(expected));
    assert_memory_equal(got.at, expected, got.length);
}

static void test_excerpt(void **state)
{
    (void)state;
    struct check_excerpt excerpt = check_excerpt_at(span_text("one\ntwo three\r\nfour"), 8);
    assert_span(excerpt.text, "two three");
    assert_span(excerpt.before, "two ");
    assert_false(excerpt.cut_off || excerpt.cut_away);
    excerpt = check_excerpt_at(span_text("one\n"), 4); /* behind the end */
    assert_span(excerpt.text, "");
    excerpt = check_excerpt_at(span_text("one"), 3);
    assert_span(excerpt.text, "one");
    assert_span(excerpt.before, "one");
    excerpt = check_excerpt_at(span_of(NULL, 0), 0);
    assert_span(excerpt.text, "");
}

/* Of a line without end only so much is shown, and no half characters. */
static void test_excerpt_of_long_line(void **state)
{
    (void)state;
    struct buffer text = {0};
    for (size_t i = 0; i < 1000; i++) {
        buffer_append_text(&text, "äö"); /* of two bytes each */
    }
    for (size_t at = 400; at < 404; at += 2) {
        struct check_excerpt excerpt = check_excerpt_at(buffer_span(&text), at);
        assert_true(excerpt.cut_off && excerpt.cut_away);
        assert_true(excerpt.text.length < 200 && excerpt.text.length > 100);
        assert_int_equal(excerpt.text.at[0], 0xc3);
        assert_int_equal(excerpt.text.length % 2, 0);
        assert_int_equal(excerpt.before.length % 2, 0);
        assert_ptr_equal(excerpt.before.at + excerpt.before.length, text.at + at);
    }
    buffer_free(&text);
}

#define BAD "\xef\xbf\xbd"

static void test_foreign_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *utf8, *visible, *line;
    } rows[] = {
        {"plain", "plain", "plain", "plain"},
        {"ä€𝄞", "ä€𝄞", "ä€𝄞", "ä€𝄞"},
        {"\tx", "\tx", "\tx", "x"},
        {"a \r\n  b ", "a \r\n  b ", "a " BAD BAD "  b ", "a b"},
        {"\x1b[31m", "\x1b[31m", BAD "[31m", BAD "[31m"},
        {"\xc2\x9b"
         "31m",
         "\xc2\x9b"
         "31m",
         BAD "31m", BAD "31m"}, /* a control character, too */
        {"\xff", BAD, BAD, BAD},
        {"\xc3", BAD, BAD, BAD},                                 /* cut short */
        {"\xc0\xaf", BAD BAD, BAD BAD, BAD BAD},                 /* '/', longer than needed */
        {"\xed\xa0\x80", BAD BAD BAD, BAD BAD BAD, BAD BAD BAD}, /* half of a pair of UTF-16 */
        {"\xf4\x90\x80\x80", BAD BAD BAD BAD, BAD BAD BAD BAD, BAD BAD BAD BAD},
    };
    struct guard guard = guard_new(4096);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct span text = guard_place(&guard, span_text(rows[i].text));
        struct buffer utf8 = {0};
        struct buffer visible = {0};
        struct buffer line = {0};
        check_append_utf8(&utf8, text);
        check_append_visible(&visible, text);
        check_append_line(&line, text, 100);
        assert_span(buffer_span(&utf8), rows[i].utf8);
        assert_span(buffer_span(&visible), rows[i].visible);
        assert_span(buffer_span(&line), rows[i].line);
        buffer_free(&utf8);
        buffer_free(&visible);
        buffer_free(&line);
    }
    guard_free(&guard);
}

static void test_long_message_is_cut(void **state)
{
    (void)state;
    struct buffer out = {0};
    check_append_line(&out, span_text("abcdefgh"), 5);
    assert_span(buffer_span(&out), "abcde…");
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_excerpt),
        cmocka_unit_test(test_excerpt_of_long_line),
        cmocka_unit_test(test_foreign_bytes),
        cmocka_unit_test(test_long_message_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
