/* The mailbox: from many threads, in order, on the worker's thread, and nothing is lost or leaks
 * when the worker ends. */
#include "proxy/net/worker.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "policy/sql/sql.h"

#define SENDERS 4
#define LETTERS 2000

struct tally {
    struct worker *worker;
    unsigned next[SENDERS]; /* the number that must come next; touched by the worker only */
    unsigned out_of_order, elsewhere, lost;
    atomic_uint count;
};

struct numbered {
    struct mail mail;
    struct tally *tally;
    unsigned sender, number;
};

static void deliver(struct mail *mail, bool lost)
{
    struct numbered *numbered = (struct numbered *)mail;
    struct tally *tally = numbered->tally;
    if (lost) {
        tally->lost++;
    } else {
        tally->out_of_order += tally->next[numbered->sender]++ != numbered->number;
        tally->elsewhere += !pthread_equal(pthread_self(), tally->worker->thread);
    }
    free(numbered);
    atomic_fetch_add(&tally->count, 1);
}

static void post(struct tally *tally, unsigned sender, unsigned number)
{
    struct numbered *numbered = malloc(sizeof *numbered);
    assert(numbered != NULL);
    *numbered = (struct numbered){{.deliver = deliver}, tally, sender, number};
    worker_post(tally->worker, &numbered->mail);
}

struct sender {
    struct tally *tally;
    unsigned number;
};

static void *send_all(void *who)
{
    const struct sender *sender = who;
    for (unsigned i = 0; i < LETTERS; i++) {
        post(sender->tally, sender->number, i);
    }
    return NULL;
}

static void mail_arrives_in_order_on_the_workers_thread(void **state)
{
    (void)state;
    char *why = NULL;
    struct proxy proxy = {.options.parse_limit = 1024};
    struct tally tally = {.worker = worker_new(&proxy, 1, &why)};
    assert_non_null(tally.worker);
    assert_true(worker_start(tally.worker, &why));
    pthread_t threads[SENDERS];
    struct sender senders[SENDERS];
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){&tally, i};
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        pthread_join(threads[i], NULL);
    }
    const struct timespec moment = {.tv_nsec = 1000000};
    for (int i = 0; i < 10000 && atomic_load(&tally.count) < SENDERS * LETTERS; i++) {
        nanosleep(&moment, NULL);
    }
    worker_stop(tally.worker);
    worker_join(tally.worker);
    assert_int_equal(atomic_load(&tally.count), SENDERS * LETTERS);
    assert_int_equal(tally.out_of_order, 0);
    assert_int_equal(tally.elsewhere, 0);
    post(&tally, 0, LETTERS);
    worker_free(tally.worker);
    assert_int_equal(tally.lost, 1);
}

/* The grammar needs a deep stack (policy/sql/sql.h): that much of it must really be there. */
#define PARSE_LIMIT 65536u
/* The loop below us and a sanitizer's own data of the thread need some, too. */
#define DEEP (SQL_STACK_BYTES(PARSE_LIMIT) - (1u << 20))

static unsigned use_stack(void)
{
    volatile uint8_t room[DEEP];
    for (size_t at = DEEP; at > 0; at -= 4096) { /* from the top down, as a stack grows */
        room[at - 1] = 1;
    }
    return room[DEEP - 1];
}

static void use_it(struct mail *mail, bool lost)
{
    struct numbered *numbered = (struct numbered *)mail;
    if (!lost) {
        atomic_fetch_add(&numbered->tally->count, use_stack());
    }
    free(numbered);
}

static void the_stack_fits_the_longest_statement(void **state)
{
    (void)state;
    char *why = NULL;
    struct proxy proxy = {.options.parse_limit = PARSE_LIMIT};
    struct tally tally = {.worker = worker_new(&proxy, 1, &why)};
    assert_non_null(tally.worker);
    struct numbered *numbered = malloc(sizeof *numbered);
    assert_non_null(numbered);
    *numbered = (struct numbered){{.deliver = use_it}, &tally, 0, 0};
    worker_post(tally.worker, &numbered->mail);
    assert_true(worker_start(tally.worker, &why));
    const struct timespec moment = {.tv_nsec = 1000000};
    for (int i = 0; i < 10000 && atomic_load(&tally.count) == 0; i++) {
        nanosleep(&moment, NULL);
    }
    worker_stop(tally.worker);
    worker_join(tally.worker);
    worker_free(tally.worker);
    assert_int_equal(atomic_load(&tally.count), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_arrives_in_order_on_the_workers_thread),
        cmocka_unit_test(the_stack_fits_the_longest_statement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
