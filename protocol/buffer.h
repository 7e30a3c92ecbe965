/* Owned bytes that grow, with sticky failure: an append that cannot have its memory sets `failed`
 * and every later append is ignored, so that an encoder is written straight down and checked once,
 * where its result is used.
 *
 *      at            at + length        at + capacity
 *      | valid bytes | room that is ours |
 *
 * A zeroed struct is an empty buffer. Not thread safe. */
#ifndef PROTOCOL_BUFFER_H
#define PROTOCOL_BUFFER_H

#include "protocol/span.h"

struct buffer {
    uint8_t *at;
    size_t length;
    size_t capacity;
    bool failed;
};

static inline struct span buffer_span(const struct buffer *buffer)
{
    return span_of(buffer->at, buffer->length);
}

/* Makes room for `more` bytes behind the valid ones; false when there is no memory (sticky). */
bool buffer_reserve(struct buffer *buffer, size_t more);

/* What is appended must not lie in the buffer itself: its memory may move. */
void buffer_append(struct buffer *buffer, const void *bytes, size_t length);
void buffer_append_span(struct buffer *buffer, struct span span);
/* The characters of `text` without its NUL. */
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buffer_append_u8(struct buffer *buffer, uint8_t value);
/* Integers in network byte order, as the whole protocol has them (manual, "Message Formats"). */
void buffer_append_u16(struct buffer *buffer, uint16_t value);
void buffer_append_u32(struct buffer *buffer, uint32_t value);
/* Overwrites bytes at `offset` (which must lie within the valid bytes): counts and lengths that are
 * known only when what they count has been written. */
void buffer_put_u16(struct buffer *buffer, size_t offset, uint16_t value);
void buffer_put_u32(struct buffer *buffer, size_t offset, uint32_t value);

/* Drops the first `length` bytes and moves the rest to the front. */
void buffer_consume(struct buffer *buffer, size_t length);
/* Empties the buffer and forgets a failure; keeps the memory. */
void buffer_reset(struct buffer *buffer);
/* Gives the memory back; the buffer is empty and usable again. */
void buffer_free(struct buffer *buffer);
/* Moves the contents out: the result owns the bytes, *from is empty. */
struct buffer buffer_take(struct buffer *from);

#endif
