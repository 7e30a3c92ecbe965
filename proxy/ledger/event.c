/* Reads, makes and folds events. It never writes to a file and never asks the time.
 *
 *      intended {tag, original_sql, …, times {intended}}  \
 *      forwarded {times {started}}                         >  the change, as `ledger list` shows it
 *      committed {times {finished, committed}}            / */
#include "proxy/ledger/event.h"

#include "proxy/ledger/why.h"

struct kind_row {
    const char *name, *state;
};

static const struct kind_row kind_rows[] = {
#define EVENT_KIND_ROW(value, name, state) [value] = {name, state},
    EVENT_KINDS(EVENT_KIND_ROW)
#undef EVENT_KIND_ROW
};

#define KIND_COUNT (sizeof kind_rows / sizeof kind_rows[0])

const char *event_kind_name(enum event_kind kind)
{
    return kind_rows[kind].name;
}

const char *event_kind_state(enum event_kind kind)
{
    return kind_rows[kind].state;
}

bool event_state_exists(const char *state)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kind_rows[i].state != NULL && strcmp(kind_rows[i].state, state) == 0) {
            return true;
        }
    }
    return false;
}

static bool kind_from_name(const char *name, enum event_kind *out)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (strcmp(kind_rows[i].name, name) == 0) {
            *out = (enum event_kind)i;
            return true;
        }
    }
    return false;
}

/* The keys that every event has, out of event->body. NULL: all are there and right. */
static const char *read_envelope(struct event *event)
{
    const char *id = json_string_value(json_object_get(event->body, "change_id"));
    if (id == NULL || !change_id_parse(id, &event->change_id)) {
        return "change_id must be a UUID";
    }
    const char *kind = json_string_value(json_object_get(event->body, "kind"));
    if (kind == NULL || !kind_from_name(kind, &event->kind)) {
        return "kind must be one of docs/ledger-events.md";
    }
    const json_t *at = json_object_get(event->body, "at");
    if (!json_is_integer(at) || json_integer_value(at) < 0) {
        return "at must be microseconds since 1970";
    }
    event->at_us = json_integer_value(at);
    const json_t *times = json_object_get(event->body, "times");
    if (times != NULL && !json_is_object(times)) {
        return "times must be an object";
    }
    const json_t *objects = json_object_get(event->body, "objects");
    if (objects != NULL && !json_is_array(objects)) {
        return "objects must be an array";
    }
    return NULL;
}

bool event_parse(struct span line, struct event *out, char **why)
{
    json_error_t error;
    *out = (struct event){
        .body = json_loadb((const char *)line.at, line.length, JSON_REJECT_DUPLICATES, &error)};
    if (out->body == NULL) {
        why_set(why, "a ledger event must be a line of JSON: %s at byte %d", error.text,
                error.position);
        return false;
    }
    const char *wrong = json_is_object(out->body) ? read_envelope(out) : "it must be an object";
    if (wrong != NULL) {
        why_set(why, "a ledger event is malformed: %s", wrong);
        event_free(out);
        return false;
    }
    return true;
}

bool event_make_unknown(const struct change_id *id, int64_t at_us, const char *message,
                        struct event *out)
{
    char text[CHANGE_ID_TEXT + 1];
    change_id_text(id, text);
    *out = (struct event){.kind = EVENT_UNKNOWN, .change_id = *id, .at_us = at_us};
    out->body =
        json_pack("{s:s, s:s, s:I, s:s}", "change_id", text, "kind", event_kind_name(EVENT_UNKNOWN),
                  "at", (json_int_t)at_us, "message", message);
    return out->body != NULL;
}

void event_free(struct event *event)
{
    json_decref(event->body);
    event->body = NULL;
}

static bool belongs_to_event_alone(const char *key)
{
    return strcmp(key, "v") == 0 || strcmp(key, "seq") == 0 || strcmp(key, "kind") == 0 ||
           strcmp(key, "at") == 0;
}

static bool merge_times(json_t *change, json_t *times)
{
    json_t *merged = json_object_get(change, "times");
    if (merged != NULL) {
        return json_object_update(merged, times) == 0;
    }
    /* A copy: the event's own object must not change with later events. */
    return json_object_set_new(change, "times", json_copy(times)) == 0;
}

bool event_fold(const struct event *event, json_t *change)
{
    const char *key;
    json_t *value;
    json_object_foreach(event->body, key, value)
    {
        if (belongs_to_event_alone(key)) {
            continue;
        }
        bool folded = strcmp(key, "times") == 0 ? merge_times(change, value)
                                                : json_object_set(change, key, value) == 0;
        if (!folded) {
            return false;
        }
    }
    const char *state = event_kind_state(event->kind);
    return state == NULL || json_object_set_new(change, "state", json_string(state)) == 0;
}
