/* Where clean-ups come from: the sessions' ledger lines while they are submitted, and the journal,
 * for those that an earlier run has left open. */
#include <jansson.h>
#include <stdlib.h>

#include "proxy/ledger/reader.h"
#include "proxy/net/maintenance_state.h"

struct order {
    struct mail mail;
    struct maintenance_line *line;
    struct buffer database, event;
};

static void deliver_order(struct mail *mail, bool lost)
{
    struct order *order = (struct order *)mail;
    json_t *event =
        lost ? NULL : json_loadb((const char *)order->event.at, order->event.length, 0, NULL);
    cleanup_take(order->line, event, (const char *)order->database.at);
    json_decref(event);
    buffer_free(&order->database);
    buffer_free(&order->event);
    free(order);
}

static void post_order(struct maintenance_line *line, struct span database, struct span event)
{
    struct order *order = calloc(1, sizeof *order);
    if (order == NULL) {
        return; /* the journal has it: taken up at the next start */
    }
    order->mail.deliver = deliver_order;
    order->line = line;
    buffer_append_span(&order->database, database);
    buffer_append_u8(&order->database, '\0');
    buffer_append_span(&order->event, event);
    mailbox_post(&line->mailbox, &order->mail);
}

void maintenance_read_ledger(struct maintenance_line *line, struct span database, struct span lines)
{
    static const char wanted[] =
        "\"kind\":\"needs_cleanup\""; /* in a text its quotes are escaped */
    while (memmem(lines.at, lines.length, wanted, sizeof wanted - 1) != NULL) {
        const uint8_t *end = memchr(lines.at, '\n', lines.length);
        size_t length = end == NULL ? lines.length : (size_t)(end - lines.at);
        if (memmem(lines.at, length, wanted, sizeof wanted - 1) != NULL) {
            post_order(line, database, span_cut(lines, 0, length));
        }
        lines = span_from(lines, length + 1);
    }
}

static bool on_journal(void *who, const char *text, int64_t seq)
{
    (void)seq;
    json_t *event = json_loads(text, 0, NULL);
    cleanup_take(who, event, json_string_value(json_object_get(event, "database")));
    json_decref(event);
    return true;
}

void orders_take_up(struct maintenance_line *line)
{
    char *why = NULL;
    struct ledger_reader *reader = ledger_reader_open(line->config->ledger_path, &why);
    bool read = reader != NULL && ledger_reader_cleanups(reader, on_journal, line, &why);
    ledger_reader_close(reader);
    if (!read && log_shows(line->log_level, LOG_ERROR)) {
        struct buffer text = log_begin(LOG_ERROR, "cleanup");
        log_text(&text, "text", span_text("the ledger does not tell what is to be cleaned up"));
        log_text(&text, "reason", span_text(why));
        log_end(&text);
    }
    free(why);
}

static bool keep_state(void *who, const char *text, int64_t seq)
{
    enum orders_state *state = who;
    (void)seq;
    json_t *change = json_loads(text, 0, NULL);
    const char *said = json_string_value(json_object_get(change, "state"));
    const json_t *finished = json_object_get(json_object_get(change, "times"), "finished");
    if (said != NULL && strcmp(said, "unknown") == 0) {
        *state = json_is_string(finished) ? ORDERS_ANSWERED : ORDERS_UNKNOWN;
    }
    json_decref(change);
    return true;
}

enum orders_state orders_state_of(const struct maintenance_line *line, const char *change_id)
{
    const struct ledger_filter filter = {.id = change_id};
    enum orders_state state = ORDERS_SETTLED;
    char *why = NULL;
    struct ledger_reader *reader = ledger_reader_open(line->config->ledger_path, &why);
    bool read = reader != NULL && ledger_reader_changes(reader, &filter, keep_state, &state, &why);
    ledger_reader_close(reader);
    free(why);
    return read ? state : ORDERS_SETTLED;
}
