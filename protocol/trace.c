/* From the bytes of a message to a line. A message is tried by its row in trace_format.c and, when
 * its bytes do not fit the row, shown as Raw instead. It never changes what it shows, and leaves
 * out only what the limit asks for. */
#include "protocol/trace.h"

#include "protocol/frame.h"
#include "protocol/reader.h"
#include "protocol/trace_format.h"

struct tracer {
    struct buffer *out;
    struct reader in;   /* the body; sticky `bad` when it does not fit the row */
    size_t most;        /* bytes shown of each text, 0: all */
    size_t empty_lists; /* not written yet: at the end of a line they are left out */
    bool list_opened;   /* the last thing written was '[' */
};

/* Every word but the first of a list has a blank before it. */
static void begin_word(struct tracer *to)
{
    for (; to->empty_lists > 0; to->empty_lists--) {
        buffer_append_text(to->out, " []");
    }
    if (!to->list_opened) {
        buffer_append_u8(to->out, ' ');
    }
    to->list_opened = false;
}

static void open_list(struct tracer *to)
{
    begin_word(to);
    buffer_append_u8(to->out, '[');
    to->list_opened = true;
}

static void close_list(struct tracer *to)
{
    buffer_append_u8(to->out, ']');
    to->list_opened = false;
}

static void append_escaped(struct buffer *out, uint8_t byte)
{
    switch (byte) {
    case '\n':
        buffer_append_text(out, "\\n");
        break;
    case '\r':
        buffer_append_text(out, "\\r");
        break;
    case '\t':
        buffer_append_text(out, "\\t");
        break;
    case '"':
        buffer_append_text(out, "\\\"");
        break;
    case '\\':
        buffer_append_text(out, "\\\\");
        break;
    default:
        if (byte >= ' ' && byte <= '~') {
            buffer_append_u8(out, byte);
        } else {
            buffer_append_format(out, "\\x%02x", byte);
        }
    }
}

static void show_quoted(struct tracer *to, struct span bytes)
{
    begin_word(to);
    bool cut = to->most != 0 && to->most < bytes.length;
    size_t shown = cut ? to->most : bytes.length;
    buffer_append_u8(to->out, '"');
    for (size_t i = 0; i < shown; i++) {
        append_escaped(to->out, bytes.at[i]);
    }
    buffer_append_text(to->out, cut ? "\"..." : "\"");
}

static void show_number(struct tracer *to, uint32_t number)
{
    begin_word(to);
    buffer_append_format(to->out, "%u", number);
}

static void show_signed(struct tracer *to, int32_t number)
{
    begin_word(to);
    buffer_append_format(to->out, "%d", number);
}

static void show_version(struct tracer *to)
{
    uint32_t version = reader_u32(&to->in);
    begin_word(to);
    buffer_append_format(to->out, "%u.%u", version >> 16, version & 0xffff);
}

/* A character that could not be told from what surrounds it makes the message a Raw one. */
static void show_character(struct tracer *to, uint8_t character)
{
    if (character <= ' ' || character > '~') {
        to->in.bad = true;
        return;
    }
    begin_word(to);
    buffer_append_u8(to->out, character);
}

static void show_rest(struct tracer *to)
{
    if (to->in.rest.length > 0) {
        show_quoted(to, reader_bytes(&to->in, to->in.rest.length));
    }
}

static void show_value(struct tracer *to)
{
    uint32_t length = reader_u32(&to->in);
    if (length == UINT32_MAX) {
        begin_word(to);
        buffer_append_text(to->out, "NULL");
    } else {
        show_quoted(to, reader_bytes(&to->in, length));
    }
}

static bool is_plain(const struct trace_column *column)
{
    const struct trace_column *plain = &trace_column_plain;
    return column->table == plain->table && column->column == plain->column &&
           column->type == plain->type && column->size == plain->size &&
           column->modifier == plain->modifier && column->format == plain->format;
}

static void show_column(struct tracer *to)
{
    struct span name = reader_text(&to->in);
    struct trace_column column;
    column.table = reader_u32(&to->in);
    column.column = reader_u16(&to->in);
    column.type = reader_u32(&to->in);
    column.size = reader_u16(&to->in);
    column.modifier = reader_u32(&to->in);
    column.format = reader_u16(&to->in);
    if (is_plain(&column)) {
        show_quoted(to, name);
        return;
    }
    open_list(to);
    show_quoted(to, name);
    show_number(to, column.table);
    show_number(to, column.column);
    show_number(to, column.type);
    show_signed(to, (int16_t)column.size);
    show_signed(to, (int32_t)column.modifier);
    show_number(to, column.format);
    close_list(to);
}

static void show_report(struct tracer *to)
{
    for (uint8_t field; (field = reader_u8(&to->in)) != 0;) {
        show_character(to, field);
        show_quoted(to, reader_text(&to->in));
    }
}

static bool is_word(struct span text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (!trace_is_word(text.at[i])) {
            return false;
        }
    }
    return text.length > 0;
}

static void show_parameters(struct tracer *to)
{
    for (struct span name; (name = reader_text(&to->in)).length > 0;) {
        if (is_word(name)) {
            begin_word(to);
            buffer_append_span(to->out, name);
        } else {
            show_quoted(to, name);
        }
        show_quoted(to, reader_text(&to->in));
    }
}

static void show_field(struct tracer *to, enum trace_field field);

static void show_list(struct tracer *to, struct trace_list list)
{
    uint32_t count = list.wide ? reader_u32(&to->in) : reader_u16(&to->in);
    if (list.brackets && count == 0) {
        to->empty_lists++;
        return;
    }
    if (list.brackets) {
        open_list(to);
    }
    for (uint32_t i = 0; i < count && !to->in.bad; i++) {
        show_field(to, list.item);
    }
    if (list.brackets) {
        close_list(to);
    }
}

static void show_field(struct tracer *to, enum trace_field field)
{
    switch (field) {
    case FIELD_END:
        break;
    case FIELD_CODE:
        (void)reader_u32(&to->in);
        break;
    case FIELD_VERSION:
        show_version(to);
        break;
    case FIELD_U8:
        show_number(to, reader_u8(&to->in));
        break;
    case FIELD_U16:
        show_number(to, reader_u16(&to->in));
        break;
    case FIELD_U32:
        show_number(to, reader_u32(&to->in));
        break;
    case FIELD_CHAR:
        show_character(to, reader_u8(&to->in));
        break;
    case FIELD_TEXT:
        show_quoted(to, reader_text(&to->in));
        break;
    case FIELD_REST:
        show_rest(to);
        break;
    case FIELD_VALUE:
        show_value(to);
        break;
    case FIELD_COLUMN:
        show_column(to);
        break;
    case FIELD_REPORT:
        show_report(to);
        break;
    case FIELD_PARAMETERS:
        show_parameters(to);
        break;
    case FIELD_U16_LIST:
    case FIELD_U32_LIST:
    case FIELD_VALUE_LIST:
    case FIELD_ROW:
    case FIELD_COLUMNS:
    case FIELD_TEXTS:
        show_list(to, trace_lists[field]);
        break;
    }
}

/* Finds the row of a whole message and its body; false when it has none. */
static bool find_format(enum trace_side side, struct span message, struct trace_format *format,
                        struct span *body)
{
    struct frame frame;
    enum frame_status status = side == TRACE_STARTUP ? frame_peek_startup(message, &frame)
                                                     : frame_peek(message, FRAME_LIMIT, &frame);
    if (status != FRAME_READY || frame.length != message.length) {
        return false;
    }
    *body = frame_body(frame, message);
    struct reader code = reader_of(*body);
    return trace_format_find(side, frame.tag, reader_u32(&code), format);
}

void trace_message(struct buffer *out, enum trace_side side, struct span message, size_t most)
{
    size_t start = out->length;
    struct tracer to = {.out = out, .most = most};
    struct trace_format format;
    struct span body;
    if (find_format(side, message, &format, &body)) {
        to.in = reader_of(body);
        buffer_append_text(out, format.name);
        for (size_t i = 0; format.fields[i] != FIELD_END; i++) {
            show_field(&to, format.fields[i]);
        }
        if (reader_finish(&to.in)) {
            return;
        }
    }
    out->length = start;
    to = (struct tracer){.out = out, .most = most};
    buffer_append_text(out, "Raw");
    show_quoted(&to, message);
}
