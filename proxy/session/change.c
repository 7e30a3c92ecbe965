/* Ledger events as JSON lines. See change.h. */
#include "proxy/session/change.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *const kind_names[] = {
#define X(name, text) [CHANGE_##name] = text,
    CHANGE_KINDS(X)
#undef X
};

/* splitmix64 (Steele, Lea, Flood 2014): enough for ids that must be unique, not secret. */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct change_id change_id_new(uint64_t *random, uint64_t wall_us)
{
    struct change_id id;
    uint64_t ms = wall_us / 1000;
    uint64_t high = ms << 16 | 0x7000 | (random_next(random) & 0x0fff);
    uint64_t low = (random_next(random) & 0x3fffffffffffffffu) | 0x8000000000000000u;
    for (size_t i = 0; i < 8; i++) {
        id.bytes[i] = (uint8_t)(high >> (56 - 8 * i));
        id.bytes[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
    return id;
}

static json_t *json_id(const struct change_id *id)
{
    char text[37];
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text[at++] = '-';
        }
        snprintf(text + at, 3, "%02x", id->bytes[i]);
        at += 2;
    }
    return json_string(text);
}

/* Bytes that are not UTF-8, each as the code point of its value: nothing is lost, and the JSON is
 * valid. */
static json_t *json_bytes(struct span text)
{
    struct buffer wide = {0};
    for (size_t i = 0; i < text.length; i++) {
        uint8_t byte = text.at[i];
        if (byte < 0x80) {
            buffer_append_u8(&wide, byte);
        } else {
            buffer_append_u8(&wide, (uint8_t)(0xc0 | byte >> 6));
            buffer_append_u8(&wide, (uint8_t)(0x80 | (byte & 0x3f)));
        }
    }
    bool failed = wide.failed;
    json_t *value = failed ? NULL : json_stringn((const char *)wide.at, wide.length);
    buffer_free(&wide);
    return value != NULL || failed ? value : json_string("");
}

static json_t *json_text(struct span text)
{
    json_t *value =
        text.length == 0 ? json_string("") : json_stringn((const char *)text.at, text.length);
    return value != NULL ? value : json_bytes(text);
}

/* Bytes of another encoding may happen to be UTF-8, too; but nobody knows what SQL_ASCII is. */
static bool is_foreign(const struct change_intent *intent)
{
    const char *encoding = intent->encoding;
    bool high = false;
    for (size_t i = 0; i < intent->sql.length && !high; i++) {
        high = intent->sql.at[i] >= 0x80;
    }
    if (!high || encoding == NULL || encoding[0] == '\0' || strcmp(encoding, "UTF8") == 0) {
        return false;
    }
    json_t *utf8 = json_stringn((const char *)intent->sql.at, intent->sql.length);
    bool readable = utf8 != NULL && strcmp(encoding, "SQL_ASCII") == 0;
    json_decref(utf8);
    return !readable;
}

typedef json_t *json_of(struct span text);

/* RFC 3339, UTC, microseconds. */
static json_t *json_time(uint64_t wall_us)
{
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm tm;
    char day[32];
    char text[48];
    gmtime_r(&seconds, &tm);
    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, sizeof(text), "%s.%06uZ", day, (unsigned)(wall_us % 1000000));
    return json_string(text);
}

static json_t *event_new(enum change_kind kind, const struct change_id *id, uint64_t wall_us)
{
    json_t *event = json_object();
    json_object_set_new(event, "change_id", json_id(id));
    json_object_set_new(event, "kind", json_string(kind_names[kind]));
    json_object_set_new(event, "at", json_integer((json_int_t)wall_us));
    return event;
}

/* Writes and releases the event. A line that cannot be had for lack of memory fails the buffer. */
static void event_write(struct buffer *out, json_t *event)
{
    char *line = json_dumps(event, JSON_COMPACT);
    if (line == NULL) {
        out->failed = true;
    } else {
        buffer_append_text(out, line);
        buffer_append_u8(out, '\n');
    }
    free(line);
    json_decref(event);
}

static json_t *json_objects(const struct statement *statement, json_of *text)
{
    json_t *list = json_array();
    size_t count = statement->object_count < STATEMENT_OBJECTS_MAX ? statement->object_count
                                                                   : STATEMENT_OBJECTS_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct statement_object *object = &statement->objects[i];
        json_t *item = json_object();
        json_object_set_new(item, "action", json_string(object->action));
        json_object_set_new(item, "kind", json_string(object->kind));
        json_object_set_new(item, "schema",
                            object->name.schema[0] == '\0' ? json_null()
                                                           : text(span_text(object->name.schema)));
        json_object_set_new(item, "name", text(span_text(object->name.name)));
        json_array_append_new(list, item);
    }
    return list;
}

static json_t *json_rules(const struct decision *decision, json_of *text)
{
    json_t *list = json_array();
    for (size_t i = 0; i < decision->fired_count; i++) {
        json_t *item = json_object();
        const char *action = settings_action_name(decision->fired[i].action);
        json_object_set_new(item, "id", json_string(decision->fired[i].rule->id));
        json_object_set_new(item, "action", json_string(action));
        if (decision->fired[i].origin.kind == ORIGIN_COMMENT) {
            json_object_set_new(item, "reason", text(decision->fired[i].origin.reason));
        }
        json_array_append_new(list, item);
    }
    return list;
}

static void event_set_who(json_t *event, const struct change_who *who)
{
    json_object_set_new(event, "database", json_text(span_text(who->database)));
    json_object_set_new(event, "user", json_text(span_text(who->user)));
    json_object_set_new(event, "application_name", json_text(span_text(who->application)));
    json_object_set_new(event, "client", json_text(span_text(who->client)));
    json_object_set_new(event, "protocol", json_string(who->extended ? "extended" : "simple"));
    json_object_set_new(event, "server_pid", json_integer(who->server_pid));
}

/* The next of texts that have a NUL behind each; *rest goes behind it. */
static struct span next_text(struct span *rest)
{
    const uint8_t *end = memchr(rest->at, 0, rest->length);
    struct span text = span_cut(*rest, 0, end == NULL ? rest->length : (size_t)(end - rest->at));
    *rest = span_from(*rest, text.length + 1);
    return text;
}

static json_t *json_executed(const struct change_intent *intent, json_of *text)
{
    json_t *list = json_array();
    struct span rest = intent->executed;
    if (rest.length == 0) {
        json_array_append_new(list, json_pack("{so}", "sql", text(intent->sql)));
    }
    while (rest.length > 0) {
        json_array_append_new(list, json_pack("{so}", "sql", text(next_text(&rest))));
    }
    return list;
}

static void event_set_undo(json_t *event, const struct change_undo *undo)
{
    struct span rest = undo->queries;
    if (rest.length == 0) {
        return;
    }
    json_t *queries = json_array();
    while (rest.length > 0) {
        json_array_append_new(queries, json_text(next_text(&rest)));
    }
    json_t *schema = json_text(span_text(undo->table->schema));
    json_t *table = json_text(span_text(undo->table->name));
    json_object_set_new(
        event, "undo",
        json_pack("{so, so, so}", "schema", schema, "table", table, "queries", queries));
}

void change_write_intent(struct buffer *out, enum change_kind kind,
                         const struct change_intent *intent, const char *sqlstate,
                         struct span message, uint64_t wall_us)
{
    json_t *event = event_new(kind, &intent->id, wall_us);
    json_of *text = json_text;
    if (is_foreign(intent)) {
        text = json_bytes;
        json_object_set_new(event, "encoding", json_string(intent->encoding));
    }
    json_object_set_new(event, "tx_id", json_id(&intent->transaction));
    json_object_set_new(event, "tag", json_string(intent->statement->tag));
    event_set_who(event, intent->who);
    json_object_set_new(event, "original_sql", text(intent->sql));
    json_object_set_new(event, "executed",
                        kind == CHANGE_DENIED ? json_array() : json_executed(intent, text));
    json_object_set_new(event, "objects", json_objects(intent->statement, text));
    json_object_set_new(event, "rules", json_rules(intent->decision, text));
    json_object_set_new(event, "verdict", json_string(verdict_name(intent->decision->verdict)));
    json_object_set_new(event, "lock_timeout_ms", json_integer(intent->lock_timeout_ms));
    json_object_set_new(event, "attempts", json_integer(kind == CHANGE_DENIED ? 0 : 1));
    event_set_undo(event, &intent->undo);
    if (sqlstate != NULL) {
        json_object_set_new(event, "sqlstate", json_string(sqlstate));
        json_object_set_new(event, "message", json_text(message));
    }
    json_object_set_new(event, "times", json_pack("{so}", "intended", json_time(wall_us)));
    event_write(out, event);
}

/* Which of the change's times an event sets. */
static void event_set_times(json_t *event, enum change_kind kind, uint64_t wall_us)
{
    const char *name = NULL;
    switch (kind) {
    case CHANGE_FORWARDED:
        name = "started";
        break;
    case CHANGE_STMT_OK:
    case CHANGE_ROLLED_BACK:
    case CHANGE_UNDONE:
    case CHANGE_NO_OP:
    case CHANGE_FAILED:
    case CHANGE_PREPARED:
        name = "finished";
        break;
    case CHANGE_COMMITTED:
        name = "committed";
        break;
    case CHANGE_INTENDED:
    case CHANGE_DENIED:
    case CHANGE_RETRY:
    case CHANGE_PROGRESS:
    case CHANGE_UNKNOWN:
    case CHANGE_COMPLETED:
    case CHANGE_NEEDS_CLEANUP:
        return;
    }
    json_object_set_new(event, "times", json_pack("{so}", name, json_time(wall_us)));
}

void change_write(struct buffer *out, enum change_kind kind, const struct change_id *id,
                  const struct change_outcome *outcome, uint64_t wall_us)
{
    json_t *event = event_new(kind, id, wall_us);
    event_set_times(event, kind, wall_us);
    if (kind == CHANGE_STMT_OK) { /* what a failed try has left is over */
        json_object_set_new(event, "sqlstate", json_null());
        json_object_set_new(event, "message", json_null());
    }
    if (outcome != NULL && outcome->sqlstate.length > 0) {
        json_object_set_new(event, "sqlstate", json_text(outcome->sqlstate));
        json_object_set_new(event, "message", json_text(outcome->message));
    } else if (outcome != NULL && outcome->message.length > 0) {
        json_object_set_new(event, "message", json_text(outcome->message));
    }
    if (outcome != NULL && outcome->attempts > 0) {
        json_object_set_new(event, "attempts", json_integer(outcome->attempts));
    }
    if (outcome != NULL && outcome->cleanup.length > 0) {
        json_object_set_new(event, "cleanup", json_text(outcome->cleanup));
    }
    if (outcome != NULL && outcome->remains.length > 0) {
        json_object_set_new(event, "remains", json_text(outcome->remains));
    }
    if (outcome != NULL) {
        event_set_undo(event, &outcome->undo);
    }
    if (outcome != NULL && kind == CHANGE_PROGRESS) {
        bool known = outcome->rows_in_all >= 0;
        json_object_set_new(
            event, "progress",
            json_pack("{sIso}", "rows", (json_int_t)outcome->rows, "of",
                      known ? json_integer((json_int_t)outcome->rows_in_all) : json_null()));
    }
    event_write(out, event);
}
