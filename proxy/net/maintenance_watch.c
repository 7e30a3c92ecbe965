/* Names who stands in the way of changes that wait: one query for all that wait on a server, as
 * long as any does. It keeps no answer, and tells only what the server shows to the maintenance
 * user. */
#include <event2/event.h>
#include <libpq-fe.h>
#include <stdlib.h>

#include "proxy/net/letter.h"
#include "proxy/net/maintenance_state.h"

#define SAMPLE_EVERY_MS 400u
#define ANSWER_LIMIT_MS 5000u
#define BACKOFF_MOST_MS 30000u

struct watch {
    struct watch *next;
    struct link *link;
    const struct upstream *upstream;
    uint32_t pid;
};

/* One line for all who block a process: who they are, for how long, and how their statement begins.
 * pg_stat_activity shows the statement only to members of pg_read_all_stats. */
static const char blockers_sql[] =
    "SELECT w.pid, (SELECT string_agg(line, '; ') FROM ("
    "SELECT CASE WHEN b.pid = 0 THEN 'a prepared transaction' ELSE concat("
    "'pid ', b.pid, ' (', concat_ws(', ', 'user ' || a.usename,"
    " 'application_name \"' || nullif(a.application_name, '') || '\"',"
    " 'client ' || host(a.client_addr),"
    " concat(a.state, ' for ' || extract(epoch FROM clock_timestamp() - a.state_change)::bigint"
    " || ' s')), ')',"
    /* Of its statement only the command: the rest may hold a secret, and PostgreSQL itself shows
     * the text to its owner alone. */
    " ': ' || upper(substring(a.query FROM '^\\s*([A-Za-z]+(?:\\s+[A-Za-z]+)?)'))) END AS line"
    " FROM (SELECT DISTINCT unnest(pg_blocking_pids(w.pid)) AS pid) AS b"
    " LEFT JOIN pg_stat_activity AS a ON a.pid = b.pid ORDER BY b.pid LIMIT 5) AS blockers)"
    " FROM (VALUES ";

static struct watched_server *server_of(const struct maintenance_line *line,
                                        const struct upstream *upstream)
{
    for (size_t i = 0; i < line->server_count; i++) {
        if (config_is_same_server(line->servers[i].upstream, upstream)) {
            return &line->servers[i];
        }
    }
    return NULL;
}

static void fail(struct watched_server *server, const char *reason)
{
    server->retry_ms = maintenance_back_off(&server->backoff_ms, BACKOFF_MOST_MS);
    if (log_shows(server->line->log_level, LOG_WARN)) {
        struct buffer text = log_begin(LOG_WARN, "maintenance_connection");
        log_text(&text, "host", span_text(server->upstream->host));
        log_number(&text, "port", server->upstream->port);
        log_text(&text, "reason", span_text(reason));
        log_number(&text, "retry_ms", server->backoff_ms);
        log_end(&text);
    }
    call_free(server->call);
    server->call = NULL;
    server->ready = false;
}

/* To those links that still wait: a letter is made under the lock, in which no link is freed. */
static void post(struct watched_server *server, const char *pid, const char *text)
{
    struct maintenance_line *line = server->line;
    uint32_t blocked = (uint32_t)strtoul(pid, NULL, 10);
    pthread_mutex_lock(&line->lock);
    for (const struct watch *watch = line->watches; watch != NULL; watch = watch->next) {
        if (watch->pid == blocked && config_is_same_server(watch->upstream, server->upstream)) {
            struct letter *letter = letter_new(watch->link);
            if (letter != NULL) {
                letter_post(letter, SESSION_BLOCKERS, span_text(text));
            }
        }
    }
    pthread_mutex_unlock(&line->lock);
}

static void on_call(void *who, enum call_news news, const PGresult *result, const char *why)
{
    struct watched_server *server = who;
    if (news == CALL_LOST || why != NULL) {
        fail(server, why);
        return;
    }
    server->ready = true;
    server->backoff_ms = 0;
    for (int i = 0; i < PQntuples(result); i++) {
        if (PQgetisnull(result, i, 1) == 0) {
            post(server, PQgetvalue(result, i, 0), PQgetvalue(result, i, 1));
        }
    }
}

/* The pids that are watched there, as rows of VALUES. */
static void append_pids(struct watched_server *server, struct buffer *out)
{
    struct maintenance_line *line = server->line;
    const char *comma = "";
    pthread_mutex_lock(&line->lock);
    for (const struct watch *watch = line->watches; watch != NULL; watch = watch->next) {
        if (config_is_same_server(watch->upstream, server->upstream)) {
            buffer_append_format(out, "%s(%u)", comma, (unsigned)watch->pid);
            comma = ", ";
        }
    }
    pthread_mutex_unlock(&line->lock);
}

static void sample_server(struct watched_server *server)
{
    struct maintenance_line *line = server->line;
    struct buffer sql = {0};
    buffer_append_text(&sql, blockers_sql);
    size_t before = sql.length;
    append_pids(server, &sql);
    bool wanted = sql.length > before;
    buffer_append_text(&sql, ") AS w(pid)");
    buffer_append_u8(&sql, '\0');
    if (wanted && server->ready && !sql.failed) {
        server->ready = false;
        call_ask(server->call, (const char *)sql.at, ANSWER_LIMIT_MS);
    } else if (wanted && server->call == NULL && maintenance_now_ms() >= server->retry_ms) {
        server->call = call_new(line->base, line->config, server->upstream,
                                line->config->maintenance.database, on_call, server);
    }
    buffer_free(&sql);
}

static bool is_watching(struct maintenance_line *line)
{
    pthread_mutex_lock(&line->lock);
    bool watching = line->watches != NULL;
    pthread_mutex_unlock(&line->lock);
    return watching;
}

static void on_sample(evutil_socket_t fd, short what, void *who)
{
    (void)fd;
    (void)what;
    struct maintenance_line *line = who;
    const struct timeval pause = {.tv_usec = SAMPLE_EVERY_MS * 1000};
    for (size_t i = 0; i < line->server_count; i++) {
        sample_server(&line->servers[i]);
    }
    if (is_watching(line)) {
        event_add(&line->sample, &pause);
    }
}

struct start {
    struct mail mail;
    struct maintenance_line *line;
};

static void deliver_start(struct mail *mail, bool lost)
{
    struct maintenance_line *line = ((struct start *)mail)->line;
    free(mail);
    if (!lost && event_pending(&line->sample, EV_TIMEOUT, NULL) == 0) {
        on_sample(-1, EV_TIMEOUT, line);
    }
}

bool maintenance_watch(struct maintenance_line *line, struct link *link,
                       const struct upstream *upstream, uint32_t pid)
{
    struct watch *watch = malloc(sizeof *watch);
    struct start *start = malloc(sizeof *start);
    if (watch == NULL || start == NULL) {
        free(watch);
        free(start);
        return false;
    }
    pthread_mutex_lock(&line->lock);
    *watch = (struct watch){line->watches, link, upstream, pid};
    line->watches = watch;
    pthread_mutex_unlock(&line->lock);
    *start = (struct start){{.deliver = deliver_start}, line};
    mailbox_post(&line->mailbox, &start->mail);
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

bool watch_init(struct maintenance_line *line)
{
    const struct config *config = line->config;
    line->servers = calloc(config->upstream_count + 1, sizeof *line->servers);
    if (line->servers == NULL) {
        return false;
    }
    for (unsigned i = 0; i < config->upstream_count; i++) {
        if (server_of(line, &config->upstreams[i]) == NULL) {
            line->servers[line->server_count++] =
                (struct watched_server){.upstream = &config->upstreams[i], .line = line};
        }
    }
    event_assign(&line->sample, line->base, -1, 0, on_sample, line);
    return true;
}

void watch_free(struct maintenance_line *line)
{
    for (size_t i = 0; i < line->server_count; i++) {
        call_free(line->servers[i].call);
    }
    while (line->watches != NULL) {
        struct watch *watch = line->watches;
        line->watches = watch->next;
        free(watch);
    }
    free(line->servers);
}
