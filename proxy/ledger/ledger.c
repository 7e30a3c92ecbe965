/* The writer thread and its queue. It never lets a submitter wait for the disk, and never calls a
 * submission durable before its transaction has been fsynced.
 *
 *      session --submit--> queue --all that is there--> one transaction --> done(true) each
 *      session --submit-->   |                                |
 *                            |                                v it failed
 *                            |             done(false) each, kept; journal closed, unhealthy
 *                            |                                |
 *                            +-- every REOPEN_MS: open anew, verify the end, write what is kept */
#include "proxy/ledger/ledger.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "proxy/ledger/journal.h"
#include "proxy/ledger/place.h"
#include "proxy/ledger/submission.h"
#include "proxy/ledger/why.h"

/* Short enough that nobody notices how long after the disk the ledger is back. */
#define REOPEN_MS 500
/* So long without a submission, and a checkpoint is in nobody's way. */
#define IDLE_MS 200
/* What waits for a disk that hangs: some 60,000 events. Sessions wait for their own, so that only a
 * disk out of order lets it come to this. */
#define QUEUE_LIMIT_BYTES (64u << 20)
/* What waits for a disk that is full, as lines; parsed it takes some ten times as much. */
#define KEPT_LIMIT_BYTES (4u << 20)

struct ledger {
    struct place place;
    pthread_t thread;
    atomic_bool healthy;

    pthread_mutex_t lock; /* guards queue and closing */
    pthread_cond_t wake;
    struct submission_list queue;
    bool closing;

    /* The writer thread's own. */
    struct journal *journal;  /* NULL: broken, `broken_why` says why, next try at retry_at_ms */
    struct journal_head head; /* as of the last transaction that is known to be durable */
    struct submission_list kept;
    char *broken_why;
    int64_t retry_at_ms;
};

static int64_t clock_now(clockid_t clock, int64_t units_per_second)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * units_per_second + now.tv_nsec / (1000000000 / units_per_second);
}

static void break_down(struct ledger *ledger, char *why)
{
    atomic_store(&ledger->healthy, false);
    journal_close(ledger->journal);
    ledger->journal = NULL;
    free(ledger->broken_why);
    ledger->broken_why = why;
    ledger->retry_at_ms = clock_now(CLOCK_MONOTONIC, 1000) + REOPEN_MS;
}

/* One transaction for all of the list. False: *why, and the journal is of no more use. */
static bool write_list(struct ledger *ledger, struct submission_list *list, char **why)
{
    if (!place_stands(&ledger->place, why) || !journal_begin(ledger->journal, why)) {
        return false;
    }
    for (struct submission *each = list->first; each != NULL; each = each->next) {
        each->tried = true;
        for (size_t i = 0; i < each->event_count; i++) {
            if (!journal_append(ledger->journal, &each->events[i], why)) {
                return false;
            }
        }
    }
    if (!journal_commit(ledger->journal, why)) {
        return false;
    }
    ledger->head = journal_head(ledger->journal);
    return true;
}

/* A commit that failed may have reached the disk: then what it carried is not written again. Nor is
 * what was intended, refused because of us, and not heard of since. */
static void prune_kept(struct ledger *ledger, bool last_try_landed)
{
    struct submission_list old = submission_list_take(&ledger->kept);
    struct submission *each;
    while ((each = submission_list_pop(&old)) != NULL) {
        if ((last_try_landed && each->tried) || submission_came_to_nothing(each)) {
            submission_free(each);
        } else {
            submission_list_push(&ledger->kept, each);
        }
    }
}

static void reopen(struct ledger *ledger)
{
    char *why = NULL;
    if (place_stands(&ledger->place, &why)) {
        ledger->journal = journal_open(ledger->place.path, &ledger->head, &why);
    }
    if (ledger->journal == NULL) {
        break_down(ledger, why);
        return;
    }
    struct journal_head found = journal_head(ledger->journal);
    prune_kept(ledger, found.seq != ledger->head.seq);
    ledger->head = found;
    if (!write_list(ledger, &ledger->kept, &why)) {
        break_down(ledger, why);
        return;
    }
    submission_list_free(&ledger->kept);
    atomic_store(&ledger->healthy, true);
}

static void keep(struct ledger *ledger, struct submission *submission)
{
    if (ledger->kept.bytes + submission->length > KEPT_LIMIT_BYTES) {
        submission_free(submission);
    } else {
        submission_list_push(&ledger->kept, submission);
    }
}

/* Reports and drops what can never be written: malformed, or more than the queue holds. */
static void sift(struct submission_list *batch)
{
    struct submission_list all = submission_list_take(batch);
    struct submission *each;
    while ((each = submission_list_pop(&all)) != NULL) {
        char *why = NULL;
        if (each->refused) {
            why_set(&why, "the ledger's disk is too slow: its queue is full");
        } else if (submission_parse(each, &why)) {
            submission_list_push(batch, each);
            continue;
        }
        submission_report(each, false, why != NULL ? why : "out of memory");
        submission_free(each);
        free(why);
    }
}

static void write_batch(struct ledger *ledger, struct submission_list *batch)
{
    sift(batch);
    if (batch->first == NULL) {
        return;
    }
    char *why = NULL;
    bool written = ledger->journal != NULL && write_list(ledger, batch, &why);
    if (!written && ledger->journal != NULL) {
        break_down(ledger, why);
    }
    const char *text = ledger->broken_why != NULL ? ledger->broken_why : "out of memory";
    struct submission *each;
    while ((each = submission_list_pop(batch)) != NULL) {
        submission_report(each, written, written ? NULL : text);
        if (written) {
            submission_free(each);
        } else {
            keep(ledger, each);
        }
    }
}

/* The time at which the writer has something to do although nobody submits. */
static int64_t next_duty_ms(const struct ledger *ledger)
{
    if (ledger->journal == NULL) {
        return ledger->retry_at_ms;
    }
    return journal_wants_checkpoint(ledger->journal) ? clock_now(CLOCK_MONOTONIC, 1000) + IDLE_MS
                                                     : INT64_MAX;
}

/* Waits for submissions, or for the next duty: then *batch is empty. False: closing, nothing left.
 */
static bool take_batch(struct ledger *ledger, struct submission_list *batch)
{
    int64_t at_ms = next_duty_ms(ledger);
    struct timespec at = {.tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000};
    int error = 0;
    pthread_mutex_lock(&ledger->lock);
    while (ledger->queue.first == NULL && !ledger->closing && error == 0) {
        error = at_ms == INT64_MAX ? pthread_cond_wait(&ledger->wake, &ledger->lock)
                                   : pthread_cond_timedwait(&ledger->wake, &ledger->lock, &at);
    }
    *batch = submission_list_take(&ledger->queue);
    bool more = batch->first != NULL || !ledger->closing;
    pthread_mutex_unlock(&ledger->lock);
    return more;
}

static void tidy(struct ledger *ledger, bool idle)
{
    char *why = NULL;
    if (ledger->journal != NULL && !journal_checkpoint(ledger->journal, idle, &why)) {
        break_down(ledger, why);
    }
}

static void *write_until_closed(void *who)
{
    struct ledger *ledger = who;
    struct submission_list batch;
    while (take_batch(ledger, &batch)) {
        bool idle = batch.first == NULL;
        if (ledger->journal == NULL && clock_now(CLOCK_MONOTONIC, 1000) >= ledger->retry_at_ms) {
            reopen(ledger);
        }
        write_batch(ledger, &batch);
        tidy(ledger, idle);
    }
    if (ledger->journal == NULL && ledger->kept.first != NULL) {
        reopen(ledger); /* the last chance for what is only in memory */
    }
    return NULL;
}

/* The process's signals are not the writer's business. */
static bool start_thread(struct ledger *ledger, char **why)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&ledger->thread, NULL, write_until_closed, ledger);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        why_set(why, "cannot start the ledger's writer thread: %s", strerror(error));
    }
    return error == 0;
}

static bool init_lock(struct ledger *ledger)
{
    pthread_condattr_t attributes;
    return pthread_condattr_init(&attributes) == 0 &&
           pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
           pthread_mutex_init(&ledger->lock, NULL) == 0 &&
           pthread_cond_init(&ledger->wake, &attributes) == 0;
}

static void free_ledger(struct ledger *ledger)
{
    journal_close(ledger->journal);
    place_leave(&ledger->place);
    submission_list_free(&ledger->kept);
    free(ledger->broken_why);
    pthread_cond_destroy(&ledger->wake);
    pthread_mutex_destroy(&ledger->lock);
    free(ledger);
}

struct ledger *ledger_open(const char *path, char **why)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL || !init_lock(ledger)) {
        why_set(why, "out of memory");
        free(ledger);
        return NULL;
    }
    if (place_take(&ledger->place, path, why)) {
        ledger->journal = journal_open(path, NULL, why);
    }
    int64_t now_us = clock_now(CLOCK_REALTIME, 1000000);
    if (ledger->journal == NULL || !journal_settle(ledger->journal, now_us, why)) {
        free_ledger(ledger);
        return NULL;
    }
    ledger->head = journal_head(ledger->journal);
    atomic_init(&ledger->healthy, true);
    if (!start_thread(ledger, why)) {
        free_ledger(ledger);
        return NULL;
    }
    return ledger;
}

void ledger_submit(struct ledger *ledger, struct span lines, ledger_done *done, void *who)
{
    pthread_mutex_lock(&ledger->lock);
    bool full = ledger->queue.bytes + lines.length > QUEUE_LIMIT_BYTES;
    pthread_mutex_unlock(&ledger->lock);
    struct submission *made = submission_new(full ? span_of(NULL, 0) : lines, done, who);
    if (made == NULL) {
        if (done != NULL) {
            done(who, false, "out of memory");
        }
        return;
    }
    made->refused = full;
    pthread_mutex_lock(&ledger->lock);
    if (ledger->queue.first == NULL) {
        pthread_cond_signal(&ledger->wake);
    }
    submission_list_push(&ledger->queue, made);
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_close(struct ledger *ledger)
{
    if (ledger == NULL) {
        return;
    }
    pthread_mutex_lock(&ledger->lock);
    ledger->closing = true;
    pthread_cond_signal(&ledger->wake);
    pthread_mutex_unlock(&ledger->lock);
    pthread_join(ledger->thread, NULL);
    free_ledger(ledger);
}

bool ledger_is_healthy(const struct ledger *ledger)
{
    return atomic_load(&ledger->healthy);
}
