/* dial --> send CancelRequest --> wait for the end --> tell who waits. */
#include "proxy/net/cancel_call.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "protocol/startup.h"
#include "proxy/net/dial.h"

/* Per step. A server that is up answers in a millisecond; libpq would wait for ever. */
#define CANCEL_TIMEOUT_MS 10000u

struct cancel_call {
    struct cancel_call *next, *previous;
    struct worker *worker;
    struct dial *dial; /* until it is connected */
    int fd;            /* then; -1 before */
    struct event event;
    struct worker *waiter;
    struct mail *done;
    struct buffer request;
};

static void call_free(struct cancel_call *call)
{
    if (call->previous == NULL) {
        call->worker->cancel_calls = call->next;
    } else {
        call->previous->next = call->next;
    }
    if (call->next != NULL) {
        call->next->previous = call->previous;
    }
    dial_cancel(call->dial);
    if (call->fd >= 0) {
        event_del(&call->event);
        close(call->fd);
    }
    buffer_free(&call->request);
    free(call);
}

static void call_end(struct cancel_call *call)
{
    if (call->done != NULL) {
        worker_post(call->waiter, call->done);
    }
    call_free(call);
}

static void on_end(evutil_socket_t fd, short what, void *who)
{
    struct cancel_call *call = who;
    char unexpected[64]; /* a server says nothing here; whatever comes is read away */
    ssize_t count = (what & EV_TIMEOUT) != 0 ? 0 : recv(fd, unexpected, sizeof unexpected, 0);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        call_end(call);
    }
}

static void log_failure(const struct cancel_call *call, struct span why)
{
    if (log_shows(call->worker->proxy->log_level, LOG_WARN)) {
        struct buffer line = log_begin(LOG_WARN, "cancel_failed");
        log_text(&line, "reason", why);
        log_end(&line);
    }
}

static void on_dialled(void *who, int fd, const struct address *address, struct span why)
{
    (void)address;
    struct cancel_call *call = who;
    call->dial = NULL;
    if (fd < 0) {
        log_failure(call, why);
        call_end(call);
        return;
    }
    call->fd = fd;
    event_assign(&call->event, call->worker->base, fd, EV_READ | EV_PERSIST, on_end, call);
    const struct timeval limit = {.tv_sec = CANCEL_TIMEOUT_MS / 1000};
    event_add(&call->event, &limit);
    /* A few bytes into an empty socket: they are taken whole, or the connection has failed, which
     * on_end finds out. */
    ssize_t sent = send(fd, call->request.at, call->request.length, MSG_NOSIGNAL);
    (void)sent;
}

void cancel_call_start(struct worker *worker, const struct address *server, uint32_t pid,
                       struct span key, struct worker *waiter, struct mail *done)
{
    struct cancel_call *call = calloc(1, sizeof *call);
    if (call == NULL) {
        if (done != NULL) {
            worker_post(waiter, done);
        }
        return;
    }
    *call = (struct cancel_call){
        .next = worker->cancel_calls, .worker = worker, .fd = -1, .waiter = waiter, .done = done};
    if (call->next != NULL) {
        call->next->previous = call;
    }
    worker->cancel_calls = call;
    startup_encode_cancel(&call->request, pid, key);
    call->dial = dial_address(worker, server, CANCEL_TIMEOUT_MS, on_dialled, call);
    if (call->dial == NULL || call->request.failed) {
        call_end(call);
    }
}

void cancel_call_free_all(struct worker *worker)
{
    while (worker->cancel_calls != NULL) {
        struct cancel_call *call = worker->cancel_calls;
        if (call->done != NULL) {
            call->done->deliver(call->done, true);
        }
        call_free(call);
    }
}
