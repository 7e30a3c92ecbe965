/* The packets before the first tagged message. It never answers them: what follows from a kind is
 * the session's business.
 *
 *      SSLRequest, GSSENCRequest   | code |
 *      CancelRequest               | code | pid (4) | key (4 to 256) |
 *      StartupMessage              | version | name NUL value NUL ... | NUL |
 *
 * Checked as PostgreSQL's ProcessStartupPacket (src/backend/tcop/backend_startup.c) checks them. */
#include "protocol/startup.h"

#include "protocol/frame.h"
#include "protocol/reader.h"

static struct startup bad(const char *reason)
{
    return (struct startup){.kind = STARTUP_BAD, .reason = reason};
}

static struct startup decode_request(enum startup_kind kind, const struct reader *rest)
{
    if (!reader_finish(rest)) {
        return bad("expected an encryption request of 8 bytes, got a longer one");
    }
    return (struct startup){.kind = kind};
}

static struct startup decode_cancel(struct reader *rest)
{
    struct startup cancel = {.kind = STARTUP_CANCEL};
    cancel.pid = reader_u32(rest);
    cancel.key = rest->rest;
    if (rest->bad || cancel.key.length < CANCEL_KEY_MIN || cancel.key.length > CANCEL_KEY_MAX) {
        return bad("expected a CancelRequest with a process id and a key of 4 to 256 bytes, got "
                   "another length");
    }
    return cancel;
}

/* The list ends at the first empty name, and that must be the last byte of the packet. */
static struct startup decode_parameters(uint32_t version, struct span list)
{
    if (list.length == 0 || list.at[list.length - 1] != 0) {
        return bad("expected a NUL as the last byte of StartupMessage, got none");
    }
    struct span parameters = span_cut(list, 0, list.length - 1);
    size_t at = 0;
    struct span name, value;
    while (startup_parameter(parameters, &at, &name, &value)) {
    }
    if (at != parameters.length) {
        return bad("expected pairs of names and values in StartupMessage, got something else");
    }
    return (struct startup){.kind = STARTUP_MESSAGE, .version = version, .parameters = parameters};
}

struct startup startup_decode(struct span body)
{
    struct reader reader = reader_of(body);
    uint32_t code = reader_u32(&reader);
    if (reader.bad) {
        return bad("expected a start-up packet of at least 8 bytes, got a shorter one");
    }
    if (code == STARTUP_CODE_SSL) {
        return decode_request(STARTUP_SSL, &reader);
    }
    if (code == STARTUP_CODE_GSSENC) {
        return decode_request(STARTUP_GSSENC, &reader);
    }
    if (code == STARTUP_CODE_CANCEL) {
        return decode_cancel(&reader);
    }
    if (code >> 16 != 3) {
        return (struct startup){.kind = STARTUP_VERSION, .version = code};
    }
    return decode_parameters(code, reader.rest);
}

bool startup_parameter(struct span parameters, size_t *at, struct span *name, struct span *value)
{
    struct reader reader = reader_of(span_from(parameters, *at));
    struct span found = reader_text(&reader);
    struct span its_value = reader_text(&reader);
    if (reader.bad || found.length == 0) {
        return false;
    }
    *name = found;
    *value = its_value;
    *at = parameters.length - reader.rest.length;
    return true;
}

struct span startup_parameter_named(struct span parameters, const char *name)
{
    struct span last = {0};
    size_t at = 0;
    struct span found, value;
    while (startup_parameter(parameters, &at, &found, &value)) {
        if (span_is(found, name)) {
            last = value;
        }
    }
    return last;
}

void startup_encode(struct buffer *out, uint32_t version, struct span parameters)
{
    size_t length_at = frame_begin(out, 0);
    buffer_append_u32(out, version);
    buffer_append_span(out, parameters);
    buffer_append_u8(out, 0);
    frame_end(out, length_at);
}

static void encode_request(struct buffer *out, uint32_t code)
{
    size_t length_at = frame_begin(out, 0);
    buffer_append_u32(out, code);
    frame_end(out, length_at);
}

void startup_encode_ssl(struct buffer *out)
{
    encode_request(out, STARTUP_CODE_SSL);
}

void startup_encode_gssenc(struct buffer *out)
{
    encode_request(out, STARTUP_CODE_GSSENC);
}

void startup_encode_cancel(struct buffer *out, uint32_t pid, struct span key)
{
    size_t length_at = frame_begin(out, 0);
    buffer_append_u32(out, STARTUP_CODE_CANCEL);
    buffer_append_u32(out, pid);
    buffer_append_span(out, key);
    frame_end(out, length_at);
}
