/* From a line to the bytes of a message, by the same rows as trace.c. The line comes from a person:
 * anything that does not fit is refused with a reason, nothing is guessed. It checks the line, not
 * the sense of the message: a test must be able to write down what no peer should send. */
#include "protocol/trace.h"

#include "protocol/frame.h"
#include "protocol/trace_format.h"

/* What is left of the line. The first reason sticks; from then on nothing is taken any more. */
struct source {
    struct span rest;
    struct buffer *out;
    const char *reason;
};

static void refuse(struct source *from, const char *reason)
{
    if (from->reason == NULL) {
        from->reason = reason;
        from->rest = (struct span){0};
    }
}

static void skip_blanks(struct source *from)
{
    while (from->rest.length > 0 && (from->rest.at[0] == ' ' || from->rest.at[0] == '\t')) {
        from->rest = span_from(from->rest, 1);
    }
}

static bool at_end(struct source *from)
{
    skip_blanks(from);
    return from->rest.length == 0;
}

/* The next byte, blank or not; 0 at the end of the line. */
static uint8_t take_byte(struct source *from)
{
    uint8_t byte = from->rest.length > 0 ? from->rest.at[0] : 0;
    from->rest = span_from(from->rest, 1);
    return byte;
}

static bool next_is(const struct source *from, char character)
{
    return from->rest.length > 0 && from->rest.at[0] == (uint8_t)character;
}

/* Takes the next word if it starts with `character`, and no more than that character. */
static bool take(struct source *from, char character)
{
    skip_blanks(from);
    if (!next_is(from, character)) {
        return false;
    }
    (void)take_byte(from);
    return true;
}

static void expect(struct source *from, char character, const char *reason)
{
    if (!take(from, character)) {
        refuse(from, reason);
    }
}

/* Empty when the next word is not made of word characters. */
static struct span take_word(struct source *from)
{
    skip_blanks(from);
    size_t length = 0;
    while (length < from->rest.length && trace_is_word(from->rest.at[length])) {
        length++;
    }
    struct span word = span_cut(from->rest, 0, length);
    from->rest = span_from(from->rest, length);
    return word;
}

static uint32_t take_digits(struct source *from, uint32_t most)
{
    uint64_t value = 0;
    size_t length = 0;
    for (; length < from->rest.length && value <= most; length++) {
        uint8_t digit = from->rest.at[length];
        if (digit < '0' || digit > '9') {
            break;
        }
        value = value * 10 + (digit - '0');
    }
    if (length == 0) {
        refuse(from, "expected a number");
    }
    if (value > most) {
        refuse(from, "a number that is too large for its field");
    }
    from->rest = span_from(from->rest, length);
    return from->reason == NULL ? (uint32_t)value : 0;
}

/* A number of a field whose greatest value is `most`, all ones; negative ones as two's complement.
 */
static uint32_t take_number(struct source *from, uint32_t most)
{
    if (take(from, '-')) {
        return (0 - take_digits(from, most / 2 + 1)) & most;
    }
    return take_digits(from, most);
}

static unsigned take_hex_digit(struct source *from)
{
    uint8_t digit = take_byte(from);
    if (digit >= '0' && digit <= '9') {
        return digit - (unsigned)'0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - (unsigned)'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - (unsigned)'A' + 10;
    }
    refuse(from, "expected two hexadecimal digits after \\x");
    return 0;
}

static uint8_t take_escape(struct source *from)
{
    uint8_t escape = take_byte(from);
    switch (escape) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case '"':
    case '\\':
        return escape;
    case 'x': {
        unsigned high = take_hex_digit(from);
        return (uint8_t)(high << 4 | take_hex_digit(from));
    }
    default:
        refuse(from, "an escape that is none of \\\\ \\\" \\n \\r \\t \\xHH");
        return 0;
    }
}

static void parse_bytes(struct source *from)
{
    expect(from, '"', "expected a text in double quotes");
    while (from->rest.length > 0) {
        uint8_t byte = take_byte(from);
        if (byte == '"') {
            return;
        }
        buffer_append_u8(from->out, byte == '\\' ? take_escape(from) : byte);
    }
    refuse(from, "expected a closing double quote");
}

static void parse_text(struct source *from)
{
    size_t start = from->out->length;
    parse_bytes(from);
    size_t length = from->out->length - start;
    if (length > 0 && memchr(from->out->at + start, 0, length) != NULL) {
        refuse(from, "a text cannot hold a NUL");
    }
    buffer_append_u8(from->out, 0);
}

static void parse_version(struct source *from)
{
    skip_blanks(from);
    uint32_t major = take_digits(from, UINT16_MAX);
    expect(from, '.', "expected a version such as 3.0");
    buffer_append_u32(from->out, major << 16 | take_digits(from, UINT16_MAX));
}

static void parse_character(struct source *from)
{
    skip_blanks(from);
    uint8_t character = take_byte(from);
    if (character <= ' ' || character > '~') {
        refuse(from, "expected one visible character");
    }
    buffer_append_u8(from->out, character);
}

static void parse_value(struct source *from)
{
    struct span word = take_word(from);
    if (span_is(word, "NULL")) {
        buffer_append_u32(from->out, UINT32_MAX);
        return;
    }
    if (word.length > 0) {
        refuse(from, "expected NULL or bytes in double quotes");
    }
    size_t length_at = from->out->length;
    buffer_append_u32(from->out, 0);
    parse_bytes(from);
    buffer_put_u32(from->out, length_at, (uint32_t)(from->out->length - length_at - 4));
}

static void parse_column(struct source *from)
{
    bool brackets = take(from, '[');
    parse_text(from);
    struct trace_column column = trace_column_plain;
    if (brackets) {
        column.table = take_number(from, UINT32_MAX);
        column.column = (uint16_t)take_number(from, UINT16_MAX);
        column.type = take_number(from, UINT32_MAX);
        column.size = (uint16_t)take_number(from, UINT16_MAX);
        column.modifier = take_number(from, UINT32_MAX);
        column.format = (uint16_t)take_number(from, UINT16_MAX);
        expect(from, ']', "expected ] after the seven properties of a column");
    }
    buffer_append_u32(from->out, column.table);
    buffer_append_u16(from->out, column.column);
    buffer_append_u32(from->out, column.type);
    buffer_append_u16(from->out, column.size);
    buffer_append_u32(from->out, column.modifier);
    buffer_append_u16(from->out, column.format);
}

static void parse_report(struct source *from)
{
    while (!at_end(from)) {
        parse_character(from);
        parse_text(from);
    }
    buffer_append_u8(from->out, 0);
}

static void parse_parameter_name(struct source *from)
{
    struct span word = take_word(from);
    size_t start = from->out->length;
    if (word.length > 0) {
        frame_append_text(from->out, word);
    } else {
        parse_text(from);
    }
    if (from->out->length == start + 1) {
        refuse(from, "an empty name would end the list of parameters");
    }
}

static void parse_parameters(struct source *from)
{
    while (!at_end(from)) {
        parse_parameter_name(from);
        parse_text(from);
    }
    buffer_append_u8(from->out, 0);
}

static void parse_field(struct source *from, const struct trace_format *format,
                        enum trace_field field);

static void parse_items(struct source *from, const struct trace_format *format,
                        struct trace_list list)
{
    size_t count_at = from->out->length;
    if (list.wide) {
        buffer_append_u32(from->out, 0);
    } else {
        buffer_append_u16(from->out, 0);
    }
    uint32_t count = 0;
    for (; !at_end(from) && !next_is(from, ']'); count++) {
        parse_field(from, format, list.item);
    }
    if (list.wide) {
        buffer_put_u32(from->out, count_at, count);
        return;
    }
    if (count > UINT16_MAX) {
        refuse(from, "a list of more than 65535 items");
    }
    buffer_put_u16(from->out, count_at, (uint16_t)count);
}

/* A list in brackets that is not there is empty, if nothing else follows either. */
static void parse_list(struct source *from, const struct trace_format *format,
                       struct trace_list list)
{
    bool brackets = list.brackets && !at_end(from);
    if (brackets) {
        expect(from, '[', "expected a list in brackets");
    }
    parse_items(from, format, list);
    if (brackets) {
        expect(from, ']', "expected ] at the end of the list");
    }
}

static void parse_field(struct source *from, const struct trace_format *format,
                        enum trace_field field)
{
    switch (field) {
    case FIELD_END:
        break;
    case FIELD_CODE:
        buffer_append_u32(from->out, format->code);
        break;
    case FIELD_VERSION:
        parse_version(from);
        break;
    case FIELD_U8:
        buffer_append_u8(from->out, (uint8_t)take_number(from, UINT8_MAX));
        break;
    case FIELD_U16:
        buffer_append_u16(from->out, (uint16_t)take_number(from, UINT16_MAX));
        break;
    case FIELD_U32:
        buffer_append_u32(from->out, take_number(from, UINT32_MAX));
        break;
    case FIELD_CHAR:
        parse_character(from);
        break;
    case FIELD_TEXT:
        parse_text(from);
        break;
    case FIELD_REST:
        if (!at_end(from)) {
            parse_bytes(from);
        }
        break;
    case FIELD_VALUE:
        parse_value(from);
        break;
    case FIELD_COLUMN:
        parse_column(from);
        break;
    case FIELD_REPORT:
        parse_report(from);
        break;
    case FIELD_PARAMETERS:
        parse_parameters(from);
        break;
    case FIELD_U16_LIST:
    case FIELD_U32_LIST:
    case FIELD_VALUE_LIST:
    case FIELD_ROW:
    case FIELD_COLUMNS:
    case FIELD_TEXTS:
        parse_list(from, format, trace_lists[field]);
        break;
    }
}

static void parse_message(struct source *from, enum trace_side side)
{
    struct span name = take_word(from);
    if (span_is(name, "Raw")) {
        parse_bytes(from);
        return;
    }
    struct trace_format format;
    if (!trace_format_named(side, name, &format)) {
        refuse(from, "expected the name of a message of this side");
        return;
    }
    size_t length_at = frame_begin(from->out, format.tag);
    for (size_t i = 0; format.fields[i] != FIELD_END; i++) {
        parse_field(from, &format, format.fields[i]);
    }
    frame_end(from->out, length_at);
}

bool trace_parse(struct buffer *out, enum trace_side side, struct span line, const char **reason)
{
    size_t start = out->length;
    struct source from = {.rest = line, .out = out};
    parse_message(&from, side);
    if (!at_end(&from)) {
        refuse(&from, "expected the end of the line behind the last field");
    }
    if (out->failed) {
        refuse(&from, "expected a message that memory and FRAME_LIMIT allow");
    }
    if (from.reason != NULL) {
        out->length = start;
        *reason = from.reason;
        return false;
    }
    return true;
}
