/* Growth, the sticky failure and moving contents out. */
#include "protocol/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Sanitizers abort where malloc returns NULL, unless told otherwise. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void assert_holds(const struct buffer *buffer, const char *expected)
{
    assert_false(buffer->failed);
    assert_int_equal(buffer->length, strlen(expected));
    assert_memory_equal(buffer->at, expected, buffer->length);
}

static void a_zeroed_buffer_is_empty_and_usable(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    assert_int_equal(buffer_span(&buffer).length, 0);
    buffer_append(&buffer, NULL, 0);
    assert_null(buffer.at);
    buffer_append_text(&buffer, "create");
    buffer_append_span(&buffer, span_text(" index"));
    assert_holds(&buffer, "create index");
    buffer_free(&buffer);
    assert_null(buffer.at);
    buffer_append_text(&buffer, "again");
    assert_holds(&buffer, "again");
    buffer_free(&buffer);
}

static void it_grows_and_keeps_every_byte(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    for (unsigned i = 0; i < 100000; i++) {
        buffer_append_u8(&buffer, (uint8_t)(i * 7));
    }
    assert_int_equal(buffer.length, 100000);
    assert_true(buffer.capacity < 200001);
    for (unsigned i = 0; i < 100000; i++) {
        assert_int_equal(buffer.at[i], (uint8_t)(i * 7));
    }
    buffer_free(&buffer);
}

static void reserved_room_is_not_allocated_again(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    assert_true(buffer_reserve(&buffer, 5000));
    assert_true(buffer.capacity >= 5000);
    size_t capacity = buffer.capacity;
    const uint8_t *at = buffer.at;
    for (size_t i = 0; i < capacity; i++) {
        buffer_append_u8(&buffer, 0);
    }
    assert_ptr_equal(buffer.at, at);
    assert_int_equal(buffer.capacity, capacity);
    buffer_free(&buffer);
}

static void integers_are_in_network_order(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append_u16(&buffer, 0x0102);
    buffer_append_u32(&buffer, 0x03040506);
    buffer_append_u16(&buffer, 0xfffe);
    const uint8_t appended[] = {1, 2, 3, 4, 5, 6, 0xff, 0xfe};
    assert_int_equal(buffer.length, sizeof appended);
    assert_memory_equal(buffer.at, appended, sizeof appended);

    buffer_put_u32(&buffer, 4, 0xa0b0c0d0);
    buffer_put_u16(&buffer, 0, 0x8090);
    const uint8_t overwritten[] = {0x80, 0x90, 3, 4, 0xa0, 0xb0, 0xc0, 0xd0};
    assert_int_equal(buffer.length, sizeof overwritten);
    assert_memory_equal(buffer.at, overwritten, sizeof overwritten);
    buffer_free(&buffer);
}

static void formatted_text_has_no_nul(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append_format(&buffer, "%s=%d;", "answer", 42);
    buffer_append_format(&buffer, "%s", "");
    buffer_append_format(&buffer, "%0300d", 7);
    assert_int_equal(buffer.length, 10 + 300);
    assert_memory_equal(buffer.at, "answer=42;000", 13);
    assert_int_equal(buffer.at[309], '7');
    buffer_free(&buffer);
}

static void consuming_moves_the_rest_to_the_front(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_consume(&buffer, 0);
    buffer_append_text(&buffer, "BEGIN;COMMIT");
    buffer_consume(&buffer, 0);
    assert_holds(&buffer, "BEGIN;COMMIT");
    buffer_consume(&buffer, 6);
    assert_holds(&buffer, "COMMIT");
    buffer_consume(&buffer, 6);
    assert_holds(&buffer, "");
    buffer_free(&buffer);
}

static void a_failure_sticks_until_reset(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append_text(&buffer, "kept");
    assert_false(buffer_reserve(&buffer, SIZE_MAX)); /* the sum would wrap */
    assert_true(buffer.failed);
    assert_false(buffer_reserve(&buffer, 1));

    buffer_append_text(&buffer, "ignored");
    buffer_append_format(&buffer, "%d", 1);
    buffer_append_u8(&buffer, 1);
    buffer_append_u16(&buffer, 1);
    buffer_append_u32(&buffer, 1);
    buffer_put_u16(&buffer, 100, 1); /* of bytes that were never appended */
    buffer_put_u32(&buffer, 100, 1);
    assert_int_equal(buffer.length, 4);
    assert_memory_equal(buffer.at, "kept", 4);

    buffer_reset(&buffer);
    assert_holds(&buffer, "");
    buffer_append_text(&buffer, "works");
    assert_holds(&buffer, "works");
    buffer_free(&buffer);
}

static void an_impossible_size_fails_without_wrapping(void **state)
{
    (void)state;
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX / 2 + 1, (size_t)PTRDIFF_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buffer buffer = {0};
        buffer_append_u8(&buffer, 1);
        assert_false(buffer_reserve(&buffer, sizes[i]));
        assert_true(buffer.failed);
        buffer_free(&buffer);
    }
}

static void memory_that_is_not_there_fails_and_keeps_what_is(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    buffer_append_text(&buffer, "kept");
    assert_false(buffer_reserve(&buffer, (size_t)PTRDIFF_MAX / 2)); /* beyond any address space */
    assert_true(buffer.failed);
    assert_int_equal(buffer.length, 4);
    assert_memory_equal(buffer.at, "kept", 4);
    buffer_free(&buffer);
}

static void taking_moves_the_contents(void **state)
{
    (void)state;
    struct buffer from = {0};
    buffer_append_text(&from, "moved");
    struct buffer taken = buffer_take(&from);
    assert_holds(&taken, "moved");
    assert_null(from.at);
    assert_int_equal(from.capacity, 0);
    buffer_append_text(&from, "new");
    assert_holds(&taken, "moved");
    buffer_free(&from);
    buffer_free(&taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zeroed_buffer_is_empty_and_usable),
        cmocka_unit_test(it_grows_and_keeps_every_byte),
        cmocka_unit_test(reserved_room_is_not_allocated_again),
        cmocka_unit_test(integers_are_in_network_order),
        cmocka_unit_test(formatted_text_has_no_nul),
        cmocka_unit_test(consuming_moves_the_rest_to_the_front),
        cmocka_unit_test(a_failure_sticks_until_reset),
        cmocka_unit_test(an_impossible_size_fails_without_wrapping),
        cmocka_unit_test(memory_that_is_not_there_fails_and_keeps_what_is),
        cmocka_unit_test(taking_moves_the_contents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
