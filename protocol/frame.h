/* Cuts a stream of bytes into messages. Stateless: it looks at what it is given and answers
 *
 *      FRAME_READY   the header is there: tag and whole length are known (the body may still be
 *                    on its way, see frame_is_whole)
 *      FRAME_MORE    fewer bytes than a header
 *      FRAME_BAD     a length that no peer in its right mind sends
 *
 *      | tag (1) | length (4, counts itself but not the tag) | body ... |          after start-up
 *      | length (4, counts itself) | code (4) | body ... |                         at start-up */
#ifndef PROTOCOL_FRAME_H
#define PROTOCOL_FRAME_H

#include "protocol/buffer.h"

enum frame_status { FRAME_READY, FRAME_MORE, FRAME_BAD };

struct frame {
    uint8_t tag;   /* 0 at start-up */
    size_t length; /* of the whole message in bytes, tag and length word included */
};

#define FRAME_HEADER_BYTES 5

/* MaxAllocSize - 1: PostgreSQL's PQ_LARGE_MESSAGE_LIMIT (src/include/libpq/libpq.h). */
#define FRAME_LIMIT 0x3ffffffeu
/* PQ_MAX_AUTH_TOKEN_LENGTH: a password or SASL or GSS message before the login has succeeded. */
#define FRAME_LIMIT_LOGIN 65535u
/* MAX_STARTUP_PACKET_LENGTH (src/include/libpq/pqcomm.h), which does not count the length word. */
#define FRAME_LIMIT_STARTUP 10004u

/* `limit` bounds the length word. */
static inline enum frame_status frame_peek(struct span in, uint32_t limit, struct frame *out)
{
    if (in.length < FRAME_HEADER_BYTES) {
        return FRAME_MORE;
    }
    uint32_t length = (uint32_t)in.at[1] << 24 | (uint32_t)in.at[2] << 16 |
                      (uint32_t)in.at[3] << 8 | (uint32_t)in.at[4];
    if (length < 4 || length > limit) {
        return FRAME_BAD;
    }
    *out = (struct frame){in.at[0], (size_t)length + 1};
    return FRAME_READY;
}

/* The place behind a run of whole messages of one type, from `at` on: rows of a result and COPY
 * data come in thousands, and nobody wants to know more of them than where they end. */
size_t frame_skip(struct span in, size_t at, uint8_t tag);

/* The packet before the first tagged message. Lengths outside 8..FRAME_LIMIT_STARTUP are bad, as in
 * PostgreSQL's ProcessStartupPacket. */
enum frame_status frame_peek_startup(struct span in, struct frame *out);

static inline bool frame_is_whole(struct frame frame, struct span in)
{
    return in.length >= frame.length;
}

/* The body of a whole message (behind the header; at start-up behind the length word). */
static inline struct span frame_body(struct frame frame, struct span in)
{
    size_t header = frame.tag == 0 ? 4 : FRAME_HEADER_BYTES;
    return span_cut(in, header, frame.length - header);
}

/* Encoders write
 *
 *      size_t length_at = frame_begin(out, tag);      the tag (none when 0) and room for the length
 *      ... the body ...
 *      frame_end(out, length_at);                     the length, now that it is known
 *
 * A message longer than FRAME_LIMIT sets out->failed: no peer would take it. */
size_t frame_begin(struct buffer *out, uint8_t tag);
void frame_end(struct buffer *out, size_t length_at);
/* A text and its NUL. There must be none inside: it would smuggle in further fields. */
void frame_append_text(struct buffer *out, struct span text);

#endif
