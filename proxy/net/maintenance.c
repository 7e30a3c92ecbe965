/* One thread, one libpq connection per server, one query. */
#include "proxy/net/maintenance.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proxy/ledger/why.h"
#include "proxy/net/letter.h"

#define SAMPLE_EVERY_MS 400u
/* Connecting, and answering. */
#define ANSWER_LIMIT_MS 5000
/* How often a wait looks whether the proxy ends. */
#define SLICE_MS         200
#define BACKOFF_FIRST_MS 1000u
#define BACKOFF_MOST_MS  30000u

struct watch {
    struct watch *next;
    struct link *link;
    const struct upstream *upstream;
    uint32_t pid;
    uint64_t id; /* a link's memory can be used again, an id is not */
};

struct server {
    const struct upstream *upstream; /* the first with this host and port */
    PGconn *connection;              /* NULL: none */
    uint64_t retry_ms;               /* not before */
    uint32_t backoff_ms;
};

struct maintenance_line {
    const struct config *config;
    enum log_level log_level;
    struct server *servers; /* the thread's own */
    size_t server_count;
    pthread_t thread;
    atomic_bool stopping;
    pthread_cond_t changed;
    pthread_mutex_t lock; /* of the two below */
    struct watch *watches;
    uint64_t last_id;
};

/* One line for all who block the process: who they are, for how long, and how their statement
 * begins. pg_stat_activity shows the statement only to members of pg_read_all_stats. */
static const char blockers_sql[] =
    "SELECT string_agg(line, '; ') FROM ("
    "SELECT CASE WHEN b.pid = 0 THEN 'a prepared transaction' ELSE concat("
    "'pid ', b.pid, ' (', concat_ws(', ', 'user ' || a.usename,"
    " 'application_name \"' || nullif(a.application_name, '') || '\"',"
    " 'client ' || host(a.client_addr),"
    " concat(a.state, ' for ' || extract(epoch FROM clock_timestamp() - a.state_change)::bigint"
    " || ' s')), ')',"
    /* Of its statement only the command: the rest may hold a secret, and PostgreSQL itself shows
     * the text to its owner alone. */
    " ': ' || upper(substring(a.query FROM '^\\s*([A-Za-z]+(?:\\s+[A-Za-z]+)?)'))) END AS line"
    " FROM (SELECT DISTINCT unnest(pg_blocking_pids($1::int)) AS pid) AS b"
    " LEFT JOIN pg_stat_activity AS a ON a.pid = b.pid ORDER BY b.pid LIMIT 5) AS blockers";

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static void log_trouble(const struct maintenance_line *line, const struct server *server,
                        const char *reason)
{
    if (!log_shows(line->log_level, LOG_WARN)) {
        return;
    }
    struct buffer text = log_begin(LOG_WARN, "maintenance_connection");
    log_text(&text, "host", span_text(server->upstream->host));
    log_number(&text, "port", server->upstream->port);
    log_text(&text, "reason", span_text(reason));
    log_number(&text, "retry_ms", server->backoff_ms);
    log_end(&text);
}

static void hang_up(struct server *server)
{
    PQfinish(server->connection);
    server->connection = NULL;
}

static void fail(const struct maintenance_line *line, struct server *server, const char *reason)
{
    server->backoff_ms = server->backoff_ms == 0                    ? BACKOFF_FIRST_MS
                         : server->backoff_ms * 2 > BACKOFF_MOST_MS ? BACKOFF_MOST_MS
                                                                    : server->backoff_ms * 2;
    server->retry_ms = now_ms() + server->backoff_ms;
    log_trouble(line, server, reason);
    hang_up(server);
}

/* False: not within the limit, or the proxy ends. */
static bool wait_for(const struct maintenance_line *line, PGconn *connection, short events,
                     uint64_t limit_ms)
{
    while (!atomic_load(&line->stopping) && now_ms() < limit_ms) {
        struct pollfd one = {.fd = PQsocket(connection), .events = events};
        if (poll(&one, 1, SLICE_MS) > 0) {
            return true;
        }
    }
    return false;
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

static PGconn *connect_start(const struct config *config, const struct upstream *upstream)
{
    char port[8], password[1024]; /* PostgreSQL takes no longer ones from a file either */
    snprintf(port, sizeof port, "%u", (unsigned)upstream->port);
    read_password(config->maintenance.password_file, password, sizeof password);
    const char *database = config->maintenance.database;
    const struct {
        const char *name, *value;
    } all[] = {{"host", upstream->host},
               {"port", port},
               {"user", config->maintenance.user},
               {"password", password[0] == 0 ? NULL : password},
               {"dbname", database == NULL ? "postgres" : database},
               {"application_name", "ddlguard maintenance"},
               {"client_encoding", "UTF8"},
               {"options", "-c search_path=pg_catalog -c statement_timeout=5s"},
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

static bool ensure_connected(const struct maintenance_line *line, struct server *server)
{
    if (server->connection != NULL && PQstatus(server->connection) == CONNECTION_OK) {
        return true;
    }
    hang_up(server);
    if (now_ms() < server->retry_ms) {
        return false;
    }
    server->connection = connect_start(line->config, server->upstream);
    if (server->connection == NULL) {
        fail(line, server, "out of memory");
        return false;
    }
    uint64_t limit_ms = now_ms() + ANSWER_LIMIT_MS;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING) {
        if (PQstatus(server->connection) == CONNECTION_BAD ||
            !wait_for(line, server->connection, status == PGRES_POLLING_READING ? POLLIN : POLLOUT,
                      limit_ms)) {
            break;
        }
        status = PQconnectPoll(server->connection);
    }
    if (status != PGRES_POLLING_OK) {
        const char *error = PQerrorMessage(server->connection);
        fail(line, server, error[0] == 0 ? "no answer in time" : error);
        return false;
    }
    server->backoff_ms = 0;
    return true;
}

/* The result of the query, whose connection is good; NULL: no answer in time. */
static PGresult *ask(const struct maintenance_line *line, PGconn *connection, uint32_t pid)
{
    char number[16];
    snprintf(number, sizeof number, "%" PRIu32, pid);
    const char *const values[1] = {number};
    if (PQsendQueryParams(connection, blockers_sql, 1, NULL, values, NULL, NULL, 0) == 0) {
        return NULL;
    }
    uint64_t limit_ms = now_ms() + ANSWER_LIMIT_MS;
    while (PQisBusy(connection) != 0) {
        if (!wait_for(line, connection, POLLIN, limit_ms) || PQconsumeInput(connection) == 0) {
            return NULL;
        }
    }
    PGresult *result = PQgetResult(connection);
    for (PGresult *more; (more = PQgetResult(connection)) != NULL;) {
        PQclear(more);
    }
    return result;
}

/* To the link, unless it has been unwatched meanwhile. */
static void post(struct maintenance_line *line, uint64_t id, const char *text)
{
    struct letter *letter = NULL;
    pthread_mutex_lock(&line->lock);
    for (const struct watch *watch = line->watches; watch != NULL; watch = watch->next) {
        if (watch->id == id) {
            letter = letter_new(watch->link);
        }
    }
    pthread_mutex_unlock(&line->lock);
    if (letter != NULL) {
        letter_post(letter, SESSION_BLOCKERS, span_text(text));
    }
}

static struct server *server_of(const struct maintenance_line *line,
                                const struct upstream *upstream)
{
    for (size_t i = 0; i < line->server_count; i++) {
        const struct upstream *known = line->servers[i].upstream;
        if (known->port == upstream->port && strcmp(known->host, upstream->host) == 0) {
            return &line->servers[i];
        }
    }
    return NULL; /* cannot be: every upstream is among them */
}

static void sample(struct maintenance_line *line, const struct watch *watch)
{
    struct server *server = server_of(line, watch->upstream);
    if (server == NULL || !ensure_connected(line, server)) {
        return;
    }
    PGresult *result = ask(line, server->connection, watch->pid);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        fail(line, server, PQerrorMessage(server->connection));
    } else if (PQgetisnull(result, 0, 0) == 0) {
        post(line, watch->id, PQgetvalue(result, 0, 0));
    }
    PQclear(result);
}

/* The watch with the next higher id, as a copy: the list may change while the server is asked. */
static bool next_watch(struct maintenance_line *line, uint64_t after, struct watch *out)
{
    bool found = false;
    pthread_mutex_lock(&line->lock);
    for (const struct watch *watch = line->watches; watch != NULL; watch = watch->next) {
        if (watch->id > after && (!found || watch->id < out->id)) {
            *out = *watch;
            found = true;
        }
    }
    pthread_mutex_unlock(&line->lock);
    return found;
}

/* Sleeps while there is nothing to watch, and between two samples. */
static void rest(struct maintenance_line *line)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += SAMPLE_EVERY_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&line->lock);
    if (!atomic_load(&line->stopping)) {
        if (line->watches == NULL) {
            pthread_cond_wait(&line->changed, &line->lock);
        } else {
            pthread_cond_timedwait(&line->changed, &line->lock, &until);
        }
    }
    pthread_mutex_unlock(&line->lock);
}

static void *run(void *who)
{
    struct maintenance_line *line = who;
    while (!atomic_load(&line->stopping)) {
        struct watch watch = {0};
        while (!atomic_load(&line->stopping) && next_watch(line, watch.id, &watch)) {
            sample(line, &watch);
        }
        rest(line);
    }
    return NULL;
}

struct maintenance_line *maintenance_new(const struct config *config, enum log_level log_level,
                                         char **why)
{
    struct maintenance_line *line = calloc(1, sizeof *line);
    if (line == NULL ||
        (line->servers = calloc(config->upstream_count + 1, sizeof *line->servers)) == NULL) {
        why_set(why, "no memory for the maintenance connection");
        free(line);
        return NULL;
    }
    line->config = config;
    line->log_level = log_level;
    for (unsigned i = 0; i < config->upstream_count; i++) {
        if (server_of(line, &config->upstreams[i]) == NULL) {
            line->servers[line->server_count++].upstream = &config->upstreams[i];
        }
    }
    pthread_mutex_init(&line->lock, NULL);
    pthread_cond_init(&line->changed, NULL);
    int error = pthread_create(&line->thread, NULL, run, line);
    if (error != 0) {
        why_set(why, "the maintenance thread cannot be started: %s", strerror(error));
        free(line->servers);
        free(line);
        return NULL;
    }
    return line;
}

void maintenance_free(struct maintenance_line *line)
{
    if (line == NULL) {
        return;
    }
    pthread_mutex_lock(&line->lock);
    atomic_store(&line->stopping, true);
    pthread_cond_signal(&line->changed);
    pthread_mutex_unlock(&line->lock);
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 1;
    if (pthread_timedjoin_np(line->thread, NULL, &limit) != 0) {
        return; /* a name server does not answer: what the thread holds ends with the program */
    }
    for (size_t i = 0; i < line->server_count; i++) {
        hang_up(&line->servers[i]);
    }
    while (line->watches != NULL) {
        struct watch *watch = line->watches;
        line->watches = watch->next;
        free(watch);
    }
    pthread_cond_destroy(&line->changed);
    pthread_mutex_destroy(&line->lock);
    free(line->servers);
    free(line);
}

bool maintenance_watch(struct maintenance_line *line, struct link *link,
                       const struct upstream *upstream, uint32_t pid)
{
    struct watch *watch = malloc(sizeof *watch);
    if (watch == NULL) {
        return false;
    }
    pthread_mutex_lock(&line->lock);
    *watch = (struct watch){line->watches, link, upstream, pid, ++line->last_id};
    line->watches = watch;
    pthread_cond_signal(&line->changed);
    pthread_mutex_unlock(&line->lock);
    return true;
}

void maintenance_unwatch(struct maintenance_line *line, struct link *link)
{
    pthread_mutex_lock(&line->lock);
    struct watch **at = &line->watches;
    while (*at != NULL && (*at)->link != link) {
        at = &(*at)->next;
    }
    struct watch *gone = *at;
    if (gone != NULL) {
        *at = gone->next;
    }
    pthread_mutex_unlock(&line->lock);
    free(gone);
}
