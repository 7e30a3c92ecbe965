/* One connection per server, which holds all locks of this process there and is asked for one after
 * the other.
 *
 *      WANTED --> ASKED --> HELD --> UNLOCKING --> gone
 *         ^---------+ not now: again after a pause
 *
 * Between two questions the session is idle, outside a transaction: it holds no snapshot. Nor is it
 * ended for that: its locks are held for as long as a build takes. */
#include "proxy/net/maintenance_lock.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <libpq-fe.h>
#include <stdlib.h>

#include "proxy/net/letter.h"
#include "proxy/net/maintenance_state.h"

/* Of the advisory locks with two keys (pg_locks.classid); the other is a hash of the table. */
#define LOCK_CLASS      0x64646c67 /* "ddlg" */
#define ANSWER_LIMIT_MS 5000u
#define PAUSE_FIRST_MS  50u
#define PAUSE_MOST_MS   1000u
#define BACKOFF_MOST_MS 30000u

/* The first question, before any lock. Not an option of the connection: before PostgreSQL 14 there
 * is none of that name. */
static const char no_idle_timeout[] =
    "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings"
    " WHERE name OPERATOR(pg_catalog.=) 'idle_session_timeout'";

enum lock_state { LOCK_WANTED, LOCK_ASKED, LOCK_HELD, LOCK_UNLOCKING };

struct lock {
    struct lock *next;
    enum lock_state state;
    bool over; /* it has been given back */
    uint64_t link_id, number;
    int32_t object;
    struct letter *letter; /* NULL: the link has had its answer */
    bool waited, told;
    uint64_t try_ms; /* WANTED: not before */
    uint32_t pause_ms;
};

struct lock_server {
    struct lock_server *next;
    struct maintenance_line *line;
    const struct upstream *upstream; /* the first that was asked for with this host and port */
    struct call *call;               /* NULL: none */
    bool ready;
    struct lock *asked; /* about whom the connection has been asked; NULL: it is free */
    struct lock *locks;
    struct event timer;
    uint64_t retry_ms;
    uint32_t backoff_ms;
};

static void log_without(const struct lock_server *server, const char *reason)
{
    if (log_shows(server->line->log_level, LOG_WARN)) {
        struct buffer line = log_begin(LOG_WARN, "table_lock");
        log_text(&line, "host", span_text(server->upstream->host));
        log_number(&line, "port", server->upstream->port);
        log_text(&line, "reason", span_text(reason));
        log_text(&line, "text", span_text("changes go on; other proxies do not wait for them"));
        log_end(&line);
    }
}

static void tell(struct lock *lock, struct letter *letter, enum session_event event,
                 const char *text)
{
    if (letter != NULL) {
        letter->lock = lock->number;
        letter_post(letter, event, span_text(text));
    }
}

static void tell_turn(struct lock *lock)
{
    struct letter *letter = lock->letter;
    lock->letter = NULL;
    tell(lock, letter, SESSION_TURN, lock->waited ? "waited" : "");
}

static void lock_free(struct lock_server *server, struct lock *lock)
{
    struct lock **at = &server->locks;
    while (*at != lock) {
        at = &(*at)->next;
    }
    *at = lock->next;
    tell_turn(lock); /* one that has been given back is not listened to any more */
    free(lock);
}

/* Whoever waits goes at once, and whoever holds a lock has lost it. */
static void go_without(struct lock_server *server, const char *reason)
{
    if (server->locks != NULL) {
        log_without(server, reason);
    }
    while (server->locks != NULL) {
        lock_free(server, server->locks);
    }
}

static void lose(struct lock_server *server, const char *reason)
{
    if (!server->ready) {
        server->retry_ms = maintenance_back_off(&server->backoff_ms, BACKOFF_MOST_MS);
    }
    server->ready = false;
    server->asked = NULL;
    go_without(server, reason);
    call_free(server->call);
    server->call = NULL;
}

static void on_call(void *who, enum call_news news, const PGresult *result, const char *why);

static void lock_connect(struct lock_server *server)
{
    struct maintenance_line *line = server->line;
    if (maintenance_now_ms() < server->retry_ms) {
        go_without(server, "the maintenance connection is down");
        return;
    }
    server->call = call_new(line->base, line->config, server->upstream,
                            line->config->maintenance.database, on_call, server);
    if (server->call == NULL) {
        go_without(server, "out of memory");
    }
}

/* What to ask next: to unlock, else for the lock whose time comes first. */
static struct lock *next_lock(const struct lock_server *server)
{
    struct lock *next = NULL;
    for (struct lock *lock = server->locks; lock != NULL; lock = lock->next) {
        if (lock->state == LOCK_HELD && lock->over) {
            return lock;
        }
        if (lock->state == LOCK_WANTED && (next == NULL || lock->try_ms < next->try_ms)) {
            next = lock;
        }
    }
    return next;
}

static void ask(struct lock_server *server, struct lock *lock)
{
    char sql[96];
    bool unlocks = lock->state == LOCK_HELD;
    snprintf(sql, sizeof sql, "SELECT pg_catalog.pg_%s(%d, %d)",
             unlocks ? "advisory_unlock" : "try_advisory_lock", LOCK_CLASS, (int)lock->object);
    lock->state = unlocks ? LOCK_UNLOCKING : LOCK_ASKED;
    server->asked = lock;
    call_ask(server->call, sql, ANSWER_LIMIT_MS);
}

static void go_on(struct lock_server *server)
{
    struct lock *lock = next_lock(server);
    if (lock == NULL || server->asked != NULL || (server->call != NULL && !server->ready)) {
        return;
    }
    uint64_t now_ms = maintenance_now_ms();
    if (server->call == NULL) {
        lock_connect(server);
    } else if (lock->state == LOCK_WANTED && lock->try_ms > now_ms) {
        uint64_t rest_ms = lock->try_ms - now_ms;
        const struct timeval rest = {.tv_sec = (time_t)(rest_ms / 1000u),
                                     .tv_usec = (suseconds_t)(rest_ms % 1000u * 1000u)};
        event_add(&server->timer, &rest);
    } else {
        ask(server, lock);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *who)
{
    (void)fd;
    (void)what;
    go_on(who);
}

/* Another proxy has it. The letter that is kept holds the link. */
static void wait_for_other(struct lock *lock)
{
    if (!lock->told) {
        tell(lock, letter_new(lock->letter->link), SESSION_QUEUED, "through another ddlguard");
    }
    lock->told = lock->waited = true;
    lock->state = LOCK_WANTED;
    lock->pause_ms = lock->pause_ms == 0                  ? PAUSE_FIRST_MS
                     : lock->pause_ms > PAUSE_MOST_MS / 2 ? PAUSE_MOST_MS
                                                          : lock->pause_ms * 2;
    lock->try_ms = maintenance_now_ms() + lock->pause_ms;
}

static void on_call(void *who, enum call_news news, const PGresult *result, const char *why)
{
    struct lock_server *server = who;
    struct lock *lock = server->asked;
    if (news == CALL_LOST || why != NULL) {
        lose(server, why);
        return;
    }
    server->asked = NULL;
    if (news == CALL_READY) {
        call_ask(server->call, no_idle_timeout, ANSWER_LIMIT_MS);
        return;
    }
    if (!server->ready) {
        server->ready = true;
        server->backoff_ms = 0;
    } else if (lock->state == LOCK_UNLOCKING) {
        lock_free(server, lock);
    } else if (strcmp(PQgetvalue(result, 0, 0), "t") == 0) {
        lock->state = LOCK_HELD;
        tell_turn(lock);
    } else if (lock->over) {
        lock_free(server, lock);
    } else {
        wait_for_other(lock);
    }
    go_on(server);
}

static struct lock_server *server_of(struct maintenance_line *line, const struct upstream *upstream)
{
    struct lock_server *server = line->lock_servers;
    while (server != NULL && !config_is_same_server(server->upstream, upstream)) {
        server = server->next;
    }
    if (server == NULL && (server = calloc(1, sizeof *server)) != NULL) {
        *server =
            (struct lock_server){.next = line->lock_servers, .line = line, .upstream = upstream};
        line->lock_servers = server;
        evtimer_assign(&server->timer, line->base, on_timer, server);
    }
    return server;
}

void lock_free_all(struct maintenance_line *line)
{
    while (line->lock_servers != NULL) {
        struct lock_server *server = line->lock_servers;
        line->lock_servers = server->next;
        while (server->locks != NULL) {
            lock_free(server, server->locks);
        }
        event_del(&server->timer);
        call_free(server->call);
        free(server);
    }
}

/* From here on: what workers order. */
struct lock_order {
    struct mail mail;
    struct maintenance_line *line;
    const struct upstream *upstream;
    struct lock *lock;        /* to be taken; NULL: one is given back … */
    uint64_t link_id, number; /* … which is this */
};

static void take(struct lock_server *server, struct lock *lock)
{
    lock->next = server->locks;
    server->locks = lock;
    go_on(server);
}

static void give_back(struct lock_server *server, uint64_t link_id, uint64_t number)
{
    struct lock *lock = server->locks;
    while (lock != NULL && (lock->link_id != link_id || lock->number != number)) {
        lock = lock->next;
    }
    if (lock == NULL) {
        return; /* lost with its connection */
    }
    lock->over = true;
    if (lock->state == LOCK_WANTED) {
        lock_free(server, lock);
    }
    go_on(server);
}

static void deliver(struct mail *mail, bool lost)
{
    struct lock_order *order = (struct lock_order *)mail;
    struct lock_server *server = lost ? NULL : server_of(order->line, order->upstream);
    if (server != NULL && order->lock != NULL) {
        take(server, order->lock);
    } else if (server != NULL) {
        give_back(server, order->link_id, order->number);
    } else if (order->lock != NULL) {
        tell_turn(order->lock);
        free(order->lock);
    }
    free(order);
}

/* FNV-1a. Two tables with the same hash wait for each other now and then, and that is all. */
static int32_t hash_of(const struct lock_target *target)
{
    const struct span parts[] = {target->database, span_of("", 1), target->table};
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        for (size_t at = 0; at < parts[i].length; at++) {
            hash = (hash ^ parts[i].at[at]) * 16777619u;
        }
    }
    return (int32_t)hash;
}

bool lock_take(struct maintenance_line *line, struct link *link, const struct lock_target *target)
{
    struct lock_order *order = calloc(1, sizeof *order);
    struct lock *lock = calloc(1, sizeof *lock);
    struct letter *letter = order == NULL || lock == NULL ? NULL : letter_new(link);
    if (letter == NULL) {
        free(order);
        free(lock);
        return false;
    }
    *lock = (struct lock){.link_id = target->link_id,
                          .number = target->number,
                          .object = hash_of(target),
                          .letter = letter,
                          .waited = target->waited};
    *order = (struct lock_order){
        .mail.deliver = deliver, .line = line, .upstream = target->upstream, .lock = lock};
    mailbox_post(&line->mailbox, &order->mail);
    return true;
}

void lock_give_back(struct maintenance_line *line, const struct upstream *upstream,
                    uint64_t link_id, uint64_t number)
{
    struct lock_order *order = calloc(1, sizeof *order);
    if (order != NULL) {
        *order = (struct lock_order){.mail.deliver = deliver,
                                     .line = line,
                                     .upstream = upstream,
                                     .link_id = link_id,
                                     .number = number};
        mailbox_post(&line->mailbox, &order->mail);
    }
}
