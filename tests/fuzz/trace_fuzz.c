/* The trace both ways. Any line: if it is understood, the message is shown as a line that gives the
 * same bytes, and not as Raw. Any bytes: their line gives them back.
 *
 *      | side, line or bytes (1) | line or bytes ... |                                           */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool starts_raw(struct span line)
{
    return span_is(span_cut(line, 0, 4), "Raw ");
}

/* Shows the bytes, reads the line, expects the bytes. True when they had to be shown as Raw. */
static bool check_bytes(enum trace_side side, struct span bytes)
{
    struct buffer line = {0}, again = {0}, cut = {0};
    const char *reason = NULL;
    trace_message(&line, side, bytes, 0);
    bool understood = trace_parse(&again, side, buffer_span(&line), &reason);
    assert(understood && reason == NULL);
    assert(span_equal(buffer_span(&again), bytes));

    trace_message(&cut, side, bytes, 3);
    bool raw = starts_raw(buffer_span(&line));
    assert(raw == starts_raw(buffer_span(&cut)));
    buffer_free(&line);
    buffer_free(&again);
    buffer_free(&cut);
    return raw;
}

static void check_line(enum trace_side side, struct span line)
{
    struct buffer message = {0};
    const char *reason = NULL;
    if (trace_parse(&message, side, line, &reason)) {
        bool raw = check_bytes(side, buffer_span(&message));
        size_t blanks = 0;
        while (blanks < line.length && (line.at[blanks] == ' ' || line.at[blanks] == '\t')) {
            blanks++;
        }
        /* A StartupMessage may be written with a version that is a request's code, or too long. */
        assert(!raw || side == TRACE_STARTUP || span_is(span_cut(line, blanks, 3), "Raw"));
    } else {
        assert(reason != NULL && message.length == 0);
    }
    buffer_free(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    enum trace_side side = (enum trace_side)(data[0] / 2 % 3);
    if (data[0] % 2 == 0) {
        check_line(side, span_of(data + 1, size - 1));
    } else {
        (void)check_bytes(side, span_of(data + 1, size - 1));
    }
    return 0;
}
