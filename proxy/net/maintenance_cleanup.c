/* Clean-ups that a session could not do: each is tried over a connection of its own to the change's
 * database, again and again, until nothing of it is left or a day is over. What comes of it is an
 * event in the ledger.
 *
 *      needs_cleanup --> CONNECT LOCK CLAIM TAKE SWEEP DROP --> cleaned_up
 *                           ^------ pause <------'  a try that fails        (see claim.h) */
#include <event2/event.h>
#include <jansson.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <time.h>

#include "policy/sql/sql.h"
#include "proxy/net/maintenance_claim.h"
#include "proxy/net/maintenance_state.h"

/* A transaction that is forgotten over night is ended in the morning. */
#define LIMIT_MS        (24u * 3600u * 1000u)
#define BACKOFF_MOST_MS 300000u
/* Each statement has its own lock timeout, but DROP INDEX CONCURRENTLY waits for one user of the
 * table after the other. */
#define ANSWER_LIMIT_MS 60000u

enum cleanup_step { STEP_LOCK, STEP_CLAIM, STEP_TAKE, STEP_SWEEP, STEP_DROP };

struct cleanup {
    struct cleanup *next;
    struct maintenance_line *line;
    json_t *change_id; /* owned, a string */
    char *database;    /* as the client calls it */
    struct buffer table, queries, sql;
    struct call *call; /* NULL: in a pause */
    struct event pause;
    uint64_t until_ms;
    uint32_t backoff_ms;
    enum cleanup_step step;
    bool unlocked;      /* the table is of a kind that LOCK TABLE does not take */
    size_t claimed;     /* bytes of the queries that this try has asked */
    json_t *undone;     /* owned; what was removed, as strings */
    struct buffer kept; /* what is there but was not removed, "; " between; of this try */
};

static void log_cleanup(const struct cleanup *cleanup, enum log_level level, const char *text,
                        const char *reason)
{
    if (log_shows(cleanup->line->log_level, level)) {
        struct buffer line = log_begin(level, "cleanup");
        log_text(&line, "change", span_text(json_string_value(cleanup->change_id)));
        log_text(&line, "database", span_text(cleanup->database));
        log_text(&line, "text", span_text(text));
        if (reason != NULL) {
            log_text(&line, "reason", span_text(reason));
            log_number(&line, "retry_ms", cleanup->backoff_ms);
        }
        log_end(&line);
    }
}

static void cleanup_free(struct cleanup *cleanup)
{
    if (event_initialized(&cleanup->pause)) {
        event_del(&cleanup->pause);
    }
    call_free(cleanup->call);
    json_decref(cleanup->change_id);
    json_decref(cleanup->undone);
    buffer_free(&cleanup->table);
    buffer_free(&cleanup->queries);
    buffer_free(&cleanup->sql);
    buffer_free(&cleanup->kept);
    free(cleanup->database);
    free(cleanup);
}

/* Once the program ends nobody may touch the ledger any more; the next start tries again. */
static void write_event(const struct cleanup *cleanup, json_t *event)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    json_int_t at_us = (json_int_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    bool made = event != NULL && json_object_set_new(event, "at", json_integer(at_us)) == 0 &&
                json_object_set(event, "change_id", cleanup->change_id) == 0;
    char *text = made ? json_dumps(event, JSON_COMPACT) : NULL;
    if (text != NULL && !atomic_load(&cleanup->line->stopping)) {
        ledger_submit(cleanup->line->ledger, span_text(text), NULL, NULL);
    }
    free(text);
    json_decref(event);
}

static void leave(struct cleanup *cleanup)
{
    struct cleanup **at = &cleanup->line->cleanups;
    while (*at != cleanup) {
        at = &(*at)->next;
    }
    *at = cleanup->next;
    cleanup_free(cleanup);
}

/* What was undone has not come about. What has run, and left nothing that could be undone, is made:
 * a build is valid, and the name it had beside a transaction only a commit can have changed. */
static void settle(const struct cleanup *cleanup)
{
    enum orders_state state = orders_state_of(cleanup->line, json_string_value(cleanup->change_id));
    bool undone = json_array_size(cleanup->undone) > 0;
    if (state != ORDERS_SETTLED && undone) {
        write_event(cleanup, json_pack("{s:s, s:s}", "kind", "rolled_back", "message",
                                       "found half done, and undone by ddlguard"));
    } else if (state == ORDERS_ANSWERED) {
        write_event(cleanup, json_pack("{s:s, s:s}", "kind", "committed", "message",
                                       "found done in the catalog"));
    }
}

static void succeed(struct cleanup *cleanup)
{
    log_cleanup(cleanup, LOG_INFO, "nothing is left half done", NULL);
    write_event(cleanup, json_pack("{s:s, s:n, s:n, s:O}", "kind", "cleaned_up", "cleanup", "undo",
                                   "undone", cleanup->undone));
    settle(cleanup);
    leave(cleanup);
}

/* For good: what to do by hand is in the change's `cleanup` already. */
static void give_up(struct cleanup *cleanup, const char *why)
{
    log_cleanup(cleanup, LOG_ERROR, why, NULL);
    write_event(cleanup, json_pack("{s:s, s:s, s:n, s:O}", "kind", "cleanup_failed",
                                   "cleanup_error", why, "undo", "undone", cleanup->undone));
    leave(cleanup);
}

static void put_off(struct cleanup *cleanup, const char *why)
{
    if (maintenance_now_ms() > cleanup->until_ms) {
        give_up(cleanup, why);
        return;
    }
    (void)maintenance_back_off(&cleanup->backoff_ms, BACKOFF_MOST_MS);
    log_cleanup(cleanup, LOG_WARN, "what a failed change has left could not be removed yet", why);
    call_free(cleanup->call);
    cleanup->call = NULL;
    const struct timeval rest = {.tv_sec = cleanup->backoff_ms / 1000u};
    event_add(&cleanup->pause, &rest);
}

/* Asks what cleanup->sql has. */
static void ask(struct cleanup *cleanup, enum cleanup_step step)
{
    cleanup->step = step;
    if (cleanup->sql.failed) {
        put_off(cleanup, "out of memory");
        return;
    }
    call_ask(cleanup->call, (const char *)cleanup->sql.at, ANSWER_LIMIT_MS);
}

static void lock(struct cleanup *cleanup)
{
    buffer_reset(&cleanup->sql);
    claim_append_lock(buffer_span(&cleanup->table), !cleanup->unlocked, &cleanup->sql);
    ask(cleanup, STEP_LOCK);
}

static void on_lock(struct cleanup *cleanup, const PGresult *result, const char *why)
{
    const char *sqlstate = call_sqlstate(result);
    if (strcmp(sqlstate, "42P01") == 0 || strcmp(sqlstate, "3F000") == 0) {
        succeed(cleanup); /* the table is gone, and all that was on it */
    } else if (strcmp(sqlstate, "42809") == 0 && !cleanup->unlocked) {
        cleanup->unlocked = true;
        lock(cleanup);
    } else if (why != NULL) {
        put_off(cleanup, why);
    } else {
        cleanup->claimed = cleanup->queries.length;
        buffer_reset(&cleanup->sql);
        claim_append_claim(buffer_span(&cleanup->queries), &cleanup->sql);
        ask(cleanup, STEP_CLAIM);
    }
}

static void on_claim(struct cleanup *cleanup, const PGresult *result)
{
    struct buffer statements = {0};
    buffer_reset(&cleanup->kept);
    for (int i = 0; i < PQntuples(result); i++) {
        const char *wanted = PQgetvalue(result, i, 1);
        if (PQgetisnull(result, i, 0) == 0) {
            buffer_append_text(&statements, PQgetvalue(result, i, 0));
            buffer_append_u8(&statements, '\0');
            json_array_append_new(cleanup->undone, json_string(wanted));
        } else if (PQgetisnull(result, i, 1) == 0) {
            buffer_append_text(&cleanup->kept, cleanup->kept.length > 0 ? "; " : "");
            buffer_append_text(&cleanup->kept, wanted);
        }
    }
    buffer_reset(&cleanup->sql);
    claim_append_take(buffer_span(&statements), &cleanup->sql);
    cleanup->sql.failed |= statements.failed;
    buffer_free(&statements);
    ask(cleanup, STEP_TAKE);
}

static void sweep(struct cleanup *cleanup)
{
    buffer_reset(&cleanup->sql);
    claim_append_sweep(&cleanup->sql);
    ask(cleanup, STEP_SWEEP);
}

static void finish(struct cleanup *cleanup)
{
    struct buffer why = {0};
    if (cleanup->claimed < cleanup->queries.length) { /* more has come meanwhile */
        lock(cleanup);
        return;
    }
    if (cleanup->kept.length == 0) {
        succeed(cleanup);
        return;
    }
    buffer_append_text(&why, "not removed, for it is neither an invalid index nor a constraint that"
                             " is NOT VALID; to be run by hand if it is not wanted: ");
    buffer_append_span(&why, buffer_span(&cleanup->kept));
    buffer_append_u8(&why, '\0');
    give_up(cleanup, why.failed ? "out of memory" : (const char *)why.at);
    buffer_free(&why);
}

static void on_answer(struct cleanup *cleanup, const PGresult *result, const char *why)
{
    if (cleanup->step == STEP_LOCK) {
        on_lock(cleanup, result, why);
        return;
    }
    if (why != NULL) {
        put_off(cleanup, why);
        return;
    }
    switch (cleanup->step) {
    case STEP_LOCK:
        return;
    case STEP_CLAIM:
        on_claim(cleanup, result);
        return;
    case STEP_TAKE:
    case STEP_DROP:
        sweep(cleanup);
        return;
    case STEP_SWEEP:
        if (PQntuples(result) == 0) {
            finish(cleanup);
            return;
        }
        buffer_reset(&cleanup->sql);
        buffer_append_text(&cleanup->sql, PQgetvalue(result, 0, 0));
        buffer_append_u8(&cleanup->sql, '\0');
        ask(cleanup, STEP_DROP);
        return;
    }
}

static void on_call(void *who, enum call_news news, const PGresult *result, const char *why)
{
    switch (news) {
    case CALL_READY:
        lock(who);
        return;
    case CALL_ANSWER:
        on_answer(who, result, why);
        return;
    case CALL_LOST:
        put_off(who, why);
        return;
    }
}

static void try_now(evutil_socket_t fd, short what, void *who)
{
    (void)fd;
    (void)what;
    struct cleanup *cleanup = who;
    struct maintenance_line *line = cleanup->line;
    const struct upstream *upstream = config_upstream(line->config, span_text(cleanup->database));
    if (upstream == NULL) {
        give_up(cleanup, "no upstream is configured for its database any more");
        return;
    }
    const char *database = upstream->dbname != NULL ? upstream->dbname : cleanup->database;
    cleanup->call = call_new(line->base, line->config, upstream, database, on_call, cleanup);
    if (cleanup->call == NULL) {
        put_off(cleanup, "out of memory");
    }
}

/* The same query twice (two of its statements have failed) is asked once. */
static void add_queries(struct cleanup *cleanup, const json_t *queries)
{
    size_t i;
    json_t *query;
    json_array_foreach(queries, i, query)
    {
        const char *text = json_string_value(query);
        size_t length = text == NULL ? 0 : strlen(text) + 1;
        struct buffer *all = &cleanup->queries;
        if (length > 0 &&
            (all->length == 0 || memmem(all->at, all->length, text, length) == NULL)) {
            buffer_append_span(all, span_of(text, length));
        }
    }
}

static struct cleanup *cleanup_find(const struct maintenance_line *line, const char *change_id)
{
    struct cleanup *cleanup = line->cleanups;
    while (cleanup != NULL && strcmp(json_string_value(cleanup->change_id), change_id) != 0) {
        cleanup = cleanup->next;
    }
    return cleanup;
}

static struct cleanup *cleanup_new(struct maintenance_line *line, const char *change_id,
                                   const char *database, const json_t *undo)
{
    struct object_name table = {0};
    const char *schema = json_string_value(json_object_get(undo, "schema"));
    const char *name = json_string_value(json_object_get(undo, "table"));
    struct cleanup *cleanup = calloc(1, sizeof *cleanup);
    if (cleanup == NULL || schema == NULL || name == NULL) {
        free(cleanup);
        return NULL;
    }
    snprintf(table.schema, sizeof table.schema, "%s", schema);
    snprintf(table.name, sizeof table.name, "%s", name);
    *cleanup = (struct cleanup){.line = line,
                                .change_id = json_string(change_id),
                                .database = strdup(database),
                                .undone = json_array(),
                                .until_ms = maintenance_now_ms() + LIMIT_MS};
    sql_append_name(&cleanup->table, &table);
    if (cleanup->change_id == NULL || cleanup->database == NULL || cleanup->undone == NULL ||
        cleanup->table.failed || evtimer_assign(&cleanup->pause, line->base, try_now, cleanup)) {
        cleanup_free(cleanup);
        return NULL;
    }
    cleanup->next = line->cleanups;
    line->cleanups = cleanup;
    return cleanup;
}

void cleanup_take(struct maintenance_line *line, const json_t *change, const char *database)
{
    const char *change_id = json_string_value(json_object_get(change, "change_id"));
    const json_t *undo = json_object_get(change, "undo");
    if (change_id == NULL || database == NULL || !json_is_object(undo)) {
        return;
    }
    struct cleanup *known = cleanup_find(line, change_id);
    struct cleanup *cleanup = known != NULL ? known : cleanup_new(line, change_id, database, undo);
    if (cleanup == NULL) {
        return;
    }
    add_queries(cleanup, json_object_get(undo, "queries"));
    if (known == NULL) {
        try_now(-1, EV_TIMEOUT, cleanup);
    }
}

void cleanup_free_all(struct maintenance_line *line)
{
    while (line->cleanups != NULL) {
        struct cleanup *cleanup = line->cleanups;
        line->cleanups = cleanup->next;
        cleanup_free(cleanup);
    }
}
