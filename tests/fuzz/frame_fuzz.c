/* Framing must not depend on how the network cuts a stream: whatever is seen of it, the verdict is
 * "more" or the one that the whole stream gives.
 *
 *      | side and limit (1) | seed of the cuts (1) | stream ... | */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum frame_status peek(uint8_t side, struct span in, struct frame *out)
{
    if (side % 3 == 0) {
        return frame_peek_startup(in, out);
    }
    return frame_peek(in, side % 3 == 1 ? FRAME_LIMIT : FRAME_LIMIT_LOGIN, out);
}

/* The verdict on a copy that ends where readable memory ends. */
static enum frame_status peek_copy(uint8_t side, struct span in, struct frame *out)
{
    uint8_t *copy = malloc(in.length == 0 ? 1 : in.length);
    assert(copy != NULL);
    if (in.length > 0) {
        memcpy(copy, in.at, in.length);
    }
    enum frame_status status = peek(side, span_of(copy, in.length), out);
    free(copy);
    return status;
}

static void check_body(struct frame frame, struct span in)
{
    assert(frame_is_whole(frame, in));
    struct span body = frame_body(frame, in);
    assert(body.at + body.length == in.at + frame.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    uint8_t side = data[0];
    uint32_t random = data[1];
    struct span stream = span_of(data + 2, size - 2);
    size_t received = 0;
    while (true) {
        struct frame frame = {0}, whole = {0};
        enum frame_status expected = peek(side, stream, &whole);
        enum frame_status status = peek_copy(side, span_cut(stream, 0, received), &frame);
        if (status != FRAME_MORE) {
            assert(status == expected);
        }
        if (status == FRAME_BAD) {
            return 0;
        }
        if (status == FRAME_READY) {
            assert(frame.tag == whole.tag && frame.length == whole.length);
            assert(frame.length >= 5);
        }
        if (status == FRAME_READY && frame.length <= received) {
            check_body(frame, stream);
            stream = span_from(stream, frame.length);
            received -= frame.length;
            continue;
        }
        if (received == stream.length) {
            assert(status == expected);
            return 0;
        }
        random = random * 1103515245u + 12345u;
        size_t more = 1 + (random >> 16) % 7;
        received += more < stream.length - received ? more : stream.length - received;
    }
}
