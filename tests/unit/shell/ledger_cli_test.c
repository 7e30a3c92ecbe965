/* ddlguard ledger as its users meet it: what it prints where, and its exit codes. */
#include "tests/unit/shell/ledger_fixture.h"

#include <jansson.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/cli/cli.h"

#define WORDS_MAX 12

struct result {
    int code;
    char out[16384], err[8192];
};

static void read_back(FILE *file, char *out, size_t size)
{
    rewind(file);
    out[fread(out, 1, size - 1, file)] = 0;
    fclose(file);
}

/* Runs it in this process with stdout and stderr in files; `words` end with NULL, PATH in them
 * stands for the ledger's path. */
static struct result run_in(const char *path, const char *const *words)
{
    char *argv[WORDS_MAX + 2] = {strdup("ledger")};
    int argc = 1;
    for (; words[argc - 1] != NULL; argc++) {
        argv[argc] = strdup(strcmp(words[argc - 1], "PATH") == 0 ? path : words[argc - 1]);
    }
    struct result result;
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    fflush(stdout);
    fflush(stderr);
    int kept_out = dup(STDOUT_FILENO);
    int kept_err = dup(STDERR_FILENO);
    dup2(fileno(out), STDOUT_FILENO);
    dup2(fileno(err), STDERR_FILENO);
    result.code = cli_ledger(argc, argv);
    fflush(stdout);
    dup2(kept_out, STDOUT_FILENO);
    dup2(kept_err, STDERR_FILENO);
    close(kept_out);
    close(kept_err);
    read_back(out, result.out, sizeof result.out);
    read_back(err, result.err, sizeof result.err);
    for (int i = 0; i < argc; i++) {
        free(argv[i]);
    }
    return result;
}

#define RUN(path, ...) run_in(path, (const char *const[WORDS_MAX]){__VA_ARGS__, NULL})

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("expected \"… %s …\", got \"%s\"", part, text);
    }
}

#define ID(digit) "0199c3f0-0000-7000-8000-00000000000" digit

static struct ledger *write_some(const char *path)
{
    struct ledger *ledger = open_or_fail(path);
    static const char intended[] =
        ",\"tag\":\"CREATE INDEX\",\"database\":\"shop\",\"user\":\"app\",\"application_name\":"
        "\"de\\u001b[31mploy\",\"original_sql\":\"CREATE INDEX i\\n  ON public.orders (a)\","
        "\"executed\":[{\"sql\":\"CREATE INDEX CONCURRENTLY i\\n  ON public.orders (a)\"}],"
        "\"objects\":[{\"action\":\"create\",\"kind\":\"index\",\"schema\":\"public\",\"name\":"
        "\"i\"},{\"action\":\"alter\",\"kind\":\"table\",\"schema\":\"public\",\"name\":"
        "\"orders\"}],\"rules\":[{\"id\":\"require-concurrent-index-creation\",\"action\":"
        "\"rewrite\"}],\"verdict\":\"rewrite\",\"attempts\":1,\"lock_timeout_ms\":2000,"
        "\"times\":{\"intended\":\"2026-11-22T10:34:05.123456Z\"}";
    assert_true(submit_and_wait(ledger, event_line(1, "intended", intended)));
    assert_true(submit_and_wait(ledger, event_line(1, "retry",
                                                   ",\"attempts\":2,\"sqlstate\":"
                                                   "\"55P03\",\"message\":\"timeout\"")));
    assert_true(
        submit_and_wait(ledger, event_line(1, "needs_cleanup", ",\"cleanup\":\"DROP INDEX i\"")));
    assert_true(submit_and_wait(ledger, event_line(1, "committed", "")));
    assert_true(submit_and_wait(ledger, event_line(2, "denied", ",\"database\":\"bank\"")));
    return ledger;
}

static void test_list_for_people(void **state)
{
    const struct fixture *fixture = *state;
    struct ledger *ledger = write_some(fixture->path);
    struct result result = RUN(fixture->path, "list", "--path", "PATH");
    assert_int_equal(result.code, CLI_OK);
    assert_string_equal(result.err, "");
    assert_string_equal(
        result.out,
        "TIME (UTC)               STATE        TAG           OBJECT        USER@DATABASE  "
        "APPLICATION  TRIES  ID                                    STATEMENT\n"
        "-                        denied       -             -             @bank          "
        "-            -      " ID(
            "2") "  -\n"
                 "2026-11-22 10:34:05.123  committed    CREATE INDEX  public.i +1   app@shop       "
                 "de?[31mploy  2      " ID("1") "  CREATE INDEX i ON public.orders (a)\n");
    result = RUN(fixture->path, "list", "--path", "PATH", "--database", "nosuch");
    assert_int_equal(result.code, CLI_OK);
    assert_int_equal(strncmp(result.out, "TIME (UTC)", 10), 0);
    ledger_close(ledger);
}

static void test_list_for_programs(void **state)
{
    const struct fixture *fixture = *state;
    struct ledger *ledger = write_some(fixture->path);
    struct result result = RUN(fixture->path, "list", "--json", "--path", "PATH", "--limit", "1",
                               "--state", "committed", "--since", "2001-01-01");
    assert_int_equal(result.code, CLI_OK);
    json_t *change = json_loads(result.out, 0, NULL);
    assert_int_equal(json_object_size(change), 21);
    assert_string_equal(json_string_value(json_object_get(change, "application_name")),
                        "de\033[31mploy");
    assert_int_equal(json_integer_value(json_object_get(change, "attempts")), 2);
    assert_string_equal(json_string_value(json_object_get(change, "cleanup")), "DROP INDEX i");
    json_decref(change);
    result = RUN(fixture->path, "list", "--json", "--path", "PATH", "--database", "nosuch");
    assert_int_equal(result.code, CLI_OK);
    assert_string_equal(result.out, "");
    ledger_close(ledger);
}

static void test_show(void **state)
{
    const struct fixture *fixture = *state;
    struct ledger *ledger = write_some(fixture->path);
    struct result result = RUN(fixture->path, "show", ID("1"), "--path", "PATH");
    assert_int_equal(result.code, CLI_OK);
    assert_has(result.out, ID("1") "  committed\n");
    assert_has(result.out, "  objects      create index public.i\n"
                           "               alter table public.orders\n");
    assert_has(result.out, "  application  de?[31mploy\n");
    assert_has(result.out, "from the client:\n    CREATE INDEX i\n      ON public.orders (a)\n");
    assert_has(result.out, "to the server:\n    CREATE INDEX CONCURRENTLY i\n");
    assert_has(result.out, "         2  retry        55P03 timeout\n");
    assert_has(result.out, "  clean up     DROP INDEX i\n");
    assert_has(result.out, "         3  needs_cleanup DROP INDEX i\n");
    result = RUN(fixture->path, "show", "--json", "--path", "PATH", ID("1"));
    assert_int_equal(result.code, CLI_OK);
    assert_has(result.out,
               "{\"seq\":1,\"kind\":\"intended\",\"at\":\"2025-10-09T08:53:20.000001Z\"");
    assert_has(result.out, "\n{\"seq\":4,\"kind\":\"committed\"");
    result = RUN(fixture->path, "show", "ffff", "--path", "PATH");
    assert_int_equal(result.code, CLI_FINDINGS);
    assert_string_equal(result.out, "");
    assert_has(result.err, "no change begins with ffff");
    result = RUN(fixture->path, "show", "0199", "--path", "PATH");
    assert_int_equal(result.code, CLI_USAGE);
    assert_string_equal(result.out, "");
    assert_has(result.err, "more than one change id begins with 0199");
    ledger_close(ledger);
}

struct bad_usage {
    const char *words[6];
    const char *says;
};

static void test_bad_usage(void **state)
{
    const struct fixture *fixture = *state;
    static const struct bad_usage usages[] = {
        {{NULL}, "a subcommand is missing"},
        {{"verify"}, "there is no subcommand verify"},
        {{"list", "more"}, "has no use for more"},
        {{"list", "--nosuch"}, "nosuch"},
        {{"list", "--limit", "many"}, "--limit must be a number"},
        {{"list", "--limit", "-1"}, "--limit must be a number"},
        {{"list", "--since", "tomorrow"}, "a time must be like"},
        {{"list", "--state", "done"}, "there is no state done"},
        {{"list", "-f"}, "does not take --follow"},
        {{"list", "--path", "x", "--config", "y"}, "not both"},
        {{"show"}, "needs the id"},
        {{"show", "0199", "--user", "x"}, "takes no filter"},
    };
    for (size_t i = 0; i < sizeof usages / sizeof usages[0]; i++) {
        struct result result = run_in(fixture->path, usages[i].words);
        assert_int_equal(result.code, CLI_USAGE);
        assert_string_equal(result.out, "");
        assert_has(result.err, usages[i].says);
        assert_has(result.err, "usage: ddlguard ledger list");
    }
    struct result help = RUN(fixture->path, "--help");
    assert_int_equal(help.code, CLI_OK);
    assert_has(help.out, "usage: ddlguard ledger list");
}

static void test_unreadable_ledger(void **state)
{
    const struct fixture *fixture = *state;
    struct result result = RUN(fixture->path, "list", "--path", "PATH");
    assert_int_equal(result.code, CLI_USAGE);
    assert_has(result.err, "cannot read the ledger");
    assert_has(result.err, fixture->path);
    result = RUN(fixture->path, "list", "--config", "PATH");
    assert_int_equal(result.code, CLI_USAGE);
    assert_has(result.err, fixture->path);
}

static void test_path_from_the_configuration(void **state)
{
    const struct fixture *fixture = *state;
    ledger_close(write_some(fixture->path));
    char config[128];
    snprintf(config, sizeof config, "%s/config.yaml", fixture->folder);
    FILE *file = fopen(config, "w");
    fprintf(file, "ledger: {path: %s}\n", fixture->path);
    fclose(file);
    struct result result = run_in(config, (const char *const[]){"list", "--config", "PATH", NULL});
    assert_string_equal(result.err, "");
    assert_int_equal(result.code, CLI_OK);
    assert_has(result.out, ID("1"));
}

static void test_tail(void **state)
{
    const struct fixture *fixture = *state;
    struct ledger *ledger = write_some(fixture->path);
    struct result result = RUN(fixture->path, "tail", "--json", "--path", "PATH", "--limit", "1");
    assert_int_equal(result.code, CLI_OK);
    assert_has(result.out, ID("2"));
    assert_null(strstr(result.out, ID("1")));
    ledger_close(ledger);
}

/* One line from a pipe, within the alarm's time. */
static void expect_line(FILE *from, const char *part)
{
    char line[4096];
    alarm(10);
    assert_non_null(fgets(line, sizeof line, from));
    alarm(0);
    assert_has(line, part);
}

static void test_tail_follows(void **state)
{
    const struct fixture *fixture = *state;
    struct ledger *ledger = write_some(fixture->path);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        char *argv[] = {strdup("ledger"),      strdup("tail"),   strdup("-f"), strdup("--path"),
                        strdup(fixture->path), strdup("--json"), NULL};
        _exit(cli_ledger(6, argv));
    }
    close(ends[1]);
    FILE *from = fdopen(ends[0], "r");
    expect_line(from, ID("1")); /* oldest first */
    expect_line(from, ID("2"));
    assert_true(submit_and_wait(ledger, event_line(3, "intended", "")));
    expect_line(from, "\"change_id\":\"" ID("3") "\",\"state\":\"intended\"");
    assert_true(submit_and_wait(ledger, event_line(3, "rolled_back", "")));
    expect_line(from, "\"change_id\":\"" ID("3") "\",\"state\":\"rolled_back\"");
    kill(child, SIGINT);
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(fgetc(from), EOF); /* nothing was said twice */
    fclose(from);
    ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
        IN_FOLDER(test_list_for_people),
        IN_FOLDER(test_list_for_programs),
        IN_FOLDER(test_show),
        IN_FOLDER(test_bad_usage),
        IN_FOLDER(test_unreadable_ledger),
        IN_FOLDER(test_path_from_the_configuration),
        IN_FOLDER(test_tail),
        IN_FOLDER(test_tail_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
