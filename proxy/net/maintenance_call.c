/* libpq without blocking, under libevent. Each turn ends in at most one call of `hear`, as its last
 * act, so that the owner may free the call there.
 *
 *      CONNECTING   PQconnectPoll until it stands
 *      IDLE         only the server's end of the connection is of interest
 *      ASKED        write what is left of the text, read until there is no more result */
#include "proxy/net/maintenance_call.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CONNECT_LIMIT_MS 5000u

enum call_state { CALL_CONNECTING, CALL_IDLE, CALL_ASKED };

struct call {
    struct event_base *base;
    PGconn *connection;
    enum call_state state;
    struct event event;
    uint64_t limit_ms; /* of the monotonic clock; while connecting and asked */
    PGresult *result;  /* the first that failed, else the last */
    call_hear *hear;
    void *who;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* The first line of the file, without its end; empty when there is none: other ways of logging in
 * need no password. */
static void read_password(const char *path, char *out, size_t size)
{
    out[0] = 0;
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    if (file == NULL) {
        return;
    }
    if (fgets(out, (int)size, file) == NULL) {
        out[0] = 0;
    }
    out[strcspn(out, "\r\n")] = 0;
    fclose(file);
}

/* No timeouts from the role's or the database's own settings: who asks sets those that he wants. */
static PGconn *connect_start(const struct config *config, const struct upstream *upstream,
                             const char *database)
{
    char port[8], password[1024]; /* PostgreSQL takes no longer ones from a file either */
    snprintf(port, sizeof port, "%u", (unsigned)upstream->port);
    read_password(config->maintenance.password_file, password, sizeof password);
    const struct {
        const char *name, *value;
    } all[] = {{"host", upstream->host},
               {"port", port},
               {"user", config->maintenance.user},
               {"password", password[0] == 0 ? NULL : password},
               {"dbname", database},
               {"application_name", "ddlguard maintenance"},
               {"client_encoding", "UTF8"},
               {"options", "-c search_path=pg_catalog -c lock_timeout=0 -c statement_timeout=0"},
               {"keepalives_idle", "60"}};
    const char *names[sizeof all / sizeof *all + 1] = {NULL};
    const char *values[sizeof all / sizeof *all + 1] = {NULL};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        names[i] = all[i].name;
        values[i] = all[i].value;
    }
    PGconn *connection = PQconnectStartParams(names, values, 0);
    explicit_bzero(password, sizeof password);
    return connection;
}

static void on_io(evutil_socket_t fd, short what, void *who);

/* The socket may be another one than before: libpq tries one address after the other. */
static void await(struct call *call, short what)
{
    event_assign(&call->event, call->base, PQsocket(call->connection), what, on_io, call);
    if (call->state == CALL_IDLE) {
        event_add(&call->event, NULL);
        return;
    }
    uint64_t now = now_ms();
    uint64_t left = call->limit_ms > now ? call->limit_ms - now : 0;
    struct timeval limit = {.tv_sec = (time_t)(left / 1000u),
                            .tv_usec = (suseconds_t)(left % 1000u * 1000u)};
    event_add(&call->event, &limit);
}

static void lose(struct call *call, const char *why)
{
    const char *said = PQerrorMessage(call->connection);
    call->hear(call->who, CALL_LOST, NULL, why != NULL ? why : said);
}

static void go_on_connecting(struct call *call)
{
    switch (PQconnectPoll(call->connection)) {
    case PGRES_POLLING_READING:
        await(call, EV_READ);
        return;
    case PGRES_POLLING_WRITING:
        await(call, EV_WRITE);
        return;
    case PGRES_POLLING_OK:
        PQsetnonblocking(call->connection, 1);
        call->state = CALL_IDLE;
        await(call, EV_READ);
        call->hear(call->who, CALL_READY, NULL, NULL);
        return;
    case PGRES_POLLING_FAILED:
    case PGRES_POLLING_ACTIVE: /* not used any more, says libpq-fe.h */
        lose(call, NULL);
    }
}

static bool has_failed(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY;
}

static void keep(struct call *call, PGresult *result)
{
    if (call->result != NULL && has_failed(call->result)) {
        PQclear(result);
        return;
    }
    PQclear(call->result);
    call->result = result;
}

static void answer(struct call *call)
{
    PGresult *result = call->result;
    call->result = NULL;
    call->state = CALL_IDLE;
    await(call, EV_READ);
    const char *why = NULL;
    if (has_failed(result)) {
        const char *said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        why = said != NULL ? said : "the server has not said why";
    }
    call->hear(call->who, CALL_ANSWER, result, why);
    PQclear(result);
}

static void go_on_reading(struct call *call)
{
    if (PQconsumeInput(call->connection) == 0) {
        lose(call, NULL);
        return;
    }
    while (PQisBusy(call->connection) == 0) {
        PGresult *result = PQgetResult(call->connection);
        if (result == NULL) {
            answer(call);
            return;
        }
        keep(call, result);
    }
    int left = PQflush(call->connection);
    if (left < 0) {
        lose(call, NULL);
        return;
    }
    await(call, left == 0 ? EV_READ : (short)(EV_READ | EV_WRITE));
}

static void on_io(evutil_socket_t fd, short what, void *who)
{
    (void)fd;
    struct call *call = who;
    if ((what & EV_TIMEOUT) != 0) {
        lose(call, "no answer in time");
        return;
    }
    switch (call->state) {
    case CALL_CONNECTING:
        go_on_connecting(call);
        return;
    case CALL_ASKED:
        go_on_reading(call);
        return;
    case CALL_IDLE:
        if (PQconsumeInput(call->connection) == 0) {
            lose(call, NULL);
            return;
        }
        await(call, EV_READ); /* a notice, or a setting that has changed */
        return;
    }
}

/* libpq would print it. */
static void drop_notice(void *who, const char *text)
{
    (void)who;
    (void)text;
}

struct call *call_new(struct event_base *base, const struct config *config,
                      const struct upstream *upstream, const char *database, call_hear *hear,
                      void *who)
{
    struct call *call = calloc(1, sizeof *call);
    if (call == NULL) {
        return NULL;
    }
    *call = (struct call){.base = base, .hear = hear, .who = who};
    call->limit_ms = now_ms() + CONNECT_LIMIT_MS;
    call->connection = connect_start(config, upstream, database);
    if (call->connection == NULL) {
        free(call);
        return NULL;
    }
    PQsetNoticeProcessor(call->connection, drop_notice, NULL);
    if (PQsocket(call->connection) < 0) { /* it has failed already: told from the loop */
        event_assign(&call->event, base, -1, EV_TIMEOUT, on_io, call);
        event_active(&call->event, EV_READ, 0);
        return call;
    }
    await(call, EV_WRITE);
    return call;
}

void call_free(struct call *call)
{
    if (call != NULL) {
        event_del(&call->event);
        PQclear(call->result);
        PQfinish(call->connection);
        free(call);
    }
}

void call_ask(struct call *call, const char *sql, uint32_t limit_ms)
{
    call->state = CALL_ASKED;
    call->limit_ms = now_ms() + limit_ms;
    event_del(&call->event);
    if (PQsendQuery(call->connection, sql) == 0) { /* as when it is lost while we wait */
        event_assign(&call->event, call->base, -1, EV_TIMEOUT, on_io, call);
        event_active(&call->event, EV_READ, 0);
        return;
    }
    await(call, EV_READ | EV_WRITE);
}

int call_server_pid(const struct call *call)
{
    return PQbackendPID(call->connection);
}

const char *call_sqlstate(const PGresult *result)
{
    const char *sqlstate = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return sqlstate == NULL ? "" : sqlstate;
}
