/* Owned growing bytes; the only file of this layer that allocates. It never reports an error by
 * itself: a failed allocation is remembered in the buffer until buffer_reset or buffer_free. */
#include "protocol/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The smallest allocation: most messages that the program makes itself fit. */
#define BUFFER_FIRST_BYTES 128

bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed) {
        return false;
    }
    if (more <= buffer->capacity - buffer->length) {
        return true;
    }
    /* No object is larger than PTRDIFF_MAX, and below it neither the sum nor the doubling wraps. */
    if (more > (size_t)PTRDIFF_MAX - buffer->length) {
        buffer->failed = true;
        return false;
    }
    size_t needed = buffer->length + more;
    size_t capacity = buffer->capacity * 2;
    if (capacity < BUFFER_FIRST_BYTES) {
        capacity = BUFFER_FIRST_BYTES;
    }
    if (capacity < needed) {
        capacity = needed;
    }
    uint8_t *grown = realloc(buffer->at, capacity);
    if (grown == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->at = grown;
    buffer->capacity = capacity;
    return true;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
    if (length == 0 || !buffer_reserve(buffer, length)) {
        return;
    }
    memcpy(buffer->at + buffer->length, bytes, length);
    buffer->length += length;
}

void buffer_append_span(struct buffer *buffer, struct span span)
{
    buffer_append(buffer, span.at, span.length);
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append_span(buffer, span_text(text));
}

void buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        buffer->failed = true;
    } else if (buffer_reserve(buffer, (size_t)length + 1)) {
        /* One byte more than it keeps, for the NUL that vsnprintf insists on. */
        vsnprintf((char *)buffer->at + buffer->length, (size_t)length + 1, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
}

void buffer_append_u8(struct buffer *buffer, uint8_t value)
{
    buffer_append(buffer, &value, 1);
}

static void store_u16(uint8_t at[2], uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void store_u32(uint8_t at[4], uint32_t value)
{
    store_u16(at, (uint16_t)(value >> 16));
    store_u16(at + 2, (uint16_t)value);
}

void buffer_append_u16(struct buffer *buffer, uint16_t value)
{
    uint8_t bytes[2];
    store_u16(bytes, value);
    buffer_append(buffer, bytes, sizeof bytes);
}

void buffer_append_u32(struct buffer *buffer, uint32_t value)
{
    uint8_t bytes[4];
    store_u32(bytes, value);
    buffer_append(buffer, bytes, sizeof bytes);
}

/* Where to overwrite `length` bytes; NULL when the bytes may never have been appended. */
static uint8_t *written(struct buffer *buffer, size_t offset, size_t length)
{
    if (buffer->failed) {
        return NULL;
    }
    assert(length <= buffer->length && offset <= buffer->length - length);
    return buffer->at + offset;
}

void buffer_put_u16(struct buffer *buffer, size_t offset, uint16_t value)
{
    uint8_t *at = written(buffer, offset, 2);
    if (at != NULL) {
        store_u16(at, value);
    }
}

void buffer_put_u32(struct buffer *buffer, size_t offset, uint32_t value)
{
    uint8_t *at = written(buffer, offset, 4);
    if (at != NULL) {
        store_u32(at, value);
    }
}

void buffer_consume(struct buffer *buffer, size_t length)
{
    assert(length <= buffer->length);
    buffer->length -= length;
    if (buffer->length > 0) {
        memmove(buffer->at, buffer->at + length, buffer->length);
    }
}

void buffer_reset(struct buffer *buffer)
{
    buffer->length = 0;
    buffer->failed = false;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->at);
    *buffer = (struct buffer){0};
}

struct buffer buffer_take(struct buffer *from)
{
    struct buffer taken = *from;
    *from = (struct buffer){0};
    return taken;
}
