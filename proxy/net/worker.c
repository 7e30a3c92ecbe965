/* The loop of one thread. Nothing here knows what a link does. */
#include "proxy/net/worker.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "policy/sql/sql.h"
#include "proxy/ledger/why.h"
#include "proxy/net/cancel_call.h"
#include "proxy/net/link.h"
#include "proxy/net/listener.h"

static uint64_t microseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

const struct session_clock *worker_clock(struct worker *worker)
{
    if (worker->clock.now_us == 0) {
        worker->clock = (struct session_clock){microseconds(CLOCK_MONOTONIC_COARSE),
                                               microseconds(CLOCK_REALTIME_COARSE)};
    }
    return &worker->clock;
}

void worker_post(struct worker *worker, struct mail *mail)
{
    mailbox_post(&worker->mailbox, mail);
}

/* No locks: only the worker's thread touches its base. No cached time: libevent would read the
 * clock in every turn of the loop, although there are hardly ever timers. */
static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    if (config == NULL) {
        return NULL;
    }
    struct event_base *base = NULL;
    if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0 &&
        event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME) == 0) {
        base = event_base_new_with_config(config);
    }
    event_config_free(config);
    return base;
}

struct worker *worker_new(struct proxy *proxy, unsigned number, char **why)
{
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        why_set(why, "no memory for a worker");
        return NULL;
    }
    worker->proxy = proxy;
    worker->number = number;
    worker->base = base_new();
    if (worker->base == NULL || !mailbox_init(&worker->mailbox, worker->base) ||
        !receive_init(&worker->receive)) {
        why_set(why, "no memory or no file descriptors for the event loop of worker %u", number);
        worker_free(worker);
        return NULL;
    }
    return worker;
}

/* One turn: wait, then all callbacks of what is ready. Links are freed between turns, when no
 * callback can still hold them. */
static void *run(void *who)
{
    struct worker *worker = who;
    while (!atomic_load(&worker->stopping)) {
        event_base_loop(worker->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY);
        worker->clock.now_us = 0;
        link_free_dead(worker);
    }
    link_die_all(worker);
    return NULL;
}

bool worker_start(struct worker *worker, char **why)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    size_t stack = SQL_STACK_BYTES(worker->proxy->options.parse_limit);
    int error = pthread_attr_setstacksize(&attributes, stack);
    if (error == 0) {
        error = pthread_create(&worker->thread, &attributes, run, worker);
    }
    pthread_attr_destroy(&attributes);
    worker->started = error == 0;
    if (error != 0) {
        why_set(why, "worker %u cannot be started with a stack of %zu bytes: %s", worker->number,
                stack, strerror(error));
    }
    return worker->started;
}

void worker_stop(struct worker *worker)
{
    atomic_store(&worker->stopping, true);
    mailbox_wake(&worker->mailbox);
}

void worker_join(struct worker *worker)
{
    if (worker->started) {
        pthread_join(worker->thread, NULL);
        worker->started = false;
    }
}

void worker_free(struct worker *worker)
{
    if (worker == NULL) {
        return;
    }
    assert(!worker->started);
    listener_free_all(worker);
    cancel_call_free_all(worker);
    link_free_all(worker);
    if (worker->base != NULL) {
        mailbox_free(&worker->mailbox);
        event_base_free(worker->base);
    }
    receive_free(&worker->receive);
    effects_free(&worker->effects);
    free(worker);
}
