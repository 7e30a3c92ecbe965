/* Framing: lengths at their limits, headers cut short, and frames of our own. */
#include "protocol/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/guard.h"

static void a_length_word_is_taken_or_refused(void **state)
{
    (void)state;
    const struct {
        uint32_t word, limit;
        enum frame_status expected;
    } cases[] = {
        {0, FRAME_LIMIT, FRAME_BAD},
        {3, FRAME_LIMIT, FRAME_BAD}, /* does not even count itself */
        {4, FRAME_LIMIT, FRAME_READY},
        {FRAME_LIMIT, FRAME_LIMIT, FRAME_READY},
        {FRAME_LIMIT + 1, FRAME_LIMIT, FRAME_BAD},
        {0x7fffffff, FRAME_LIMIT, FRAME_BAD},
        {0x80000000, FRAME_LIMIT, FRAME_BAD}, /* negative, to who reads it as signed */
        {0xffffffff, FRAME_LIMIT, FRAME_BAD},
        {FRAME_LIMIT_LOGIN, FRAME_LIMIT_LOGIN, FRAME_READY},
        {FRAME_LIMIT_LOGIN + 1, FRAME_LIMIT_LOGIN, FRAME_BAD},
    };
    struct guard guard = guard_new(FRAME_HEADER_BYTES);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t word = cases[i].word;
        const uint8_t header[] = {'Q', (uint8_t)(word >> 24), (uint8_t)(word >> 16),
                                  (uint8_t)(word >> 8), (uint8_t)word};
        struct span in = guard_place(&guard, span_of(header, sizeof header));
        struct frame frame = {0};
        assert_int_equal(frame_peek(in, cases[i].limit, &frame), cases[i].expected);
        if (cases[i].expected == FRAME_READY) {
            assert_int_equal(frame.tag, 'Q');
            assert_int_equal(frame.length, (size_t)word + 1);
        }
    }
    guard_free(&guard);
}

static void a_header_cut_short_is_no_verdict(void **state)
{
    (void)state;
    struct guard guard = guard_new(FRAME_HEADER_BYTES);
    struct frame frame = {0};
    for (size_t length = 0; length < FRAME_HEADER_BYTES; length++) {
        struct span in = guard_place(&guard, span_of("Q\xff\xff\xff\xff", length));
        assert_int_equal(frame_peek(in, FRAME_LIMIT, &frame), FRAME_MORE);
    }
    for (size_t length = 0; length < 4; length++) {
        struct span in = guard_place(&guard, span_of("\xff\xff\xff\xff", length));
        assert_int_equal(frame_peek_startup(in, &frame), FRAME_MORE);
    }
    guard_free(&guard);
}

static void a_startup_length_is_taken_or_refused(void **state)
{
    (void)state;
    const struct {
        uint32_t word;
        enum frame_status expected;
    } cases[] = {
        {0, FRAME_BAD},          {7, FRAME_BAD},          {8, FRAME_READY},
        {10004, FRAME_READY},    {10005, FRAME_BAD},      {0x80000008, FRAME_BAD},
        {0xffffffff, FRAME_BAD}, {0x16030100, FRAME_BAD}, /* a TLS ClientHello */
    };
    struct guard guard = guard_new(4);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t word = cases[i].word;
        const uint8_t header[] = {(uint8_t)(word >> 24), (uint8_t)(word >> 16),
                                  (uint8_t)(word >> 8), (uint8_t)word};
        struct span in = guard_place(&guard, span_of(header, sizeof header));
        struct frame frame = {0};
        assert_int_equal(frame_peek_startup(in, &frame), cases[i].expected);
        if (cases[i].expected == FRAME_READY) {
            assert_int_equal(frame.tag, 0);
            assert_int_equal(frame.length, word);
        }
    }
    guard_free(&guard);
}

static void a_body_is_what_follows_the_header(void **state)
{
    (void)state;
    struct frame frame;
    struct span in = span_of("Z\0\0\0\x05IQ\0\0\0\x04", 11);
    assert_int_equal(frame_peek(in, FRAME_LIMIT, &frame), FRAME_READY);
    assert_true(frame_is_whole(frame, in));
    assert_false(frame_is_whole(frame, span_cut(in, 0, 5)));
    assert_true(span_is(frame_body(frame, in), "I"));

    struct span next = span_from(in, frame.length);
    assert_int_equal(frame_peek(next, FRAME_LIMIT, &frame), FRAME_READY);
    assert_int_equal(frame_body(frame, next).length, 0);

    struct span startup = span_of("\0\0\0\x08\x04\xd2\x16\x2f", 8);
    assert_int_equal(frame_peek_startup(startup, &frame), FRAME_READY);
    assert_true(span_equal(frame_body(frame, startup), span_from(startup, 4)));
}

static void our_frames_carry_their_length(void **state)
{
    (void)state;
    struct buffer out = {0};
    size_t length_at = frame_begin(&out, 'Q');
    frame_append_text(&out, span_text("SELECT 1"));
    frame_end(&out, length_at);
    length_at = frame_begin(&out, 0);
    buffer_append_u32(&out, 0x01020304);
    frame_append_text(&out, (struct span){0});
    frame_end(&out, length_at);
    const uint8_t expected[] = "Q\0\0\0\x0dSELECT 1\0\0\0\0\x09\1\2\3\4";
    assert_int_equal(out.length, sizeof expected);
    assert_memory_equal(out.at, expected, sizeof expected);
    buffer_free(&out);
}

static void a_frame_without_memory_fails_quietly(void **state)
{
    (void)state;
    struct buffer out = {.failed = true};
    size_t length_at = frame_begin(&out, 'Q');
    frame_append_text(&out, span_text("SELECT 1"));
    frame_end(&out, length_at);
    assert_true(out.failed);
    assert_int_equal(out.length, 0);
}

static void a_run_of_rows_is_skipped_whole(void **state)
{
    (void)state;
    static const uint8_t bytes[] = "D\0\0\0\4"
                                   "D\0\0\0\6ab"
                                   "D\0\0\0\6cd"
                                   "d\0\0\0\4"
                                   "D\0\0\0\7a";
    struct span in = span_of(bytes, sizeof(bytes) - 1);
    assert_int_equal(frame_skip(in, 0, 'D'), 19);
    assert_int_equal(frame_skip(in, 0, 'd'), 0);
    assert_int_equal(frame_skip(in, 19, 'D'), 19); /* another type */
    assert_int_equal(frame_skip(in, 24, 'D'), 24); /* not whole */
    assert_int_equal(frame_skip(in, in.length, 'D'), in.length);
    for (size_t length = 0; length < 19; length++) {
        size_t end = frame_skip(span_of(bytes, length), 0, 'D');
        assert_int_equal(end, length < 5 ? 0 : length < 12 ? 5 : 12);
    }
}

static void a_run_of_rows_ends_at_a_bad_length(void **state)
{
    (void)state;
    static const uint8_t bytes[] = "D\0\0\0\4"
                                   "D\0\0\0\0"
                                   "D\0\0\0\4";
    assert_int_equal(frame_skip(span_of(bytes, sizeof(bytes) - 1), 0, 'D'), 5);
    assert_int_equal(frame_skip(span_of(bytes, sizeof(bytes) - 1), 5, 'D'), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_of_rows_is_skipped_whole),
        cmocka_unit_test(a_run_of_rows_ends_at_a_bad_length),
        cmocka_unit_test(a_length_word_is_taken_or_refused),
        cmocka_unit_test(a_header_cut_short_is_no_verdict),
        cmocka_unit_test(a_startup_length_is_taken_or_refused),
        cmocka_unit_test(a_body_is_what_follows_the_header),
        cmocka_unit_test(our_frames_carry_their_length),
        cmocka_unit_test(a_frame_without_memory_fails_quietly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
