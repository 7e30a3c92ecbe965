/* Where a ledger may live: folder, file, lock. */
#include "tests/unit/shell/ledger_fixture.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/ledger/place.h"

#define NOBODY 65534

static void assert_not_taken(const char *path, const char *says)
{
    struct place place;
    char *why = NULL;
    assert_false(place_take(&place, path, &why));
    assert_says(why, says);
}

static void take(struct place *place, const char *path)
{
    char *why = NULL;
    if (!place_take(place, path, &why)) {
        fail_msg("%s", why);
    }
}

static void test_makes_a_private_file(void **state)
{
    const struct fixture *fixture = *state;
    mode_t before = umask(0);
    struct place place;
    take(&place, fixture->path);
    umask(before);
    struct stat found;
    assert_int_equal(stat(fixture->path, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    place_leave(&place);
}

static void test_wants_a_folder(void **state)
{
    const struct fixture *fixture = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/no/ledger.db", fixture->folder);
    assert_not_taken(path, "Create it");
    FILE *file = fopen(fixture->path, "w");
    fclose(file);
    snprintf(path, sizeof path, "%s/ledger.db", fixture->path);
    assert_not_taken(path, "does not exist");
    snprintf(path, sizeof path, "%s/sub", fixture->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_not_taken(path, "Is a directory");
}

static void test_lets_one_in(void **state)
{
    const struct fixture *fixture = *state;
    struct place place;
    take(&place, fixture->path);
    char says[64];
    snprintf(says, sizeof says, "in use by another ddlguard (process %ld)", (long)getpid());
    pid_t child = fork();
    if (child == 0) {
        struct place other;
        char *why = NULL;
        bool refused = !place_take(&other, fixture->path, &why) && strstr(why, says) != NULL;
        _exit(refused ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    place_leave(&place);
    take(&place, fixture->path);
    place_leave(&place);
}

static void test_refuses_a_file_that_others_write(void **state)
{
    const struct fixture *fixture = *state;
    struct place place;
    take(&place, fixture->path);
    place_leave(&place);
    chmod(fixture->path, 0620);
    assert_not_taken(fixture->path, "chmod go-w");
    chmod(fixture->path, 0640);
    take(&place, fixture->path);
    place_leave(&place);
}

/* Rights do not bind root: a child gives them up. */
static void test_wants_to_write_in_the_folder(void **state)
{
    const struct fixture *fixture = *state;
    chmod(fixture->folder, 0555);
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setuid(NOBODY) != 0) {
            _exit(2);
        }
        struct place place;
        char *why = NULL;
        bool refused = !place_take(&place, fixture->path, &why) &&
                       strstr(why, "must be able to write to the folder") != NULL;
        _exit(refused ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    chmod(fixture->folder, 0700);
    assert_int_equal(status, 0);
}

static void test_notices_that_the_file_is_gone(void **state)
{
    const struct fixture *fixture = *state;
    struct place place;
    take(&place, fixture->path);
    char *why = NULL;
    assert_true(place_stands(&place, &why));
    char other[128];
    snprintf(other, sizeof other, "%s.moved", fixture->path);
    rename(fixture->path, other);
    assert_false(place_stands(&place, &why));
    assert_says(why, "removed or replaced");
    fclose(fopen(fixture->path, "w"));
    assert_false(place_stands(&place, &why));
    assert_says(why, "removed or replaced");
    rename(other, fixture->path);
    assert_true(place_stands(&place, &why));
    place_leave(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
        IN_FOLDER(test_makes_a_private_file),
        IN_FOLDER(test_wants_a_folder),
        IN_FOLDER(test_lets_one_in),
        IN_FOLDER(test_refuses_a_file_that_others_write),
        IN_FOLDER(test_wants_to_write_in_the_folder),
        IN_FOLDER(test_notices_that_the_file_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
