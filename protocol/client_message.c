/* What a client sends, decoded in place and encoded. Each decoder consumes its message to the last
 * byte, each encoder appends one whole message; neither knows when a message is allowed. */
#include "protocol/client_message.h"

#include "protocol/frame.h"
#include "protocol/message.h"
#include "protocol/reader.h"

bool decode_query(struct span body, struct query *out)
{
    struct reader reader = reader_of(body);
    out->sql = reader_text(&reader);
    return reader_finish(&reader);
}

bool decode_parse(struct span body, struct parse *out)
{
    struct reader reader = reader_of(body);
    out->name = reader_text(&reader);
    out->sql = reader_text(&reader);
    out->type_count = reader_u16(&reader);
    out->types = reader_bytes(&reader, (size_t)out->type_count * 4);
    return reader_finish(&reader);
}

enum names_status decode_bind_names(struct span body, struct bind_names *out)
{
    struct reader reader = reader_of(body);
    out->portal = reader_text(&reader);
    out->statement = reader_text(&reader);
    return reader.bad ? NAMES_MORE : NAMES_READY;
}

bool decode_execute(struct span body, struct execute *out)
{
    struct reader reader = reader_of(body);
    out->portal = reader_text(&reader);
    out->max_rows = reader_u32(&reader);
    return reader_finish(&reader);
}

bool decode_target(struct span body, struct target *out)
{
    struct reader reader = reader_of(body);
    out->type = reader_u8(&reader);
    out->name = reader_text(&reader);
    return reader_finish(&reader) && (out->type == 'S' || out->type == 'P');
}

static void encode_empty(struct buffer *out, enum client_tag tag)
{
    frame_end(out, frame_begin(out, (uint8_t)tag));
}

static void encode_text(struct buffer *out, enum client_tag tag, struct span text)
{
    size_t length_at = frame_begin(out, (uint8_t)tag);
    frame_append_text(out, text);
    frame_end(out, length_at);
}

static void encode_target(struct buffer *out, enum client_tag tag, uint8_t type, struct span name)
{
    size_t length_at = frame_begin(out, (uint8_t)tag);
    buffer_append_u8(out, type);
    frame_append_text(out, name);
    frame_end(out, length_at);
}

void encode_query(struct buffer *out, struct span sql)
{
    encode_text(out, CLIENT_QUERY, sql);
}

void encode_parse(struct buffer *out, struct span name, struct span sql)
{
    size_t length_at = frame_begin(out, CLIENT_PARSE);
    frame_append_text(out, name);
    frame_append_text(out, sql);
    buffer_append_u16(out, 0); /* no parameter types: the server infers them */
    frame_end(out, length_at);
}

void encode_bind(struct buffer *out, struct span portal, struct span statement)
{
    encode_bind_values(out, portal, statement, NULL, 0);
}

void encode_bind_values(struct buffer *out, struct span portal, struct span statement,
                        const struct span *values, uint16_t count)
{
    size_t length_at = frame_begin(out, CLIENT_BIND);
    frame_append_text(out, portal);
    frame_append_text(out, statement);
    buffer_append_u16(out, 0); /* parameter formats: all text */
    buffer_append_u16(out, count);
    for (uint16_t i = 0; i < count; i++) {
        buffer_append_u32(out, values[i].at == NULL ? UINT32_MAX : (uint32_t)values[i].length);
        buffer_append_span(out, values[i]);
    }
    buffer_append_u16(out, 0); /* result formats: all text */
    frame_end(out, length_at);
}

void encode_describe(struct buffer *out, uint8_t type, struct span name)
{
    encode_target(out, CLIENT_DESCRIBE, type, name);
}

void encode_execute(struct buffer *out, struct span portal, uint32_t max_rows)
{
    size_t length_at = frame_begin(out, CLIENT_EXECUTE);
    frame_append_text(out, portal);
    buffer_append_u32(out, max_rows);
    frame_end(out, length_at);
}

void encode_close(struct buffer *out, uint8_t type, struct span name)
{
    encode_target(out, CLIENT_CLOSE, type, name);
}

void encode_sync(struct buffer *out)
{
    encode_empty(out, CLIENT_SYNC);
}

void encode_flush(struct buffer *out)
{
    encode_empty(out, CLIENT_FLUSH);
}

void encode_terminate(struct buffer *out)
{
    encode_empty(out, CLIENT_TERMINATE);
}

void encode_password(struct buffer *out, struct span password)
{
    encode_text(out, CLIENT_PASSWORD, password);
}

void encode_copy_data(struct buffer *out, struct span data)
{
    size_t length_at = frame_begin(out, CLIENT_COPY_DATA);
    buffer_append_span(out, data);
    frame_end(out, length_at);
}

void encode_copy_done(struct buffer *out)
{
    encode_empty(out, CLIENT_COPY_DONE);
}

void encode_copy_fail(struct buffer *out, struct span reason)
{
    encode_text(out, CLIENT_COPY_FAIL, reason);
}
