/* The maintenance thread: a loop of its own, so that no worker ever waits for a server that is
 * asked about something else than a client's statement. */
#include "proxy/net/maintenance.h"

#include <event2/event.h>
#include <stdlib.h>
#include <time.h>

#include "proxy/ledger/why.h"
#include "proxy/net/maintenance_state.h"

#define BACKOFF_FIRST_MS 1000u

uint64_t maintenance_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

uint64_t maintenance_back_off(uint32_t *ms, uint32_t most_ms)
{
    *ms = *ms == 0 ? BACKOFF_FIRST_MS : *ms > most_ms / 2 ? most_ms : *ms * 2;
    return maintenance_now_ms() + *ms;
}

static void *run(void *who)
{
    struct maintenance_line *line = who;
    orders_take_up(line);
    while (!atomic_load(&line->stopping)) {
        event_base_loop(line->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY);
    }
    return NULL;
}

static void line_free(struct maintenance_line *line)
{
    lock_free_all(line);
    build_free_all(line);
    cleanup_free_all(line);
    watch_free(line);
    mailbox_free(&line->mailbox);
    event_base_free(line->base);
    pthread_mutex_destroy(&line->lock);
    free(line);
}

struct maintenance_line *maintenance_new(const struct config *config, struct ledger *ledger,
                                         enum log_level log_level, char **why)
{
    struct event_base *base = event_base_new();
    struct maintenance_line *line = calloc(1, sizeof *line);
    if (line == NULL || base == NULL) {
        why_set(why, "no memory for the maintenance connection");
        free(line);
        if (base != NULL) {
            event_base_free(base);
        }
        return NULL;
    }
    *line = (struct maintenance_line){
        .config = config, .log_level = log_level, .ledger = ledger, .base = base};
    pthread_mutex_init(&line->lock, NULL);
    if (!mailbox_init(&line->mailbox, base) || !watch_init(line)) {
        why_set(why, "no memory or no file descriptors for the maintenance connection");
        line_free(line);
        return NULL;
    }
    int error = pthread_create(&line->thread, NULL, run, line);
    if (error != 0) {
        why_set(why, "the maintenance thread cannot be started: %s", strerror(error));
        line_free(line);
        return NULL;
    }
    return line;
}

void maintenance_free(struct maintenance_line *line)
{
    if (line == NULL) {
        return;
    }
    atomic_store(&line->stopping, true);
    mailbox_wake(&line->mailbox);
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 1;
    if (pthread_timedjoin_np(line->thread, NULL, &limit) != 0) {
        return; /* a name server does not answer: what the thread holds ends with the program */
    }
    line_free(line);
}
