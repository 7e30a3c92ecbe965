/* The rows of trace_format.h, after the manual's "Message Formats". Nothing but data and the two
 * look-ups; the names are those of message.h. */
#include "protocol/trace_format.h"

#include "protocol/message.h"
#include "protocol/startup.h"

const struct trace_column trace_column_plain = {
    .type = 25 /* TEXTOID (pg_type.dat) */, .size = UINT16_MAX, .modifier = UINT32_MAX};

const struct trace_list trace_lists[] = {
    [FIELD_U16_LIST] = {.item = FIELD_U16, .brackets = true},
    [FIELD_U32_LIST] = {.item = FIELD_U32, .brackets = true},
    [FIELD_VALUE_LIST] = {.item = FIELD_VALUE, .brackets = true},
    [FIELD_ROW] = {.item = FIELD_VALUE},
    [FIELD_COLUMNS] = {.item = FIELD_COLUMN},
    [FIELD_TEXTS] = {.item = FIELD_TEXT, .wide = true},
};

/* A message that has no row here has no body. */
static const enum trace_field client_fields[256][TRACE_FIELDS_MOST] = {
    [CLIENT_QUERY] = {FIELD_TEXT},
    [CLIENT_PARSE] = {FIELD_TEXT, FIELD_TEXT, FIELD_U32_LIST},
    [CLIENT_BIND] = {FIELD_TEXT, FIELD_TEXT, FIELD_U16_LIST, FIELD_VALUE_LIST, FIELD_U16_LIST},
    [CLIENT_EXECUTE] = {FIELD_TEXT, FIELD_U32},
    [CLIENT_DESCRIBE] = {FIELD_CHAR, FIELD_TEXT},
    [CLIENT_CLOSE] = {FIELD_CHAR, FIELD_TEXT},
    [CLIENT_FUNCTION_CALL] = {FIELD_U32, FIELD_U16_LIST, FIELD_VALUE_LIST, FIELD_U16},
    [CLIENT_COPY_DATA] = {FIELD_REST},
    [CLIENT_COPY_FAIL] = {FIELD_TEXT},
    [CLIENT_PASSWORD] = {FIELD_REST},
};

static const enum trace_field server_fields[256][TRACE_FIELDS_MOST] = {
    [SERVER_AUTHENTICATION] = {FIELD_U32, FIELD_REST},
    [SERVER_BACKEND_KEY_DATA] = {FIELD_U32, FIELD_REST},
    [SERVER_NEGOTIATE] = {FIELD_VERSION, FIELD_TEXTS},
    [SERVER_PARAMETER_STATUS] = {FIELD_TEXT, FIELD_TEXT},
    [SERVER_NOTICE] = {FIELD_REPORT},
    [SERVER_NOTIFICATION] = {FIELD_U32, FIELD_TEXT, FIELD_TEXT},
    [SERVER_ERROR] = {FIELD_REPORT},
    [SERVER_READY_FOR_QUERY] = {FIELD_CHAR},
    [SERVER_ROW_DESCRIPTION] = {FIELD_COLUMNS},
    [SERVER_PARAMETER_DESCRIPTION] = {FIELD_U32_LIST},
    [SERVER_DATA_ROW] = {FIELD_ROW},
    [SERVER_COMMAND_COMPLETE] = {FIELD_TEXT},
    [SERVER_FUNCTION_RESULT] = {FIELD_VALUE},
    [SERVER_COPY_IN] = {FIELD_U8, FIELD_U16_LIST},
    [SERVER_COPY_OUT] = {FIELD_U8, FIELD_U16_LIST},
    [SERVER_COPY_BOTH] = {FIELD_U8, FIELD_U16_LIST},
    [SERVER_COPY_DATA] = {FIELD_REST},
};

static const struct {
    const char *name;
    uint32_t code;
    enum trace_field fields[TRACE_FIELDS_MOST];
} startup_rows[] = {
    {"SSLRequest", STARTUP_CODE_SSL, {FIELD_CODE}},
    {"GSSENCRequest", STARTUP_CODE_GSSENC, {FIELD_CODE}},
    {"CancelRequest", STARTUP_CODE_CANCEL, {FIELD_CODE, FIELD_U32, FIELD_REST}},
    {"StartupMessage", 0, {FIELD_VERSION, FIELD_PARAMETERS}}, /* last: any other code */
};

#define STARTUP_ROWS (sizeof startup_rows / sizeof startup_rows[0])

static struct trace_format startup_format(size_t row)
{
    return (struct trace_format){
        .name = startup_rows[row].name,
        .code = startup_rows[row].code,
        .fields = startup_rows[row].fields,
    };
}

/* The name is NULL when there is no such message. */
static struct trace_format tagged_format(enum trace_side side, uint8_t tag)
{
    bool client = side == TRACE_CLIENT;
    return (struct trace_format){
        .name = client ? client_messages[tag].name : server_messages[tag].name,
        .tag = tag,
        .fields = client ? client_fields[tag] : server_fields[tag],
    };
}

bool trace_format_find(enum trace_side side, uint8_t tag, uint32_t code, struct trace_format *out)
{
    if (side != TRACE_STARTUP) {
        *out = tagged_format(side, tag);
        return out->name != NULL;
    }
    size_t row = 0;
    while (row < STARTUP_ROWS - 1 && startup_rows[row].code != code) {
        row++;
    }
    *out = startup_format(row);
    return true;
}

bool trace_format_named(enum trace_side side, struct span name, struct trace_format *out)
{
    size_t count = side == TRACE_STARTUP ? STARTUP_ROWS : 256;
    for (size_t i = 0; i < count; i++) {
        *out = side == TRACE_STARTUP ? startup_format(i) : tagged_format(side, (uint8_t)i);
        if (out->name != NULL && span_is(name, out->name)) {
            return true;
        }
    }
    return false;
}

bool trace_is_word(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '.';
}
