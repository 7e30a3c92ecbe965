/* A bounded cursor over the body of one message, with sticky failure: a read beyond the end (or a
 * text without its NUL) sets `bad` and gives zero or the empty span, so that a decoder reads
 * straight down and asks once, with reader_finish. Bounds are checked here and nowhere else. */
#ifndef PROTOCOL_READER_H
#define PROTOCOL_READER_H

#include "protocol/span.h"

struct reader {
    struct span rest;
    bool bad;
};

static inline struct reader reader_of(struct span body)
{
    return (struct reader){body, false};
}

uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16(struct reader *reader);
uint32_t reader_u32(struct reader *reader);
/* Up to the next NUL, which is consumed and not part of the result. */
struct span reader_text(struct reader *reader);
struct span reader_bytes(struct reader *reader, size_t length);
/* True when nothing was bad and nothing is left over: a message must be consumed to its end. */
MUST_USE bool reader_finish(const struct reader *reader);

#endif
