/* Framing that need not be inline: the untagged packet of start-up, and the frame around a message
 * of ours. It never looks into a body. */
#include "protocol/frame.h"

#include <assert.h>

enum frame_status frame_peek_startup(struct span in, struct frame *out)
{
    if (in.length < 4) {
        return FRAME_MORE;
    }
    uint32_t length = (uint32_t)in.at[0] << 24 | (uint32_t)in.at[1] << 16 |
                      (uint32_t)in.at[2] << 8 | (uint32_t)in.at[3];
    if (length < 8 || length > FRAME_LIMIT_STARTUP) {
        return FRAME_BAD;
    }
    *out = (struct frame){0, length};
    return FRAME_READY;
}

size_t frame_begin(struct buffer *out, uint8_t tag)
{
    if (tag != 0) {
        buffer_append_u8(out, tag);
    }
    size_t length_at = out->length;
    buffer_append_u32(out, 0);
    return length_at;
}

void frame_end(struct buffer *out, size_t length_at)
{
    size_t length = out->length - length_at;
    if (length > FRAME_LIMIT) {
        out->failed = true;
    }
    buffer_put_u32(out, length_at, (uint32_t)length);
}

void frame_append_text(struct buffer *out, struct span text)
{
    assert(text.length == 0 || memchr(text.at, 0, text.length) == NULL);
    buffer_append_span(out, text);
    buffer_append_u8(out, 0);
}

/* Rows of one result are mostly of one length. Comparing the length word with the one before,
 * instead of computing the next place from it, lets the processor run ahead of the memory it waits
 * for. */
size_t frame_skip(struct span in, size_t at, uint8_t tag)
{
    uint32_t word = 0; /* as it stands on the wire */
    size_t whole = 0;  /* what it says; 0: nothing yet */
    while (in.length - at >= FRAME_HEADER_BYTES && in.at[at] == tag) {
        uint32_t next;
        memcpy(&next, in.at + at + 1, sizeof next);
        if (next != word || whole == 0) {
            struct frame frame;
            if (frame_peek(span_from(in, at), FRAME_LIMIT, &frame) != FRAME_READY) {
                break;
            }
            word = next;
            whole = frame.length;
        }
        if (whole > in.length - at) {
            break;
        }
        at += whole;
    }
    return at;
}
