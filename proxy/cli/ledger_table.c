/* The table of changes for people. It never wraps a row and never looks at the width of the
 * terminal: the same rows give the same text in a file.
 *
 *      TIME (UTC)  STATE  TAG  OBJECT  USER@DATABASE  APPLICATION  TRIES  ID  STATEMENT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/cli/ledger_cli.h"

struct column_row {
    const char *head;
    size_t width; /* characters at least: what the usual contents take */
    size_t limit; /* characters at most: longer cells are cut */
};

static const struct column_row columns[COLUMN_COUNT] = {
    [COLUMN_TIME] = {"TIME (UTC)", 23, 23},   [COLUMN_STATE] = {"STATE", 11, 19},
    [COLUMN_TAG] = {"TAG", 12, 28},           [COLUMN_OBJECT] = {"OBJECT", 12, 40},
    [COLUMN_WHO] = {"USER@DATABASE", 13, 40}, [COLUMN_APPLICATION] = {"APPLICATION", 11, 24},
    [COLUMN_ATTEMPTS] = {"TRIES", 5, 5},      [COLUMN_ID] = {"ID", 36, 36},
    [COLUMN_SQL] = {"STATEMENT", 0, 80},
};

struct ledger_table ledger_table_on(FILE *out)
{
    struct ledger_table table = {.out = out,
                                 .colours = isatty(fileno(out)) && getenv("NO_COLOR") == NULL};
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        table.widths[i] = columns[i].width;
    }
    return table;
}

/* Characters, not bytes: every byte of UTF-8 but its continuations begins one. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text != 0; text++) {
        width += (*text & 0xC0) != 0x80;
    }
    return width;
}

/* A tilde stands for what is cut off. */
static void cut_to(char *text, size_t limit)
{
    char *last = text;
    size_t width = 0;
    for (char *at = text; *at != 0; at++) {
        if ((*at & 0xC0) == 0x80) {
            continue;
        }
        if (width == limit - 1) {
            last = at;
        }
        width++;
    }
    if (width > limit) {
        last[0] = '~';
        last[1] = 0;
    }
}

/* "2026-11-22T10:34:05.123456Z" without its microseconds and letters. */
static void append_time(struct buffer *out, const json_t *change)
{
    const char *time = ledger_member(json_object_get(change, "times"), "intended");
    if (time == NULL || strlen(time) < 23) {
        return;
    }
    buffer_append(out, time, 10);
    buffer_append_text(out, " ");
    buffer_append(out, time + 11, 12);
}

static void append_who(struct buffer *out, const json_t *change)
{
    const char *user = ledger_member(change, "user");
    const char *database = ledger_member(change, "database");
    ledger_append_safe(out, user != NULL ? user : "", false);
    buffer_append_text(out, "@");
    ledger_append_safe(out, database != NULL ? database : "", false);
}

static void append_cell(struct buffer *out, const json_t *change, enum ledger_column column)
{
    static const char *const members[COLUMN_COUNT] = {
        [COLUMN_STATE] = "state",
        [COLUMN_TAG] = "tag",
        [COLUMN_APPLICATION] = "application_name",
        [COLUMN_ID] = "change_id",
        [COLUMN_SQL] = "original_sql",
    };
    const json_t *attempts = json_object_get(change, "attempts");
    switch (column) {
    case COLUMN_TIME:
        append_time(out, change);
        return;
    case COLUMN_OBJECT:
        ledger_append_object(out, change);
        return;
    case COLUMN_WHO:
        append_who(out, change);
        return;
    case COLUMN_ATTEMPTS:
        if (json_is_integer(attempts)) {
            buffer_append_format(out, "%lld", (long long)json_integer_value(attempts));
        }
        return;
    case COLUMN_STATE:
    case COLUMN_TAG:
    case COLUMN_APPLICATION:
    case COLUMN_ID:
    case COLUMN_SQL:
    case COLUMN_COUNT:
        break;
    }
    const char *text = ledger_member(change, members[column]);
    ledger_append_safe(out, text != NULL ? text : "", false);
}

/* One row of the table, as text; a cell with nothing in it is "-". */
struct table_row {
    char *cells[COLUMN_COUNT]; /* owned; NULL: no memory */
};

static struct table_row make_row(const char *json)
{
    struct table_row row = {0};
    json_t *change = json_loads(json, 0, NULL);
    for (int column = 0; column < COLUMN_COUNT; column++) {
        struct buffer cell = {0};
        append_cell(&cell, change, (enum ledger_column)column);
        if (cell.length == 0) {
            buffer_append_text(&cell, "-");
        }
        buffer_append_u8(&cell, 0);
        if (cell.failed) {
            buffer_free(&cell);
        } else {
            cut_to((char *)cell.at, columns[column].limit);
        }
        row.cells[column] = (char *)cell.at;
    }
    json_decref(change);
    return row;
}

static void free_row(struct table_row *row)
{
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        free(row->cells[column]);
    }
}

static void grow_widths(struct ledger_table *table, const struct table_row *row)
{
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        size_t width = row->cells[column] != NULL ? width_of(row->cells[column]) : 0;
        if (width > table->widths[column]) {
            table->widths[column] = width;
        }
    }
}

/* The last cell is not padded: no row ends in spaces. */
static void print_row(const struct ledger_table *table, const char *const cells[COLUMN_COUNT],
                      const char *state)
{
    const char *colour = ledger_state_colour(table->colours, state);
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        const char *text = cells[column] != NULL ? cells[column] : "?";
        bool coloured = column == COLUMN_STATE && colour[0] != 0;
        fprintf(table->out, "%s%s%s", coloured ? colour : "", text, coloured ? LEDGER_PLAIN : "");
        size_t width = width_of(text);
        size_t wanted = table->widths[column] > width ? table->widths[column] - width : 0;
        bool last = column == COLUMN_COUNT - 1;
        fprintf(table->out, "%*s", last ? 0 : (int)wanted + 2, "");
    }
    fputc('\n', table->out);
}

static void print_heads(struct ledger_table *table)
{
    const char *heads[COLUMN_COUNT];
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        heads[column] = columns[column].head;
    }
    print_row(table, heads, "");
    table->begun = true;
}

void ledger_table_print(struct ledger_table *table, const struct ledger_texts *texts,
                        bool oldest_first)
{
    struct table_row *rows = calloc(texts->count + 1, sizeof *rows);
    if (rows == NULL) {
        return;
    }
    for (size_t i = 0; i < texts->count; i++) {
        rows[i] = make_row(texts->at[oldest_first ? texts->count - 1 - i : i]);
        grow_widths(table, &rows[i]);
    }
    if (!table->begun) {
        print_heads(table);
    }
    for (size_t i = 0; i < texts->count; i++) {
        const char *state = rows[i].cells[COLUMN_STATE];
        print_row(table, (const char *const *)rows[i].cells, state != NULL ? state : "");
        free_row(&rows[i]);
    }
    free(rows);
}
