/* The cursor: what it reads, that it stops at the end, and that a failure sticks. */
#include "protocol/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/guard.h"

static const uint8_t body[] = {0xfe, 0x01, 0x02, 0x80, 0x00, 0x00, 0x01,
                               'a',  'b',  0,    0,    'x',  'y',  'z'};

static void fields_are_read_in_order(void **state)
{
    (void)state;
    struct reader reader = reader_of(span_of(body, sizeof body));
    assert_int_equal(reader_u8(&reader), 0xfe);
    assert_int_equal(reader_u16(&reader), 0x0102);
    assert_int_equal(reader_u32(&reader), 0x80000001);
    assert_true(span_is(reader_text(&reader), "ab"));
    struct span empty = reader_text(&reader);
    assert_int_equal(empty.length, 0);
    assert_non_null(empty.at); /* there, but empty */
    assert_false(reader_finish(&reader));
    assert_true(span_is(reader_bytes(&reader, 3), "xyz"));
    assert_true(reader_finish(&reader));
    assert_int_equal(reader_bytes(&reader, 0).length, 0);
    assert_true(reader_finish(&reader));
}

/* Every way to read, at every length that is too short for it. */
static void nothing_is_read_beyond_the_end(void **state)
{
    (void)state;
    struct guard guard = guard_new(16);
    for (size_t length = 0; length < 4; length++) {
        struct span in = guard_place(&guard, span_of("abcd", length));
        struct reader u8 = reader_of(in), u16 = u8, u32 = u8, text = u8, bytes = u8, huge = u8;
        assert_int_equal(reader_u8(&u8), length == 0 ? 0 : 'a');
        assert_int_equal(u8.bad, length < 1);
        assert_int_equal(reader_u16(&u16), length < 2 ? 0 : 'a' << 8 | 'b');
        assert_int_equal(u16.bad, length < 2);
        assert_int_equal(reader_u32(&u32), 0);
        assert_true(u32.bad);
        assert_null(reader_text(&text).at); /* no NUL before the end */
        assert_true(text.bad);
        assert_null(reader_bytes(&bytes, length + 1).at);
        assert_true(bytes.bad);
        assert_null(reader_bytes(&huge, SIZE_MAX).at);
        assert_true(huge.bad);
    }
    guard_free(&guard);
}

static void a_failure_sticks(void **state)
{
    (void)state;
    struct reader reader = reader_of(span_of(body, sizeof body));
    assert_int_equal(reader_bytes(&reader, sizeof body + 1).length, 0);
    assert_true(reader.bad);
    assert_int_equal(reader_u8(&reader), 0);
    assert_int_equal(reader_u16(&reader), 0);
    assert_int_equal(reader_u32(&reader), 0);
    assert_null(reader_text(&reader).at);
    assert_null(reader_bytes(&reader, 0).at);
    assert_int_equal(reader.rest.length, sizeof body); /* it did not move */
    assert_false(reader_finish(&reader));
}

static void an_empty_body_is_finished_at_once(void **state)
{
    (void)state;
    struct reader reader = reader_of((struct span){0});
    assert_true(reader_finish(&reader));
    assert_null(reader_text(&reader).at);
    assert_false(reader_finish(&reader));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read_in_order),
        cmocka_unit_test(nothing_is_read_beyond_the_end),
        cmocka_unit_test(a_failure_sticks),
        cmocka_unit_test(an_empty_body_is_finished_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
