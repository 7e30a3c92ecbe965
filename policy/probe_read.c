/* Reads the probe's answer: text columns, in the order in which probe.c asks for them. What is not
 * exactly as expected makes the whole row unknown: a guess here would be taken for knowledge. */
#include "policy/probe.h"

#include <stdlib.h>

/* Walks the columns of a row; the first one that is wrong stays wrong. */
struct columns {
    const struct span *at;
    size_t count;
    size_t next;
    bool bad;
};

static struct span columns_next(struct columns *columns)
{
    if (columns->next == columns->count) {
        columns->bad = true;
        return span_of(NULL, 0);
    }
    return columns->at[columns->next++];
}

/* Into an array of `size` bytes, with a NUL. */
static void columns_text(struct columns *columns, char *out, size_t size)
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

/* NULL is false: a property of something that is not there. */
static bool columns_bool(struct columns *columns)
{
    struct span text = columns_next(columns);
    if (text.length != 0 && !span_is(text, "t") && !span_is(text, "f")) {
        columns->bad = true;
    }
    return span_is(text, "t");
}

static char columns_char(struct columns *columns)
{
    char text[2];
    columns_text(columns, text, sizeof text);
    return text[0];
}

static uint32_t columns_number(struct columns *columns)
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

/* A float8 as PostgreSQL prints it; infinity and nothing are "unknown". */
static int64_t columns_estimate(struct columns *columns)
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

static uint32_t columns_time(struct columns *columns, char *text, size_t size)
{
    uint32_t ms = 0;
    columns_text(columns, text, size);
    columns->bad = columns->bad || !probe_milliseconds(text, &ms);
    return ms;
}

static enum message_level columns_level(struct columns *columns)
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

static void probe_read_settings(struct columns *columns, struct facts *facts)
{
    char ignored[32];
    facts->server_version = columns_number(columns);
    facts->lock_timeout_ms = columns_time(columns, facts->lock_timeout, sizeof facts->lock_timeout);
    facts->statement_timeout_ms =
        columns_time(columns, facts->statement_timeout, sizeof facts->statement_timeout);
    columns_text(columns, facts->transaction_timeout, sizeof facts->transaction_timeout);
    columns_text(columns, facts->idle_session_timeout, sizeof facts->idle_session_timeout);
    facts->deadlock_timeout_ms = columns_time(columns, ignored, sizeof ignored);
    facts->client_min_messages = columns_level(columns);
    facts->server_pid = columns_number(columns);
}

static void probe_read_target(struct columns *columns, struct facts *facts)
{
    facts->exists = columns_bool(columns);
    facts->kind = columns_char(columns);
    facts->temporary = columns_bool(columns);
    facts->system = columns_bool(columns);
    facts->new_here = columns_bool(columns);
    facts->bytes = columns_estimate(columns);
    facts->rows = columns_estimate(columns);
    columns_text(columns, facts->table.schema, sizeof facts->table.schema);
    columns_text(columns, facts->table.name, sizeof facts->table.name);
    facts->table_partitioned = columns_char(columns) == 'p';
    facts->table_has_invalid_index = columns_bool(columns);
    facts->table_has_exclusion = columns_bool(columns);
    facts->index.exists = columns_bool(columns);
    facts->index.valid = columns_bool(columns);
    facts->index.backs_constraint = columns_bool(columns);
    facts->index.exclusion = columns_bool(columns);
    facts->index.partition = columns_bool(columns);
    columns_text(columns, facts->index_name, sizeof facts->index_name);
    /* Found by name but not seen by this snapshot: a REPEATABLE READ transaction older than the
     * table. Nothing is known of it. */
    facts->target_known = !facts->exists || facts->kind != '\0';
}

static void probe_read_show(size_t index, struct columns *columns, struct facts *facts)
{
    char ignored[32];
    if (index == 0) {
        facts->lock_timeout_ms =
            columns_time(columns, facts->lock_timeout, sizeof facts->lock_timeout);
    } else if (index == 1) {
        facts->deadlock_timeout_ms = columns_time(columns, ignored, sizeof ignored);
    } else {
        facts->client_min_messages = columns_level(columns);
    }
}

bool probe_read(const struct probe *probe, size_t index, const struct span *columns, size_t count,
                struct facts *facts)
{
    struct columns row = {.at = columns, .count = count};
    switch (probe->form) {
    case PROBE_SHOW:
        probe_read_show(index, &row, facts);
        break;
    case PROBE_SETTINGS:
        probe_read_settings(&row, facts);
        break;
    case PROBE_TARGET:
        probe_read_settings(&row, facts);
        probe_read_target(&row, facts);
        break;
    }
    if (row.bad || row.next != row.count) {
        *facts = (struct facts){0};
        return false;
    }
    facts->known = index + 1 == probe->count;
    return true;
}
