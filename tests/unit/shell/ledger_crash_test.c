/* kill -9 in the middle of writing: whatever was called durable is in the file, and the file is
 * whole. (A process's death keeps what the kernel has; a power cut would need the fsyncs to be
 * watched.) */
#include "tests/unit/shell/ledger_fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 8

struct report {
    int pipe;
    unsigned number;
};

static void write_to_pipe(void *who, bool ok, const char *why)
{
    (void)why;
    const struct report *report = who;
    if (ok && write(report->pipe, &report->number, sizeof report->number) < 0) {
        _exit(1);
    }
}

/* Submits without pause, some dozens ahead of the disk, until it is killed. */
static void submit_for_ever(const char *path, int pipe, unsigned first)
{
    static struct report reports[1u << 16];
    struct ledger *ledger = ledger_open(path, NULL);
    for (unsigned i = 0; ledger != NULL && i < sizeof reports / sizeof reports[0]; i++) {
        reports[i] = (struct report){pipe, first + i};
        char *line = event_line(first + i, "intended", ",\"tag\":\"CREATE INDEX\"");
        ledger_submit(ledger, span_text(line), write_to_pipe, &reports[i]);
        free(line);
        usleep(20);
    }
    _exit(1);
}

/* The numbers of the changes that were reported until the child died; in order, from `first` on. */
static unsigned kill_after(const char *path, unsigned first, unsigned microseconds)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        submit_for_ever(path, ends[1], first);
    }
    close(ends[1]);
    unsigned next = first;
    unsigned number;
    while (read(ends[0], &number, sizeof number) == (ssize_t)sizeof number) {
        assert_int_equal(number, next++);
        if (number == first) { /* it is under way */
            usleep(microseconds);
            kill(child, SIGKILL);
        }
    }
    close(ends[0]);
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    return next;
}

static void test_what_was_told_is_there(void **state)
{
    const struct fixture *fixture = *state;
    unsigned first = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned next = kill_after(fixture->path, first, 1000 + 7919 * round);
        assert_true(next > first);
        ledger_close(open_or_fail(fixture->path)); /* also verifies the last event */
        char sql[160];
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM change WHERE at_us - 1760000000000000 BETWEEN %u AND %u",
                 first, next - 1);
        assert_int_equal(query_number(fixture->path, sql), next - first);
        assert_int_equal(
            query_number(fixture->path, "SELECT count(*) FROM change WHERE state <> 'unknown'"), 0);
        first = next + 10000; /* more than a queue can have held unreported */
    }
    assert_says(query(fixture->path, "PRAGMA integrity_check"), "ok");
    assert_int_equal(query_number(fixture->path, "SELECT max(seq) - count(*) FROM event"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_told_is_there, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
