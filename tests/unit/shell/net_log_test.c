/* Log lines: one event each, and no value can make up a key or a line. */
#include "proxy/net/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void values_are_quoted_where_they_must_be(void **state)
{
    (void)state;
    static const struct {
        const char *value, *shown;
    } rows[] = {
        {"app", " user=app"},
        {"127.0.0.1:5432", " user=127.0.0.1:5432"},
        {"", " user=\"\""},
        {"two words", " user=\"two words\""},
        {"a=b", " user=\"a=b\""},
        {"say \"hi\"", " user=\"say \\\"hi\\\"\""},
        {"back\\slash", " user=\"back\\\\slash\""},
        {"one\nlevel=error", " user=\"one\\nlevel=error\""},
        {"\x1b[31m\r\x7f", " user=\"\\x1b[31m\\x0d\\x7f\""},
        {"grün", " user=grün"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer line = {0};
        log_text(&line, "user", span_text(rows[i].value));
        buffer_append_u8(&line, 0);
        assert_string_equal((const char *)line.at, rows[i].shown);
        buffer_free(&line);
    }
}

static void a_nul_byte_does_not_end_the_value(void **state)
{
    (void)state;
    struct buffer line = {0};
    log_text(&line, "user", span_of("a\0b", 3));
    assert_true(span_is(buffer_span(&line), " user=\"a\\x00b\""));
    buffer_free(&line);
}

static void a_line_begins_with_time_level_and_event(void **state)
{
    (void)state;
    struct buffer line = log_begin(LOG_WARN, "refused");
    log_number(&line, "session", UINT64_MAX);
    buffer_append_u8(&line, 0);
    const char *text = (const char *)line.at;
    assert_memory_equal(text, "time=2", 6);
    assert_string_equal(text + strlen("time=2026-01-31T09:30:00.123456Z"),
                        " level=warn event=refused session=18446744073709551615");
    buffer_free(&line);
}

static void levels_have_names_and_an_order(void **state)
{
    (void)state;
    enum log_level level = LOG_DEBUG;
    assert_true(log_level_parse(span_text("error"), &level));
    assert_int_equal(level, LOG_ERROR);
    assert_true(log_level_parse(span_text("info"), &level));
    assert_false(log_level_parse(span_text("INFO"), &level));
    assert_false(log_level_parse(span_text(""), &level));
    assert_int_equal(level, LOG_INFO);
    assert_true(log_shows(level, LOG_WARN));
    assert_true(log_shows(level, LOG_INFO));
    assert_false(log_shows(level, LOG_DEBUG));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_quoted_where_they_must_be),
        cmocka_unit_test(a_nul_byte_does_not_end_the_value),
        cmocka_unit_test(a_line_begins_with_time_level_and_event),
        cmocka_unit_test(levels_have_names_and_an_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
