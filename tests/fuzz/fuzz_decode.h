/* What the fuzz targets of the decoders share. */
#ifndef TESTS_FUZZ_FUZZ_DECODE_H
#define TESTS_FUZZ_FUZZ_DECODE_H

#include <assert.h>

#include "protocol/buffer.h"
#include "protocol/frame.h"

static inline void check_within(struct span part, struct span body)
{
    assert(part.at >= body.at && part.length <= body.length);
    assert(part.at + part.length <= body.at + body.length);
}

/* The one message in `out` has this body; frees it. */
static inline void check_encoded(struct buffer *out, struct span body)
{
    assert(!out->failed);
    assert(span_equal(span_from(buffer_span(out), FRAME_HEADER_BYTES), body));
    buffer_free(out);
}

#endif
