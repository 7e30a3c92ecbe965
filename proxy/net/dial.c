/* One connection in the making.
 *
 *      dial_host --> name? --> resolver ... on_resolved --+
 *          |                                              |
 *          +--> number or unix socket --> timer at 0 --> try_next --> connect ... on_writable -->
 * done ^   |                       |
 *                                                         +---+-- next address <------+ failed */
#include "proxy/net/dial.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/net/resolver.h"

#define BACKLOG_WAIT_MS 20

struct dial {
    struct worker *worker;
    dial_done *done;
    void *who;
    uint32_t timeout_ms, waited_ms;
    struct resolve *resolve; /* while a name is being looked up; it points back at us */
    int fd;                  /* being connected; -1: none */
    struct event event;      /* of that socket, with the time-out; or the start */
    struct buffer why;       /* what went wrong with the addresses tried so far */
    size_t count, next;
    struct address addresses[RESOLVE_MOST];
};

static void dial_free(struct dial *dial)
{
    event_del(&dial->event);
    if (dial->fd >= 0) {
        close(dial->fd);
    }
    if (dial->resolve != NULL) {
        dial->resolve->who = NULL; /* the answer is on its way and finds nobody */
    }
    buffer_free(&dial->why);
    free(dial);
}

void dial_cancel(struct dial *dial)
{
    if (dial != NULL) {
        dial_free(dial);
    }
}

/* Hands the result over; the dial is gone. */
static void finish(struct dial *dial, const struct address *address)
{
    dial_done *done = dial->done;
    void *who = dial->who;
    int fd = dial->fd;
    dial->fd = -1;
    struct buffer why = buffer_take(&dial->why);
    struct address peer = {0};
    if (address != NULL) {
        peer = *address;
    }
    dial_free(dial);
    done(who, fd, &peer, buffer_span(&why));
    buffer_free(&why);
}

static void note_failure(struct dial *dial, const struct address *address, int error)
{
    char text[ADDRESS_TEXT_BYTES];
    address_text(address, text);
    buffer_append_format(&dial->why, "%s%s: %s", dial->why.length > 0 ? "; " : "", text,
                         strerror(error));
    if (dial->fd >= 0) {
        event_del(&dial->event);
        close(dial->fd);
        dial->fd = -1;
    }
}

static void try_next(struct dial *dial);

static void on_writable(evutil_socket_t fd, short what, void *who)
{
    struct dial *dial = who;
    const struct address *address = &dial->addresses[dial->next - 1];
    int error = ETIMEDOUT;
    if ((what & EV_TIMEOUT) == 0) {
        socklen_t length = sizeof error;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) {
            error = errno;
        }
    }
    if (error == 0) {
        finish(dial, address);
        return;
    }
    note_failure(dial, address, error);
    try_next(dial);
}

static struct timeval milliseconds(uint32_t ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

static void on_start(evutil_socket_t fd, short what, void *who)
{
    (void)fd, (void)what;
    try_next(who);
}

/* A unix socket whose backlog is full says so at once (unix(7)): the same address again, soon. */
static void wait_for_backlog(struct dial *dial)
{
    close(dial->fd);
    dial->fd = -1;
    dial->next--;
    dial->waited_ms += BACKLOG_WAIT_MS;
    struct timeval pause = milliseconds(BACKLOG_WAIT_MS);
    evtimer_assign(&dial->event, dial->worker->base, on_start, dial);
    evtimer_add(&dial->event, &pause);
}

static void try_next(struct dial *dial)
{
    while (dial->next < dial->count) {
        const struct address *address = &dial->addresses[dial->next++];
        int family = address->at.ss_family;
        dial->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (dial->fd < 0) {
            note_failure(dial, address, errno);
            continue;
        }
        address_tune(dial->fd, address);
        if (connect(dial->fd, (const struct sockaddr *)&address->at, address->length) == 0) {
            finish(dial, address);
            return;
        }
        if (errno == EAGAIN && dial->waited_ms < dial->timeout_ms) {
            wait_for_backlog(dial);
            return;
        }
        if (errno == EINPROGRESS) {
            struct timeval limit = milliseconds(dial->timeout_ms);
            event_assign(&dial->event, dial->worker->base, dial->fd, EV_WRITE, on_writable, dial);
            event_add(&dial->event, &limit);
            return;
        }
        note_failure(dial, address, errno);
    }
    finish(dial, NULL);
}

static void on_resolved(struct mail *mail, bool lost)
{
    struct resolve *resolve = (struct resolve *)mail;
    struct dial *dial = resolve->who;
    if (dial != NULL) {
        dial->resolve = NULL;
    }
    if (dial != NULL && !lost) {
        dial->count = resolve->count;
        memcpy(dial->addresses, resolve->addresses, sizeof dial->addresses);
        if (resolve->count == 0) {
            buffer_append_format(&dial->why, "%s:%u: %s", resolve->host, (unsigned)resolve->port,
                                 gai_strerror(resolve->error));
        }
        try_next(dial);
    }
    resolve_free(resolve);
}

static struct dial *dial_new(struct worker *worker, uint32_t timeout_ms, dial_done *done, void *who)
{
    struct dial *dial = calloc(1, sizeof *dial);
    if (dial != NULL) {
        *dial = (struct dial){
            .worker = worker, .done = done, .who = who, .timeout_ms = timeout_ms, .fd = -1};
        evtimer_assign(&dial->event, worker->base, on_start, dial);
    }
    return dial;
}

static void start_soon(struct dial *dial)
{
    const struct timeval now = {0};
    evtimer_add(&dial->event, &now);
}

struct dial *dial_host(struct worker *worker, const char *host, uint16_t port, uint32_t timeout_ms,
                       dial_done *done, void *who)
{
    struct dial *dial = dial_new(worker, timeout_ms, done, who);
    if (dial == NULL) {
        return NULL;
    }
    if (host[0] == '/') {
        dial->count = address_unix(&dial->addresses[0], host, port) ? 1 : 0;
        if (dial->count == 0) {
            buffer_append_format(&dial->why, "%s/.s.PGSQL.%u: the path is too long", host,
                                 (unsigned)port);
        }
    } else if (address_numeric(&dial->addresses[0], host, port)) {
        dial->count = 1;
    } else {
        dial->resolve =
            resolver_ask(worker->proxy->resolver, worker, host, port, on_resolved, dial);
        if (dial->resolve == NULL) {
            dial_free(dial);
            return NULL;
        }
        return dial;
    }
    start_soon(dial);
    return dial;
}

struct dial *dial_address(struct worker *worker, const struct address *address, uint32_t timeout_ms,
                          dial_done *done, void *who)
{
    struct dial *dial = dial_new(worker, timeout_ms, done, who);
    if (dial != NULL) {
        dial->addresses[0] = *address;
        dial->count = 1;
        start_soon(dial);
    }
    return dial;
}
