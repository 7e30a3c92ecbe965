/* What a server sends, decoded in place and encoded. Each decoder consumes its message to the last
 * byte, each encoder appends one whole message; neither knows when a message is allowed. */
#include "protocol/server_message.h"

#include <assert.h>

#include "protocol/frame.h"
#include "protocol/message.h"
#include "protocol/reader.h"
#include "protocol/startup.h"

/* The length of a column value that is NULL: -1. */
#define LENGTH_NULL UINT32_MAX

bool decode_ready(struct span body, enum transaction_status *out)
{
    struct reader reader = reader_of(body);
    uint8_t status = reader_u8(&reader);
    *out = (enum transaction_status)status;
    return reader_finish(&reader) &&
           (status == STATUS_IDLE || status == STATUS_TRANSACTION || status == STATUS_FAILED);
}

bool decode_command_complete(struct span body, struct span *tag)
{
    struct reader reader = reader_of(body);
    *tag = reader_text(&reader);
    return reader_finish(&reader);
}

/* Where a field of a report belongs; NULL: nobody asks for it (manual, "Error and Notice Message
 * Fields"). */
static struct span *report_field(struct report *report, uint8_t field)
{
    switch (field) {
    case 'V':
        return &report->severity;
    case 'S':
        return &report->severity_shown;
    case 'C':
        return &report->sqlstate;
    case 'M':
        return &report->message;
    case 'D':
        return &report->detail;
    case 'H':
        return &report->hint;
    case 'P':
        return &report->position;
    case 'W':
        return &report->context;
    case 's':
        return &report->schema;
    case 't':
        return &report->table;
    case 'c':
        return &report->column;
    case 'd':
        return &report->type;
    case 'n':
        return &report->constraint;
    case 'F':
        return &report->file;
    case 'L':
        return &report->line;
    case 'R':
        return &report->routine;
    default:
        return NULL;
    }
}

bool decode_report(struct span body, struct report *out)
{
    *out = (struct report){0};
    struct reader reader = reader_of(body);
    for (uint8_t field; (field = reader_u8(&reader)) != 0;) {
        struct span text = reader_text(&reader);
        struct span *slot = report_field(out, field);
        if (slot != NULL) {
            *slot = text;
        }
    }
    if (out->severity.at == NULL) { /* servers before 9.6 */
        out->severity = out->severity_shown;
    }
    return reader_finish(&reader);
}

bool decode_parameter_status(struct span body, struct parameter_status *out)
{
    struct reader reader = reader_of(body);
    out->name = reader_text(&reader);
    out->value = reader_text(&reader);
    return reader_finish(&reader);
}

bool decode_backend_key(struct span body, struct backend_key *out)
{
    struct reader reader = reader_of(body);
    out->pid = reader_u32(&reader);
    out->key = reader.rest;
    return !reader.bad && out->key.length >= CANCEL_KEY_MIN && out->key.length <= CANCEL_KEY_MAX;
}

bool decode_data_row(struct span body, struct span *columns, size_t most, size_t *count)
{
    struct reader reader = reader_of(body);
    *count = reader_u16(&reader);
    for (size_t i = 0; i < *count && !reader.bad; i++) {
        uint32_t length = reader_u32(&reader);
        struct span value = {0};
        if (length != LENGTH_NULL) {
            value = reader_bytes(&reader, length);
        }
        if (i < most) {
            columns[i] = value;
        }
    }
    return reader_finish(&reader);
}

bool decode_authentication(struct span body, uint32_t *code)
{
    struct reader reader = reader_of(body);
    *code = reader_u32(&reader);
    return !reader.bad;
}

static void append_field(struct buffer *out, uint8_t field, struct span text)
{
    if (text.length > 0) {
        buffer_append_u8(out, field);
        frame_append_text(out, text);
    }
}

static void append_report(struct buffer *out, const struct report_text *report)
{
    append_field(out, 'S', span_text(report->severity));
    append_field(out, 'V', span_text(report->severity));
    append_field(out, 'C', span_text(report->sqlstate));
    append_field(out, 'M', report->message);
    append_field(out, 'D', report->detail);
    append_field(out, 'H', report->hint);
}

static void encode_report(struct buffer *out, enum server_tag tag, const struct report_text *report)
{
    size_t length_at = frame_begin(out, (uint8_t)tag);
    append_report(out, report);
    buffer_append_u8(out, 0);
    frame_end(out, length_at);
}

void encode_error(struct buffer *out, const struct report_text *report)
{
    encode_report(out, SERVER_ERROR, report);
}

void encode_column_error(struct buffer *out, const struct report_text *report, struct span schema,
                         struct span table, struct span column)
{
    size_t length_at = frame_begin(out, SERVER_ERROR);
    append_report(out, report);
    append_field(out, 's', schema);
    append_field(out, 't', table);
    append_field(out, 'c', column);
    buffer_append_u8(out, 0);
    frame_end(out, length_at);
}

void encode_notice(struct buffer *out, const struct report_text *report)
{
    encode_report(out, SERVER_NOTICE, report);
}

/* The value of field 'P' within the body, or an empty span behind everything when there is none. */
static struct span find_position(struct span body)
{
    struct reader reader = reader_of(body);
    for (uint8_t field; (field = reader_u8(&reader)) != 0;) {
        struct span text = reader_text(&reader);
        if (field == 'P' && !reader.bad) {
            return text;
        }
    }
    return span_from(body, body.length);
}

void encode_report_at(struct buffer *out, uint8_t tag, struct span body, uint32_t position)
{
    struct span old = find_position(body);
    size_t before = old.at == NULL ? 0 : (size_t)(old.at - body.at);
    size_t behind = before + old.length;
    size_t length_at = frame_begin(out, tag);
    if (old.length > 0 && position == 0) { /* with its field type and its NUL */
        before--;
        behind++;
    }
    buffer_append_span(out, span_cut(body, 0, before));
    if (old.length > 0 && position > 0) {
        buffer_append_format(out, "%u", position);
    }
    buffer_append_span(out, span_from(body, behind));
    frame_end(out, length_at);
}

void encode_ready(struct buffer *out, enum transaction_status status)
{
    size_t length_at = frame_begin(out, SERVER_READY_FOR_QUERY);
    buffer_append_u8(out, (uint8_t)status);
    frame_end(out, length_at);
}

void encode_command_complete(struct buffer *out, const char *tag)
{
    size_t length_at = frame_begin(out, SERVER_COMMAND_COMPLETE);
    frame_append_text(out, span_text(tag));
    frame_end(out, length_at);
}

void encode_parameter_status(struct buffer *out, const char *name, const char *value)
{
    size_t length_at = frame_begin(out, SERVER_PARAMETER_STATUS);
    frame_append_text(out, span_text(name));
    frame_append_text(out, span_text(value));
    frame_end(out, length_at);
}

void encode_backend_key(struct buffer *out, uint32_t pid, struct span key)
{
    size_t length_at = frame_begin(out, SERVER_BACKEND_KEY_DATA);
    buffer_append_u32(out, pid);
    buffer_append_span(out, key);
    frame_end(out, length_at);
}

void encode_authentication(struct buffer *out, uint32_t code, struct span rest)
{
    size_t length_at = frame_begin(out, SERVER_AUTHENTICATION);
    buffer_append_u32(out, code);
    buffer_append_span(out, rest);
    frame_end(out, length_at);
}

void encode_bare(struct buffer *out, uint8_t tag)
{
    frame_end(out, frame_begin(out, tag));
}

void encode_data_row(struct buffer *out, const struct span *columns, size_t count)
{
    assert(count <= UINT16_MAX);
    size_t length_at = frame_begin(out, SERVER_DATA_ROW);
    buffer_append_u16(out, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        bool null = columns[i].at == NULL;
        buffer_append_u32(out, null ? LENGTH_NULL : (uint32_t)columns[i].length);
        buffer_append_span(out, columns[i]);
    }
    frame_end(out, length_at);
}

void encode_row_description(struct buffer *out, const char *const *names, size_t count)
{
    assert(count <= UINT16_MAX);
    size_t length_at = frame_begin(out, SERVER_ROW_DESCRIPTION);
    buffer_append_u16(out, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        frame_append_text(out, span_text(names[i]));
        buffer_append_u32(out, 0);          /* no table */
        buffer_append_u16(out, 0);          /* no column of one */
        buffer_append_u32(out, 25);         /* TEXTOID (src/include/catalog/pg_type.dat) */
        buffer_append_u16(out, UINT16_MAX); /* size -1: varies */
        buffer_append_u32(out, UINT32_MAX); /* type modifier -1: none */
        buffer_append_u16(out, 0);          /* in text format */
    }
    frame_end(out, length_at);
}
