/* Names as PostgreSQL makes them up: of the table, its columns and what it is that needs a name,
 * with a number when that is taken. The functions here are PostgreSQL's makeObjectName,
 * ChooseIndexColumnNames and ChooseIndexNameAddition (commands/indexcmds.c). Which of the names are
 * free only the catalog knows. */
#include "policy/sql/internal.h"

#include <stdio.h>

/* At most `limit` bytes of the text, whole characters (pg_mbcliplen for UTF-8). */
static size_t clip(const char *text, size_t limit)
{
    size_t length = strlen(text);
    if (length <= limit) {
        return length;
    }
    while (limit > 0 && ((uint8_t)text[limit] & 0xc0) == 0x80) {
        limit--;
    }
    return limit;
}

static bool has_column(const struct chosen_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (strcmp(columns->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

void choose_name_add(struct chosen_columns *columns, const char *origin)
{
    char current[NAME_BYTES];
    if (columns->count == CHOSEN_COLUMNS_MAX) {
        return;
    }
    name_copy(current, origin);
    for (unsigned i = 1; has_column(columns, current); i++) {
        char number[16];
        int digits = snprintf(number, sizeof number, "%u", i);
        size_t length = clip(origin, NAME_BYTES - 1 - (size_t)digits);
        (void)snprintf(current, sizeof current, "%.*s%s", (int)length, origin, number);
    }
    memcpy(columns->names[columns->count++], current, sizeof current);
}

/* ChooseIndexNameAddition: the columns with "_" between them, no longer than is any use. */
static void join_columns(const struct chosen_columns *columns, char *joined)
{
    size_t length = 0;
    for (size_t i = 0; i < columns->count && length < NAME_BYTES; i++) {
        if (length > 0) {
            joined[length++] = '_';
        }
        size_t more = strlen(columns->names[i]);
        memcpy(joined + length, columns->names[i], more);
        length += more;
    }
    joined[length] = '\0';
}

/* makeObjectName: table_columns_label in 63 bytes, taken off the longer of the first two. */
static void make_name(char *out, const char *table, const char *columns, const char *label)
{
    const char *line = columns[0] == '\0' ? "" : "_";
    size_t room = NAME_BYTES - 1 - strlen(line) - 1 - strlen(label);
    size_t table_length = strlen(table);
    size_t columns_length = strlen(columns);
    while (table_length + columns_length > room) {
        if (table_length > columns_length) {
            table_length--;
        } else {
            columns_length--;
        }
    }
    table_length = clip(table, table_length);
    columns_length = clip(columns, columns_length);
    (void)snprintf(out, NAME_BYTES, "%.*s%s%.*s_%s", (int)table_length, table, line,
                   (int)columns_length, columns, label);
}

void choose_names(const char *table, const struct chosen_columns *columns, const char *label,
                  char (*names)[NAME_BYTES], size_t most)
{
    char joined[2 * NAME_BYTES + 1];
    join_columns(columns, joined);
    for (size_t i = 0; i < most; i++) {
        char numbered[32];
        (void)snprintf(numbered, sizeof numbered, i == 0 ? "%s" : "%s%u", label, (unsigned)i);
        make_name(names[i], table, joined, numbered);
    }
}
