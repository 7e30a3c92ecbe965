/* Names and literals as SQL text. Quoting as PostgreSQL's quote_identifier and quote_literal do it
 * (ruleutils.c, quote.c). */
#include "policy/sql/internal.h"

static bool is_plain(const char *name)
{
    if (!(name[0] >= 'a' && name[0] <= 'z') && name[0] != '_') {
        return false;
    }
    for (const char *at = name; *at != '\0'; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || *at == '_';
        if (!plain) {
            return false;
        }
    }
    return grammar_is_plain_name(name);
}

void sql_append_identifier(struct buffer *out, const char *name)
{
    if (is_plain(name)) {
        buffer_append_text(out, name);
        return;
    }
    buffer_append_u8(out, '"');
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == '"') {
            buffer_append_u8(out, '"');
        }
        buffer_append_u8(out, (uint8_t)*at);
    }
    buffer_append_u8(out, '"');
}

void sql_append_name(struct buffer *out, const struct object_name *name)
{
    if (name->schema[0] != '\0') {
        sql_append_identifier(out, name->schema);
        buffer_append_u8(out, '.');
    }
    sql_append_identifier(out, name->name);
}

/* With a backslash in it, an E'' string means the same under both settings. */
void sql_append_literal(struct buffer *out, struct span text)
{
    bool escapes = text.length > 0 && memchr(text.at, '\\', text.length) != NULL;
    buffer_append_text(out, escapes ? " E'" : "'");
    for (size_t i = 0; i < text.length; i++) {
        uint8_t byte = text.at[i];
        if (byte == '\'' || byte == '\\') {
            buffer_append_u8(out, byte);
        }
        buffer_append_u8(out, byte);
    }
    buffer_append_u8(out, '\'');
}
