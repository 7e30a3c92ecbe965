/* What the ledger costs: how long one event takes from submit to durable, and how many events a
 * second become durable when many sessions submit at once; beside it what an fdatasync costs on
 * this disk.
 *
 *      ledger_bench FOLDER      the folder must be on the disk in question and is left as it was */
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <pthread.h>

#include "proxy/ledger/ledger.h"

#define SINGLES     2000
#define SUBMITTERS  100
#define PER_SESSION 200

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

static void print_times(const char *what, double *times, size_t count)
{
    qsort(times, count, sizeof *times, compare);
    printf("%-44s median %7.0f us   p99 %7.0f us\n", what, times[count / 2],
           times[count * 99 / 100]);
}

/* About 1 kB, as an `intended` of a session is. */
static size_t make_line(char *out, size_t size, unsigned number, const char *kind)
{
    int length = snprintf(
        out, size,
        "{\"change_id\":\"0199c3f0-0000-7000-8000-%012x\",\"kind\":\"%s\",\"at\":1760000000000000,"
        "\"tx_id\":\"0199c3f0-0000-7000-9000-%012x\",\"tag\":\"CREATE INDEX\","
        "\"database\":\"shop\",\"user\":\"app\",\"application_name\":\"deploy-42\","
        "\"client\":\"10.2.3.4:51234\",\"original_sql\":\"CREATE INDEX orders_email_idx ON orders "
        "(email) %0200d\",\"executed\":[{\"sql\":\"CREATE INDEX CONCURRENTLY orders_email_idx ON "
        "orders (email) %0200d\"}],\"objects\":[{\"action\":\"create\",\"kind\":\"index\","
        "\"schema\":\"public\",\"name\":\"orders_email_idx\"}],\"rules\":[{\"id\":"
        "\"require-concurrent-index-creation\",\"action\":\"rewrite\"}],\"verdict\":\"rewrite\","
        "\"lock_timeout_ms\":2000,\"attempts\":1,\"server_pid\":4711,\"times\":{\"intended\":"
        "\"2025-10-09T08:53:20.000000Z\"}}\n",
        number, kind, number, 0, 0);
    return (size_t)length;
}

struct answer {
    sem_t told;
    bool ok;
};

static void tell(void *who, bool ok, const char *why)
{
    struct answer *answer = who;
    answer->ok = ok;
    if (!ok) {
        fprintf(stderr, "ledger_bench: %s\n", why);
    }
    sem_post(&answer->told);
}

static void submit_and_wait(struct ledger *ledger, struct answer *answer, unsigned number,
                            const char *kind)
{
    char line[2048];
    size_t length = make_line(line, sizeof line, number, kind);
    ledger_submit(ledger, span_of(line, length), tell, answer);
    sem_wait(&answer->told);
    if (!answer->ok) {
        exit(1);
    }
}

struct session {
    pthread_t thread;
    struct ledger *ledger;
    unsigned number;
    double *times;
};

static void *run_session(void *who)
{
    struct session *session = who;
    struct answer answer = {0};
    sem_init(&answer.told, 0, 0);
    for (unsigned i = 0; i < PER_SESSION; i++) {
        unsigned number = (session->number + 1) * 100000 + i / 2;
        double start = now_us();
        submit_and_wait(session->ledger, &answer, number, i % 2 == 0 ? "intended" : "committed");
        session->times[i] = now_us() - start;
    }
    sem_destroy(&answer.told);
    return NULL;
}

static void measure_many(struct ledger *ledger)
{
    static double times[SUBMITTERS * PER_SESSION];
    static struct session sessions[SUBMITTERS];
    double start = now_us();
    for (unsigned i = 0; i < SUBMITTERS; i++) {
        sessions[i] = (struct session){
            .ledger = ledger, .number = i, .times = times + (size_t)i * PER_SESSION};
        pthread_create(&sessions[i].thread, NULL, run_session, &sessions[i]);
    }
    for (unsigned i = 0; i < SUBMITTERS; i++) {
        pthread_join(sessions[i].thread, NULL);
    }
    double seconds = (now_us() - start) / 1e6;
    print_times("100 sessions: submit to durable", times, SUBMITTERS * PER_SESSION);
    printf("%-44s %.0f events/s, %.0f changes/s of two events\n", "100 sessions: throughput",
           SUBMITTERS * PER_SESSION / seconds, SUBMITTERS * PER_SESSION / seconds / 2);
}

static void measure_single(struct ledger *ledger)
{
    static double times[SINGLES];
    struct answer answer = {0};
    sem_init(&answer.told, 0, 0);
    for (unsigned i = 0; i < SINGLES; i++) {
        double start = now_us();
        submit_and_wait(ledger, &answer, i / 2, i % 2 == 0 ? "intended" : "committed");
        times[i] = now_us() - start;
    }
    print_times("1 session: submit to durable", times, SINGLES);
    sem_destroy(&answer.told);
}

/* The least that any journal pays: an append of 1 kB and an fdatasync. */
static void measure_disk(const char *folder)
{
    static double times[SINGLES];
    char path[512];
    char block[1024] = {0};
    snprintf(path, sizeof path, "%s/ledger_bench.raw", folder);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (unsigned i = 0; i < SINGLES; i++) {
        double start = now_us();
        if (write(file, block, sizeof block) < 0 || fdatasync(file) != 0) {
            perror(path);
            exit(1);
        }
        times[i] = now_us() - start;
    }
    close(file);
    unlink(path);
    print_times("this disk: append 1 kB and fdatasync", times, SINGLES);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: ledger_bench FOLDER\n");
        return 2;
    }
    char path[512];
    char *why = NULL;
    snprintf(path, sizeof path, "%s/ledger_bench.db", argv[1]);
    measure_disk(argv[1]);
    struct ledger *ledger = ledger_open(path, &why);
    if (ledger == NULL) {
        fprintf(stderr, "ledger_bench: %s\n", why);
        free(why);
        return 1;
    }
    measure_single(ledger);
    measure_many(ledger);
    ledger_close(ledger);
    unlink(path);
    strcat(path, ".lock");
    return unlink(path) == 0 ? 0 : 1;
}
