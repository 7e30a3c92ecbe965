/* Indexes that are built beside a session whose transaction waits for them (policy/plan_aside.c).
 * Each has a connection of its own, so many are built at a time, and a second one that looks after
 * it while it builds.
 *
 *      CONNECT SETTINGS OBSTACLE GATE --> letter: it can be --> GO --> BUILD --> letter: it is
 *                                 '-- shut: again in a second
 *
 * A build may wait for a session that waits for the very transaction that waits for the build: no
 * server sees that circle, since the client's one is idle. So it is looked for. What a build that
 * has failed leaves behind is cleaned up as everything else is: the session's ledger says so. */
#include <event2/event.h>
#include <libpq-fe.h>
#include <stdlib.h>

#include "proxy/net/letter.h"
#include "proxy/net/maintenance_state.h"

#define ANSWER_LIMIT_MS 10000u
/* The session has a deadline of its own for the build; this is for when it is gone. */
#define BUILD_LIMIT_MS (48u * 3600u * 1000u)
#define GATE_PAUSE_MS  1000u
#define LOOK_EVERY_MS  500u

enum build_step { BUILD_SETTINGS, BUILD_OBSTACLE, BUILD_GATE, BUILD_READY, BUILD_BUILDS };

struct build {
    struct build *next;
    struct maintenance_line *line;
    uint64_t link_id;
    struct letter *letter;                        /* the answer that is due; NULL: none is */
    struct buffer settings, obstacle, gate, text; /* each with its NUL */
    struct call *call, *watch;                    /* the second one looks after the first */
    bool watch_ready;
    enum build_step step;
    struct event timer; /* tries the gate again; looks after the build */
    uint64_t gate_until_ms;
    uint32_t client_pid;
    bool cancelled, stuck;
};

static void build_free(struct build *build)
{
    struct build **at = &build->line->builds;
    while (*at != build) {
        at = &(*at)->next;
    }
    *at = build->next;
    event_del(&build->timer);
    call_free(build->call);
    call_free(build->watch);
    buffer_free(&build->settings);
    buffer_free(&build->obstacle);
    buffer_free(&build->gate);
    buffer_free(&build->text);
    free(build);
}

static void answer(struct build *build, enum session_event event, const char *sqlstate,
                   const char *why)
{
    struct letter *letter = build->letter;
    struct buffer text = {0};
    build->letter = NULL;
    if (letter != NULL) {
        buffer_append_format(&text, "%s %s", sqlstate, why);
        letter_post(letter, event, buffer_span(&text));
    }
    buffer_free(&text);
}

static void fail(struct build *build, const char *sqlstate, const char *why)
{
    answer(build, SESSION_ASIDE_FAILED, sqlstate, why);
    build_free(build);
}

static void ask(struct build *build, enum build_step step, const struct buffer *sql,
                uint32_t limit_ms)
{
    build->step = step;
    if (sql->failed) {
        fail(build, "53200", "out of memory");
        return;
    }
    call_ask(build->call, (const char *)sql->at, limit_ms);
}

static void set_timer(struct build *build, uint32_t ms)
{
    const struct timeval rest = {.tv_sec = ms / 1000u, .tv_usec = (suseconds_t)(ms % 1000u) * 1000};
    event_add(&build->timer, &rest);
}

static void on_obstacle(struct build *build, const PGresult *result)
{
    if (PQntuples(result) > 0 && PQgetisnull(result, 0, 0) == 0) {
        fail(build, "55006", PQgetvalue(result, 0, 0));
        return;
    }
    ask(build, BUILD_GATE, &build->gate, ANSWER_LIMIT_MS);
}

/* What is not about locks is for the build to meet, in its own words. */
static void on_gate(struct build *build, const char *sqlstate, const char *why)
{
    bool shut = strcmp(sqlstate, "55P03") == 0 || strcmp(sqlstate, "40P01") == 0;
    if (shut && maintenance_now_ms() < build->gate_until_ms) {
        set_timer(build, GATE_PAUSE_MS);
    } else if (shut) {
        fail(build, sqlstate, why);
    } else {
        build->step = BUILD_READY;
        answer(build, SESSION_ASIDE_DONE, "00000", "");
    }
}

static void on_built(struct build *build, const char *sqlstate, const char *why)
{
    if (why == NULL) {
        answer(build, SESSION_ASIDE_DONE, "00000", "");
        build_free(build);
    } else if (build->stuck) {
        fail(build, "40P01",
             "deadlock detected: the index waits for a session that waits for this transaction");
    } else {
        fail(build, sqlstate, why);
    }
}

static void on_call(void *who, enum call_news news, const PGresult *result, const char *why)
{
    struct build *build = who;
    if (news == CALL_LOST) {
        fail(build, "08006", why);
        return;
    }
    if (news == CALL_READY) {
        ask(build, BUILD_SETTINGS, &build->settings, ANSWER_LIMIT_MS);
        return;
    }
    const char *sqlstate = call_sqlstate(result);
    bool goes_on = why == NULL || build->step == BUILD_GATE || build->step == BUILD_BUILDS;
    if (!goes_on) {
        fail(build, sqlstate, why);
        return;
    }
    switch (build->step) {
    case BUILD_SETTINGS:
        ask(build, BUILD_OBSTACLE, &build->obstacle, ANSWER_LIMIT_MS);
        return;
    case BUILD_OBSTACLE:
        on_obstacle(build, result);
        return;
    case BUILD_GATE:
        on_gate(build, sqlstate, why);
        return;
    case BUILD_READY:
        return;
    case BUILD_BUILDS:
        on_built(build, sqlstate, why);
        return;
    }
}

static void on_watch(void *who, enum call_news news, const PGresult *result, const char *why)
{
    struct build *build = who;
    if (news == CALL_LOST) {
        call_free(build->watch);
        build->watch = NULL;
        build->watch_ready = false;
        if (build->cancelled) { /* it comes to its end by itself, and is cleaned up then */
            fail(build, "57014", "canceled");
        }
        return;
    }
    build->watch_ready = true;
    /* Once canceled the answers are about that. */
    if (news == CALL_ANSWER && why == NULL && !build->cancelled && PQntuples(result) > 0 &&
        strcmp(PQgetvalue(result, 0, 0), "t") == 0) {
        build->stuck = build->cancelled = true;
    }
}

/* Whether the build waits for somebody who waits, maybe for others first, for the client. */
static void look(struct build *build)
{
    char sql[512];
    build->watch_ready = false;
    if (build->cancelled) {
        snprintf(sql, sizeof sql, "SELECT pg_cancel_backend(%d)", call_server_pid(build->call));
    } else {
        snprintf(sql, sizeof sql,
                 "WITH RECURSIVE waits(pid) AS (SELECT unnest(pg_blocking_pids(%d)) UNION"
                 " SELECT unnest(pg_blocking_pids(waits.pid)) FROM waits)"
                 " SELECT EXISTS (SELECT FROM waits WHERE pid = %u)",
                 call_server_pid(build->call), (unsigned)build->client_pid);
    }
    call_ask(build->watch, sql, ANSWER_LIMIT_MS);
}

static void on_timer(evutil_socket_t fd, short what, void *who)
{
    (void)fd;
    (void)what;
    struct build *build = who;
    if (build->step != BUILD_BUILDS) {
        ask(build, BUILD_GATE, &build->gate, ANSWER_LIMIT_MS);
        return;
    }
    if (build->watch_ready) {
        look(build);
    }
    set_timer(build, LOOK_EVERY_MS);
}

static struct build *build_find(const struct maintenance_line *line, uint64_t link_id)
{
    struct build *build = line->builds;
    while (build != NULL && build->link_id != link_id) {
        build = build->next;
    }
    return build;
}

void build_start(struct maintenance_line *line, struct aside_order *order)
{
    struct build *build = calloc(1, sizeof *build);
    if (build == NULL) {
        letter_post(order->letter, SESSION_ASIDE_FAILED, span_text("53200 out of memory"));
        return;
    }
    *build = (struct build){.next = line->builds,
                            .line = line,
                            .link_id = order->link_id,
                            .letter = order->letter,
                            .settings = order->settings,
                            .obstacle = order->obstacle,
                            .gate = order->gate,
                            .text = order->build,
                            .gate_until_ms = maintenance_now_ms() + order->total_ms,
                            .client_pid = order->client_pid};
    order->settings = order->obstacle = order->gate = order->build = (struct buffer){0};
    line->builds = build;
    evtimer_assign(&build->timer, line->base, on_timer, build);
    const char *database = order->upstream->dbname != NULL ? order->upstream->dbname
                                                           : (const char *)order->database.at;
    build->call = call_new(line->base, line->config, order->upstream, database, on_call, build);
    build->watch = call_new(line->base, line->config, order->upstream, database, on_watch, build);
    if (build->call == NULL || build->watch == NULL) {
        fail(build, "53200", "out of memory");
    }
}

void build_go(struct maintenance_line *line, struct aside_order *order)
{
    struct build *build = build_find(line, order->link_id);
    if (build == NULL || build->step != BUILD_READY) { /* lost while the ledger was written */
        letter_post(order->letter, SESSION_ASIDE_FAILED,
                    span_text("08006 the maintenance connection was lost"));
        return;
    }
    build->letter = order->letter;
    set_timer(build, LOOK_EVERY_MS);
    ask(build, BUILD_BUILDS, &build->text, BUILD_LIMIT_MS);
}

void build_cancel(struct maintenance_line *line, uint64_t link_id)
{
    struct build *build = build_find(line, link_id);
    if (build == NULL) {
        return;
    }
    build->cancelled = true;
    if (build->step != BUILD_BUILDS || build->watch == NULL) {
        fail(build, "57014", "canceled");
    } else if (build->watch_ready) {
        look(build);
    }
}

void build_free_all(struct maintenance_line *line)
{
    while (line->builds != NULL) {
        fail(line->builds, "57P01", "ddlguard is shutting down");
    }
}
