/* The writer thread: who hears what and when, and what it does when the disk fails. */
#include "tests/unit/shell/ledger_fixture.h"

#include <semaphore.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAL_TRIES 100 /* of 50 ms */

/* What a submission finds in the file, by another connection, at the moment that it is told. */
struct witness {
    const char *path;
    long events_found;
    sem_t *gate, *entered; /* if any: told, says so, and is then made to wait */
    struct waiter *waiter;
};

static void look_into_the_file(void *who, bool ok, const char *why)
{
    struct witness *witness = who;
    witness->events_found = query_number(witness->path, "SELECT count(*) FROM event");
    if (witness->gate != NULL) {
        sem_post(witness->entered);
        sem_wait(witness->gate);
    }
    waiter_done(witness->waiter, ok, why);
}

static void submit(struct ledger *ledger, char *lines, ledger_done *done, void *who)
{
    ledger_submit(ledger, span_text(lines), done, who);
    free(lines);
}

static void test_is_in_the_file_when_told(void **state)
{
    const struct fixture *fixture = *state;
    struct ledger *ledger = open_or_fail(fixture->path);
    for (unsigned i = 1; i <= 20; i++) {
        struct waiter waiter = WAITER_INIT;
        struct witness witness = {.path = fixture->path, .waiter = &waiter};
        submit(ledger, event_line(i, "intended", ""), look_into_the_file, &witness);
        assert_true(waiter_wait(&waiter, 1));
        assert_int_equal(waiter.failed, 0);
        assert_int_equal(witness.events_found, i);
    }
    assert_true(ledger_is_healthy(ledger));
    ledger_close(ledger);
}

struct turn {
    unsigned *told, place;
    struct waiter *waiter;
};

static void note_the_turn(void *who, bool ok, const char *why)
{
    struct turn *turn = who;
    turn->place = (*turn->told)++;
    waiter_done(turn->waiter, ok, why);
}

static void test_tells_in_order(void **state)
{
    const struct fixture *fixture = *state;
    struct ledger *ledger = open_or_fail(fixture->path);
    struct waiter waiter = WAITER_INIT;
    unsigned told = 0;
    struct turn turns[100];
    for (unsigned i = 0; i < 100; i++) {
        turns[i] = (struct turn){.told = &told, .waiter = &waiter};
        submit(ledger, event_line(i, "intended", ""), note_the_turn, &turns[i]);
    }
    assert_true(waiter_wait(&waiter, 100));
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(turns[i].place, i);
    }
    ledger_close(ledger);
}

static void test_commits_together_what_waits(void **state)
{
    const struct fixture *fixture = *state;
    struct ledger *ledger = open_or_fail(fixture->path);
    struct waiter waiter = WAITER_INIT;
    sem_t gate;
    sem_t entered;
    sem_init(&gate, 0, 0);
    sem_init(&entered, 0, 0);
    struct witness first = {
        .path = fixture->path, .gate = &gate, .entered = &entered, .waiter = &waiter};
    struct witness second = {.path = fixture->path, .waiter = &waiter};
    submit(ledger, event_line(0, "intended", ""), look_into_the_file, &first);
    sem_wait(&entered); /* the writer is being held: whatever comes now waits together */
    submit(ledger, event_line(1, "intended", ""), look_into_the_file, &second);
    for (unsigned i = 2; i <= 100; i++) {
        submit(ledger, event_line(i, "intended", ""), waiter_done, &waiter);
    }
    sem_post(&gate);
    assert_true(waiter_wait(&waiter, 101));
    assert_int_equal(second.events_found, 101);
    sem_destroy(&gate);
    sem_destroy(&entered);
    ledger_close(ledger);
}

struct submitter {
    struct ledger *ledger;
    pthread_t thread;
    unsigned number, failed;
};

#define THREADS    8
#define PER_THREAD 100

static void *submit_many(void *who)
{
    struct submitter *submitter = who;
    for (unsigned i = 0; i < PER_THREAD; i++) {
        unsigned change = submitter->number * PER_THREAD + i;
        submitter->failed +=
            !submit_and_wait(submitter->ledger, event_line(change, "intended", ""));
        submitter->failed += !submit_and_wait(submitter->ledger, event_line(change, "failed", ""));
    }
    return NULL;
}

static void test_serves_many_threads(void **state)
{
    const struct fixture *fixture = *state;
    struct submitter submitters[THREADS];
    struct ledger *ledger = open_or_fail(fixture->path);
    for (unsigned i = 0; i < THREADS; i++) {
        submitters[i] = (struct submitter){.ledger = ledger, .number = i};
        pthread_create(&submitters[i].thread, NULL, submit_many, &submitters[i]);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(submitters[i].thread, NULL);
        assert_int_equal(submitters[i].failed, 0);
    }
    ledger_close(ledger);
    const char *path = fixture->path;
    assert_int_equal(query_number(path, "SELECT max(seq) FROM event"), 2 * THREADS * PER_THREAD);
    assert_int_equal(query_number(path, "SELECT count(*) FROM change WHERE state = 'failed'"),
                     THREADS * PER_THREAD);
}

static void test_malformed_lines_fail_alone(void **state)
{
    const struct fixture *fixture = *state;
    struct ledger *ledger = open_or_fail(fixture->path);
    struct waiter good = WAITER_INIT;
    struct waiter bad = WAITER_INIT;
    char *line = event_line(1, "intended", "");
    char *half;
    assert_true(asprintf(&half, "%s{\"kind\":\"intended\"}\n", line) > 0);
    free(line);
    submit(ledger, event_line(2, "intended", ""), waiter_done, &good);
    submit(ledger, half, waiter_done, &bad);
    submit(ledger, event_line(3, "intended", ""), waiter_done, &good);
    assert_true(waiter_wait(&good, 2) && waiter_wait(&bad, 1));
    assert_int_equal(good.failed, 0);
    assert_int_equal(bad.failed, 1);
    assert_non_null(strstr(bad.why, "change_id must be a UUID"));
    assert_true(ledger_is_healthy(ledger));
    assert_int_equal(query_number(fixture->path, "SELECT count(*) FROM event"), 2);
    ledger_close(ledger);
}

static void test_a_full_queue_refuses(void **state)
{
    const struct fixture *fixture = *state;
    struct ledger *ledger = open_or_fail(fixture->path);
    struct waiter waiter = WAITER_INIT;
    struct waiter fits = WAITER_INIT;
    struct waiter too_much = WAITER_INIT;
    sem_t gate;
    sem_t entered;
    sem_init(&gate, 0, 0);
    sem_init(&entered, 0, 0);
    struct witness first = {
        .path = fixture->path, .gate = &gate, .entered = &entered, .waiter = &waiter};
    submit(ledger, event_line(0, "intended", ""), look_into_the_file, &first);
    size_t length = 40u << 20;
    char *spaces = malloc(length);
    memset(spaces, ' ', length);
    ledger_submit(ledger, span_of(spaces, length), waiter_done, &fits);
    ledger_submit(ledger, span_of(spaces, length), waiter_done, &too_much);
    free(spaces);
    sem_post(&gate);
    assert_true(waiter_wait(&fits, 1) && waiter_wait(&too_much, 1));
    assert_non_null(strstr(fits.why, "JSON")); /* it was read, at least */
    assert_non_null(strstr(too_much.why, "queue is full"));
    assert_true(submit_and_wait(ledger, event_line(1, "intended", "")));
    sem_destroy(&gate);
    ledger_close(ledger);
}

static void test_close_writes_what_is_queued(void **state)
{
    const struct fixture *fixture = *state;
    struct ledger *ledger = open_or_fail(fixture->path);
    for (unsigned i = 0; i < 500; i++) {
        submit(ledger, event_line(i, "denied", ""), NULL, NULL);
    }
    ledger_close(ledger);
    ledger_close(NULL);
    assert_int_equal(query_number(fixture->path, "SELECT count(*) FROM event"), 500);
}

static void test_reopening_marks_unknown(void **state)
{
    const struct fixture *fixture = *state;
    struct ledger *ledger = open_or_fail(fixture->path);
    assert_true(submit_and_wait(ledger, event_line(1, "intended", "")));
    assert_true(submit_and_wait(ledger, event_line(2, "denied", "")));
    char *why = NULL;
    assert_null(ledger_open(fixture->path, &why));
    assert_says(why, "in use by another ddlguard");
    ledger_close(ledger);
    ledger_close(open_or_fail(fixture->path));
    assert_says(query(fixture->path, "SELECT group_concat(state) FROM "
                                     "(SELECT state FROM change ORDER BY first_seq)"),
                "unknown,denied");
}

static bool heals(const struct ledger *ledger)
{
    for (unsigned i = 0; i < HEAL_TRIES && !ledger_is_healthy(ledger); i++) {
        usleep(50000);
    }
    return ledger_is_healthy(ledger);
}

static void test_survives_the_file_being_moved(void **state)
{
    const struct fixture *fixture = *state;
    struct ledger *ledger = open_or_fail(fixture->path);
    assert_true(submit_and_wait(ledger, event_line(1, "intended", "")));
    char other[128];
    snprintf(other, sizeof other, "%s.moved", fixture->path);
    rename(fixture->path, other);
    assert_false(submit_and_wait(ledger, event_line(1, "committed", "")));
    assert_false(ledger_is_healthy(ledger));
    rename(other, fixture->path);
    assert_true(heals(ledger));
    assert_says(query(fixture->path, "SELECT state FROM change"), "committed");
    ledger_close(ledger);
}

/* The limit on the size of files stands in for a disk that is full: it binds root as well, and
 * SQLite's writes fail in the same places. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* In a process of its own: the number of the step that went wrong, 0: none. */
static int live_through_a_full_disk(const char *path)
{
    signal(SIGXFSZ, SIG_IGN);
    struct ledger *ledger = ledger_open(path, NULL);
    if (ledger == NULL || !submit_and_wait(ledger, event_line(1, "intended", ""))) {
        return 1;
    }
    limit_files(4096);
    struct waiter waiter = WAITER_INIT;
    submit(ledger, event_line(1, "failed", ""), waiter_done, &waiter);
    if (!waiter_wait(&waiter, 1) || waiter.failed != 1 || ledger_is_healthy(ledger)) {
        return 2;
    }
    if (strstr(waiter.why, "disk I/O error (SQLite code") == NULL) {
        return 3;
    }
    bool refused = !submit_and_wait(ledger, event_line(2, "intended", "")) &&
                   !submit_and_wait(ledger, event_line(3, "intended", "")) &&
                   !submit_and_wait(ledger, event_line(3, "denied", ",\"sqlstate\":\"58030\""));
    usleep(1200000); /* it tries again meanwhile, in vain */
    if (!refused || ledger_is_healthy(ledger)) {
        return 4;
    }
    limit_files(RLIM_INFINITY);
    if (!heals(ledger) || !submit_and_wait(ledger, event_line(4, "intended", ""))) {
        return 5;
    }
    ledger_close(ledger);
    return 0;
}

static void test_a_full_disk_heals(void **state)
{
    const struct fixture *fixture = *state;
    pid_t child = fork();
    if (child == 0) {
        _exit(live_through_a_full_disk(fixture->path));
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    /* 1: its outcome was kept. 2: came to nothing, forgotten. 3: kept, it was told of as denied. */
    assert_says(query(fixture->path, "SELECT group_concat(body) FROM (SELECT kind || "
                                     "substr(hex(change_id), 32) AS body FROM event)"),
                "intended1,failed1,intended3,denied3,intended4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
        IN_FOLDER(test_is_in_the_file_when_told),      IN_FOLDER(test_tells_in_order),
        IN_FOLDER(test_commits_together_what_waits),   IN_FOLDER(test_serves_many_threads),
        IN_FOLDER(test_malformed_lines_fail_alone),    IN_FOLDER(test_a_full_queue_refuses),
        IN_FOLDER(test_close_writes_what_is_queued),   IN_FOLDER(test_reopening_marks_unknown),
        IN_FOLDER(test_survives_the_file_being_moved), IN_FOLDER(test_a_full_disk_heals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
