/* The one place of `ddlguard explain` that knows libpq. It only ever sends the probe's questions,
 * each in a transaction of its own, and the shadow probe, in one that is rolled back; it changes no
 * setting of the session: settings are what it asks about. */
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/cli/explain.h"

/* The probe reads a handful of catalog rows; whoever does not answer it in this time will not. */
#define ANSWER_MS 10000

struct explain_server {
    PGconn *connection;
};

struct explain_server *explain_server_open(const char *conninfo, char **why)
{
    /* dbname takes a whole connection string; what follows it only fills what is left open. */
    const char *const keys[] = {"connect_timeout", "dbname", "fallback_application_name", NULL};
    const char *const values[] = {"10", conninfo, "ddlguard explain", NULL};
    struct explain_server *server = calloc(1, sizeof *server);
    *why = NULL;
    if (server == NULL) {
        return NULL;
    }
    server->connection = PQconnectdbParams(keys, values, 1);
    if (PQstatus(server->connection) != CONNECTION_OK) {
        *why = strdup(PQerrorMessage(server->connection));
        explain_server_close(server);
        return NULL;
    }
    return server;
}

void explain_server_close(struct explain_server *server)
{
    if (server != NULL) {
        PQfinish(server->connection);
        free(server);
    }
}

struct identity explain_server_identity(const struct explain_server *server)
{
    const char *application = PQparameterStatus(server->connection, "application_name");
    return (struct identity){.database = PQdb(server->connection),
                             .user = PQuser(server->connection),
                             .application = application == NULL ? "" : application,
                             .address = ""};
}

/* One call per row; one with nothing when there is none. */
static bool explain_server_read(const PGresult *result, struct probe *probe, size_t index,
                                struct facts *facts)
{
    struct span columns[PROBE_COLUMNS_MAX];
    int count = PQnfields(result);
    if (PQntuples(result) == 0) {
        return probe_read(probe, index, NULL, 0, facts);
    }
    bool good = count <= PROBE_COLUMNS_MAX;
    for (int row = 0; good && row < PQntuples(result); row++) {
        for (int i = 0; i < count; i++) {
            columns[i] = span_of(PQgetvalue(result, row, i), (size_t)PQgetlength(result, row, i));
        }
        good = probe_read(probe, index, columns, (size_t)count, facts);
    }
    return good;
}

/* NULL: no answer in time, or no memory. */
static PGresult *explain_server_ask(PGconn *connection, struct span query)
{
    struct buffer text = {0};
    buffer_append_span(&text, query);
    buffer_append_u8(&text, '\0');
    bool sent = !text.failed && PQsendQuery(connection, (const char *)text.at) == 1;
    buffer_free(&text);
    while (sent && PQisBusy(connection)) {
        struct pollfd answer = {.fd = PQsocket(connection), .events = POLLIN};
        if (poll(&answer, 1, ANSWER_MS) <= 0 || PQconsumeInput(connection) == 0) {
            return NULL;
        }
    }
    PGresult *result = sent ? PQgetResult(connection) : NULL;
    PQclear(result == NULL ? NULL : PQgetResult(connection)); /* one query, one result */
    return result;
}

static const char *explain_server_error(const PGconn *connection)
{
    const char *message = PQerrorMessage(connection);
    return message[0] == '\0' ? "the server gave no answer in time\n" : message;
}

bool explain_server_probe(struct explain_server *server, struct probe *probe, struct facts *facts,
                          char **why)
{
    *why = NULL;
    *facts = (struct facts){0};
    for (size_t i = 0; i < probe->count; i++) {
        PGresult *result = explain_server_ask(server->connection, probe->queries[i]);
        bool answered = PQresultStatus(result) == PGRES_TUPLES_OK;
        if (!answered) {
            *why = strdup(explain_server_error(server->connection));
        } else if (!explain_server_read(result, probe, i, facts)) {
            *why = strdup("the server's answer was not understood\n");
            answered = false;
        }
        PQclear(result);
        if (!answered) {
            *facts = (struct facts){0};
            return false;
        }
    }
    return true;
}

/* Whom a notice is for while a step of the shadow probe runs. */
struct listener {
    const struct shadow *shadow;
    size_t step;
    struct facts *facts;
};

static void explain_server_hear(void *argument, const PGresult *result)
{
    struct listener *listener = argument;
    struct span message = span_text(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    struct span routine = span_text(PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION));
    shadow_read_notice(listener->shadow, listener->step, message, routine, listener->facts);
}

void explain_server_shadow(struct explain_server *server, const struct shadow *shadow,
                           struct facts *facts)
{
    struct listener listener = {.shadow = shadow, .facts = facts};
    PQnoticeReceiver before =
        PQsetNoticeReceiver(server->connection, explain_server_hear, &listener);
    while (listener.step < shadow->count) {
        PGresult *result = explain_server_ask(server->connection, shadow->steps[listener.step].sql);
        ExecStatusType status = PQresultStatus(result);
        bool failed = status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
        PQclear(result);
        listener.step = shadow_next(shadow, listener.step, failed, facts);
    }
    PQsetNoticeReceiver(server->connection, before, NULL);
}
