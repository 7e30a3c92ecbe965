/* Borrowed bytes. A span never owns what it points at and must not outlive the buffer it was cut
 * from; whoever keeps the bytes copies them.
 *
 * This header and buffer.h are the vocabulary that every layer shares; they know nothing of the
 * wire. */
#ifndef PROTOCOL_SPAN_H
#define PROTOCOL_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_USE __attribute__((warn_unused_result))

struct span {
    const uint8_t *at; /* NULL is allowed when length is 0 */
    size_t length;     /* bytes */
};

static inline struct span span_of(const void *at, size_t length)
{
    return (struct span){(const uint8_t *)at, length};
}

/* The bytes of a NUL-terminated text, without its NUL. NULL gives the empty span. */
static inline struct span span_text(const char *text)
{
    return span_of(text, text == NULL ? 0 : strlen(text));
}

/* What is left of a span behind its first `from` bytes; `from` beyond the end gives nothing. */
static inline struct span span_from(struct span whole, size_t from)
{
    size_t cut = from < whole.length ? from : whole.length;
    /* Nothing may be added to NULL; where it is not, this costs nothing. */
    return span_of(cut == 0 ? whole.at : whole.at + cut, whole.length - cut);
}

/* At most `length` bytes from `from` on; cut short at the end of the span. */
static inline struct span span_cut(struct span whole, size_t from, size_t length)
{
    struct span rest = span_from(whole, from);
    return span_of(rest.at, length < rest.length ? length : rest.length);
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
    return span_equal(a, span_text(text));
}

#endif
