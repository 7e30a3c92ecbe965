/* An fsync that fails: nothing is called durable, nothing is lost, nothing is written twice;
 * whether what it should have made durable reached the log or not. */
#include "tests/unit/shell/ledger_fixture.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How many of the next calls fail. The one global: the linker lets SQLite's calls end up here. */
static atomic_int failing_syncs;

static int sync_or_fail(long call, int file)
{
    if (atomic_load(&failing_syncs) > 0) {
        atomic_fetch_sub(&failing_syncs, 1);
        errno = EIO;
        return -1;
    }
    return (int)syscall(call, file);
}

int fsync(int file)
{
    return sync_or_fail(SYS_fsync, file);
}

int fdatasync(int file)
{
    return sync_or_fail(SYS_fdatasync, file);
}

static void fail_syncs(const char *path, int count)
{
    struct ledger *ledger = open_or_fail(path);
    assert_true(submit_and_wait(ledger, event_line(1, "intended", "")));
    atomic_store(&failing_syncs, count);
    assert_false(submit_and_wait(ledger, event_line(1, "committed", "")));
    assert_false(ledger_is_healthy(ledger));
    for (unsigned i = 0; i < 100 && !ledger_is_healthy(ledger); i++) {
        usleep(100000);
    }
    assert_int_equal(atomic_load(&failing_syncs), 0);
    assert_true(ledger_is_healthy(ledger));
    assert_true(submit_and_wait(ledger, event_line(2, "denied", "")));
    ledger_close(ledger);
    assert_says(query(path, "SELECT group_concat(kind) FROM (SELECT kind FROM event ORDER BY seq)"),
                "intended,committed,denied");
    assert_int_equal(query_number(path, "SELECT count(*) FROM event"), 3);
    ledger_close(open_or_fail(path));
}

/* One: the commit's. Two: the log cannot be closed in order, and what it holds turns up again at
 * the next opening. More: the openings fail, too. */
static void test_failed_fsyncs(void **state)
{
    for (int count = 1; count <= 4; count++) {
        fixture_setup(state);
        fail_syncs(((const struct fixture *)*state)->path, count);
        fixture_teardown(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_failed_fsyncs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
