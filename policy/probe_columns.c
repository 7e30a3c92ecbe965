/* Text columns into values. What is not exactly as expected makes the whole row bad: a guess here
 * would be taken for knowledge. */
#include "policy/probe_columns.h"

#include <stdlib.h>

struct span columns_next(struct columns *columns)
{
    if (columns->next == columns->count) {
        columns->bad = true;
        return span_of(NULL, 0);
    }
    return columns->at[columns->next++];
}

void columns_text(struct columns *columns, char *out, size_t size)
{
    struct span text = columns_next(columns);
    if (text.length >= size) {
        columns->bad = true;
        text.length = 0;
    }
    if (text.length > 0) {
        memcpy(out, text.at, text.length);
    }
    out[text.length] = '\0';
}

bool columns_bool(struct columns *columns)
{
    struct span text = columns_next(columns);
    if (text.length != 0 && !span_is(text, "t") && !span_is(text, "f")) {
        columns->bad = true;
    }
    return span_is(text, "t");
}

char columns_char(struct columns *columns)
{
    char text[2];
    columns_text(columns, text, sizeof text);
    return text[0];
}

uint32_t columns_number(struct columns *columns)
{
    char text[16];
    columns_text(columns, text, sizeof text);
    char *end = text;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value > UINT32_MAX) {
        columns->bad = true;
        return 0;
    }
    return (uint32_t)value;
}

uint32_t columns_oid(struct columns *columns)
{
    bool null = columns->next < columns->count && columns->at[columns->next].length == 0;
    columns->next += null;
    return null ? 0 : columns_number(columns);
}

void columns_name(struct columns *columns, char *out)
{
    columns_text(columns, out, NAME_BYTES);
}

int64_t columns_estimate(struct columns *columns)
{
    char text[40];
    columns_text(columns, text, sizeof text);
    if (text[0] == '\0' || strcmp(text, "Infinity") == 0) {
        return -1;
    }
    char *end = text;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value < 9e18)) {
        columns->bad = true;
        return -1;
    }
    return value < 0 ? -1 : (int64_t)value;
}

/* A time as PostgreSQL shows its settings: a whole number and the largest unit that divides it; a
 * bare number is 0. */
static bool probe_milliseconds(const char *text, uint32_t *out)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    char *end = NULL;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || value > INT32_MAX) {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(end, units[i].unit) == 0 && value * units[i].ms <= INT32_MAX) {
            *out = (uint32_t)(value * units[i].ms);
            return true;
        }
    }
    return false;
}

uint32_t columns_time(struct columns *columns, char *text, size_t size)
{
    uint32_t ms = 0;
    columns_text(columns, text, size);
    columns->bad = columns->bad || !probe_milliseconds(text, &ms);
    return ms;
}

enum message_level columns_level(struct columns *columns)
{
    static const struct {
        const char *prefix;
        enum message_level level;
    } levels[] = {{"debug", LEVEL_DEBUG},     {"log", LEVEL_LOG},     {"notice", LEVEL_NOTICE},
                  {"warning", LEVEL_WARNING}, {"error", LEVEL_ERROR}, {"fatal", LEVEL_ERROR},
                  {"panic", LEVEL_ERROR}}; /* the last two: PostgreSQL 11 */
    char text[16];
    columns_text(columns, text, sizeof text);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (strncmp(text, levels[i].prefix, strlen(levels[i].prefix)) == 0) {
            return levels[i].level;
        }
    }
    columns->bad = true;
    return LEVEL_NOTICE;
}
