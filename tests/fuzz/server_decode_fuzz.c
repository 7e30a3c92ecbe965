/* Decoders of a server's messages: nothing is read outside the body, what was decoded lies within
 * it, and encoding it again gives the same bytes.
 *
 *      | which decoder (1) | body ... |                                                          */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/message.h"
#include "protocol/server_message.h"
#include "tests/fuzz/fuzz_decode.h"

#define COLUMNS_MOST 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_ready(struct span body)
{
    enum transaction_status status;
    struct buffer out = {0};
    if (decode_ready(body, &status)) {
        encode_ready(&out, status);
        check_encoded(&out, body);
    }
}

static void check_command_complete(struct span body)
{
    struct span tag;
    struct buffer out = {0};
    if (decode_command_complete(body, &tag)) {
        check_within(tag, body);
        encode_command_complete(&out, (const char *)tag.at); /* its NUL is there: it was decoded */
        check_encoded(&out, body);
    }
}

static void check_parameter_status(struct span body)
{
    struct parameter_status parameter;
    struct buffer out = {0};
    if (decode_parameter_status(body, &parameter)) {
        check_within(parameter.name, body);
        check_within(parameter.value, body);
        encode_parameter_status(&out, (const char *)parameter.name.at,
                                (const char *)parameter.value.at);
        check_encoded(&out, body);
    }
}

static void check_backend_key(struct span body)
{
    struct backend_key key;
    struct buffer out = {0};
    if (decode_backend_key(body, &key)) {
        check_within(key.key, body);
        encode_backend_key(&out, key.pid, key.key);
        check_encoded(&out, body);
    }
}

static void check_authentication(struct span body)
{
    uint32_t code;
    struct buffer out = {0};
    if (decode_authentication(body, &code)) {
        encode_authentication(&out, code, span_from(body, 4));
        check_encoded(&out, body);
    }
}

static void check_data_row(struct span body)
{
    struct span columns[COLUMNS_MOST];
    size_t count = 0;
    struct buffer out = {0};
    if (!decode_data_row(body, columns, COLUMNS_MOST, &count)) {
        return;
    }
    for (size_t i = 0; i < count && i < COLUMNS_MOST; i++) {
        if (columns[i].at != NULL) {
            check_within(columns[i], body);
        }
    }
    if (count <= COLUMNS_MOST) {
        encode_data_row(&out, columns, count);
        check_encoded(&out, body);
    }
}

/* Only the position may differ, and only where there was one. */
static void check_moved(const struct report *before, const struct report *after)
{
    if (before->position.length > 0) {
        assert(after->position.at != NULL);
    } else {
        assert(span_equal(before->position, after->position));
    }
    assert(span_equal(before->severity, after->severity));
    assert(span_equal(before->severity_shown, after->severity_shown));
    assert(span_equal(before->sqlstate, after->sqlstate));
    assert(span_equal(before->message, after->message));
    assert(span_equal(before->detail, after->detail));
    assert(span_equal(before->hint, after->hint));
    assert(span_equal(before->context, after->context));
    assert(span_equal(before->routine, after->routine));
}

static void check_report(struct span body)
{
    struct report before, after;
    struct buffer out = {0};
    bool understood = decode_report(body, &before);
    encode_report_at(&out, SERVER_ERROR, body, 4711);
    bool again = decode_report(span_from(buffer_span(&out), FRAME_HEADER_BYTES), &after);
    assert(understood == again);
    if (understood) {
        check_moved(&before, &after);
    }
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(struct span body) = {
        check_ready,       check_command_complete, check_parameter_status,
        check_backend_key, check_authentication,   check_data_row,
        check_report};
    if (size > 0) {
        checks[data[0] % (sizeof checks / sizeof checks[0])](span_of(data + 1, size - 1));
    }
    return 0;
}
