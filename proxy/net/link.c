/* The life of a link: from accept to the end of the turn in which it died. */
#include "proxy/net/link.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "proxy/net/link_state.h"
#include "proxy/net/maintenance.h"
#include "proxy/net/maintenance_aside.h"
#include "proxy/net/turn.h"
#include "proxy/net/yield.h"

/* A client that takes its last words more slowly than this between two acknowledged pieces does not
 * want them. */
#define FLUSH_LIMIT_US (30u * 1000000u)

struct buffer link_log(const struct link *link, enum log_level level, const char *event)
{
    struct buffer line = log_begin(level, event);
    log_number(&line, "session", link->id);
    return line;
}

static void log_end_of_link(const struct link *link, uint64_t now_us)
{
    if (!log_shows(link->worker->proxy->log_level, LOG_INFO)) {
        return;
    }
    struct buffer line = link_log(link, LOG_INFO, "session_end");
    if (link->dialled) {
        log_text(&line, "user", session_user(link->session));
        log_text(&line, "database", session_database(link->session));
    }
    log_text(&line, "reason", span_text(link->reason));
    log_number(&line, "ms", (now_us - link->began_us) / 1000);
    log_end(&line);
}

void link_enter(struct link *link, enum link_state state)
{
    static const char *const names[] = {"open", "flushing", "lingering", "dead"};
    assert(state > link->state);
    if (log_shows(link->worker->proxy->log_level, LOG_DEBUG)) {
        struct buffer line = link_log(link, LOG_DEBUG, "link_state");
        log_text(&line, "from", span_text(names[link->state]));
        log_text(&line, "to", span_text(names[state]));
        log_end(&line);
    }
    link->state = state;
}

/* Everything that reaches beyond the client's socket. */
static void drop_server(struct link *link)
{
    struct proxy *proxy = link->worker->proxy;
    dial_cancel(link->dial);
    link->dial = NULL;
    stream_close(&link->streams[SIDE_SERVER]);
    turn_give_back(link);
    yield_answer(link);
    buffer_free(&link->ahead);
    if (link->registered) {
        cancel_map_remove(proxy->cancels, &link->cancel);
        link->registered = false;
    }
    if (link->watched) {
        maintenance_unwatch(proxy->maintenance, link);
        link->watched = false;
    }
    if (link->aside) {
        aside_give_up(proxy->maintenance, link->id);
        link->aside = false;
    }
    if (link->counted) {
        atomic_fetch_sub(&proxy->pairs, 1);
        link->counted = false;
    }
}

void link_die(struct link *link, const char *reason)
{
    if (link->state == LINK_DEAD) {
        return;
    }
    struct worker *worker = link->worker;
    if (link->state == LINK_OPEN) {
        link->reason = reason;
        drop_server(link);
        log_end_of_link(link, worker_clock(worker)->now_us);
    }
    link_enter(link, LINK_DEAD);
    stream_close(&link->streams[SIDE_CLIENT]);
    event_del(&link->alarm);
    if (link->previous == NULL) {
        worker->links = link->next;
    } else {
        link->previous->next = link->next;
    }
    if (link->next != NULL) {
        link->next->previous = link->previous;
    }
    link->next = worker->dead;
    worker->dead = link;
}

void link_close(struct link *link, const char *reason)
{
    if (link->state != LINK_OPEN) {
        return;
    }
    link->reason = reason;
    drop_server(link);
    uint64_t now_us = worker_clock(link->worker)->now_us;
    log_end_of_link(link, now_us);
    link_enter(link, LINK_FLUSHING);
    link->due = 0;
    link->deadline_us = 0;
    link->limit_us = now_us + FLUSH_LIMIT_US;
    stream_finish(&link->streams[SIDE_CLIENT]);
}

struct span link_database(const struct link *link)
{
    const char *given = link->upstream->dbname;
    return given != NULL ? span_text(given) : session_database(link->session);
}

void link_unpin(struct link *link)
{
    atomic_fetch_sub(&link->pins, 1);
}

static void link_free(struct link *link)
{
    atomic_fetch_sub(&link->worker->proxy->links, 1);
    session_free(link->session);
    free(link);
}

void link_free_dead(struct worker *worker)
{
    struct link **at = &worker->dead;
    while (*at != NULL) {
        struct link *link = *at;
        if (atomic_load(&link->pins) == 0) {
            *at = link->next;
            link_free(link);
        } else {
            at = &link->next;
        }
    }
}

void link_die_all(struct worker *worker)
{
    while (worker->links != NULL) {
        link_die(worker->links, "the proxy has ended");
    }
}

void link_free_all(struct worker *worker)
{
    while (worker->dead != NULL) {
        struct link *link = worker->dead;
        worker->dead = link->next;
        link_free(link);
    }
}

static struct session *session_of(const struct worker *worker, const struct address *client)
{
    char text[ADDRESS_TEXT_BYTES];
    address_text(client, text);
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
        return NULL; /* without randomness change ids could meet */
    }
    return session_new(&worker->proxy->options, text, seed);
}

static void log_accept(const struct link *link, const struct address *client)
{
    if (!log_shows(link->worker->proxy->log_level, LOG_DEBUG)) {
        return;
    }
    char text[ADDRESS_TEXT_BYTES];
    address_text(client, text);
    struct buffer line = link_log(link, LOG_DEBUG, "accepted");
    log_text(&line, "client", span_text(text));
    log_number(&line, "worker", link->worker->number);
    log_end(&line);
}

void link_accept(struct worker *worker, int fd, const struct address *client)
{
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL || (link->session = session_of(worker, client)) == NULL) {
        free(link);
        close(fd);
        return;
    }
    struct proxy *proxy = worker->proxy;
    atomic_fetch_add(&proxy->links, 1);
    link->worker = worker;
    link->id = atomic_fetch_add(&proxy->last_id, 1) + 1;
    link->began_us = worker_clock(worker)->now_us;
    link->limit_us = link->began_us + (uint64_t)proxy->config->login_timeout_ms * 1000u;
    link->next = worker->links;
    if (link->next != NULL) {
        link->next->previous = link;
    }
    worker->links = link;
    address_tune(fd, client);
    stream_open(&link->streams[SIDE_CLIENT], worker->base, fd, link_on_client_io, link);
    link->streams[SIDE_SERVER].fd = -1;
    evtimer_assign(&link->alarm, worker->base, link_on_alarm, link);
    log_accept(link, client);
    link_settle(link);
}
