/* Files that are right: what is read from them, and what holds when they are silent. */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy/rule.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct config *load(const char *yaml)
{
    char *why = NULL;
    struct config *config = config_parse("f.yaml", span_text(yaml), &why);
    if (config == NULL) {
        fail_msg("%s", why);
    }
    return config;
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    char *why = NULL;
    assert_null(config_load("/nonexistent/f.yaml", &why));
    assert_string_equal(why, "/nonexistent/f.yaml: cannot be opened: No such file or directory\n");
    free(why);
    assert_null(config_load("/", &why));
    assert_string_equal(why, "/: cannot be read: Is a directory\n");
    free(why);
    assert_null(config_load("/dev/zero", &why));
    assert_string_equal(why, "/dev/zero: expected at most 1048576 bytes; came more\n");
    free(why);
}

static void a_file_on_disk_is_loaded(void **state)
{
    (void)state;
    char path[] = "/tmp/config_load_test.XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    static const char yaml[] = "mode: observe\nledger: {path: here.db}\n";
    assert_int_equal(write(file, yaml, sizeof yaml - 1), sizeof yaml - 1);
    close(file);
    char *why = NULL;
    struct config *config = config_load(path, &why);
    unlink(path);
    assert_non_null(config);
    assert_null(why);
    assert_int_equal(config->settings.mode, MODE_OBSERVE);
    assert_string_equal(config->ledger_path, "here.db");
    config_free(config);
}

/* Sections whose every key is commented out are left behind as keys with nothing. */
static void what_the_file_leaves_out_is_as_by_default(void **state)
{
    (void)state;
    static const char sections[] = "listen:\nupstreams:\nrules:\noverrides:\ntimeouts:\nlimits:\n"
                                   "maintenance:\nledger:\nlog:\n";
    const char *const files[] = {"", "# nothing\n", "---\n", "{}\n", sections};
    for (size_t i = 0; i < COUNT(files); i++) {
        struct config *config = load(files[i]);
        const struct settings settings = settings_default();
        assert_memory_equal(&config->settings.timeouts, &settings.timeouts,
                            sizeof settings.timeouts);
        assert_memory_equal(config->settings.actions, settings.actions, sizeof settings.actions);
        assert_int_equal(config->settings.mode, settings.mode);
        assert_int_equal(config->settings.profile, settings.profile);
        assert_true(config->settings.small_table_bytes == settings.small_table_bytes);
        assert_int_equal(config->listen_count, 1);
        assert_int_equal(config->listen[0].kind, LISTEN_TCP);
        assert_string_equal(config->listen[0].host, "127.0.0.1");
        assert_int_equal(config->listen[0].port, 6432);
        assert_int_equal(config->upstream_count, 1);
        assert_string_equal(config->upstreams[0].database, "*");
        assert_string_equal(config->upstreams[0].host, "127.0.0.1");
        assert_int_equal(config->upstreams[0].port, 5432);
        assert_null(config->upstreams[0].dbname);
        assert_int_equal(config->override_count, 0);
        assert_null(config->maintenance.user);
        assert_true(config->ledger_required);
        assert_string_equal(config->log_level, "info");
        config_free(config);
    }
}

static void every_kind_of_key_is_read(void **state)
{
    (void)state;
    struct config *config = load("listen: [\"0.0.0.0:1\", \"[::1]:2\", /run/d, \"/run/e:3\"]\n"
                                 "upstreams:\n"
                                 "  - {database: shop_?, host: /run/postgresql, port: 5433,\n"
                                 "     sslmode: disable, dbname: shop}\n"
                                 "  - {}\n"
                                 "mode: observe\n"
                                 "profile: strict\n"
                                 "workers: 3\n"
                                 "rules: {unparsed: block, lock-timeout: rewrite}\n"
                                 "timeouts: {lock: 250ms, total: 1h, attempts: 7}\n"
                                 "limits: {inspect: 2MB, parse: 256kB, small_table: 10GB}\n"
                                 "maintenance: {user: guard, password_file: /etc/p, database: d}\n"
                                 "ledger: {path: /l, on_failure: allow}\n"
                                 "log: {level: debug}\n");
    assert_int_equal(config->listen_count, 4);
    assert_string_equal(config->listen[1].host, "::1");
    assert_int_equal(config->listen[1].port, 2);
    assert_int_equal(config->listen[2].kind, LISTEN_UNIX);
    assert_string_equal(config->listen[2].path, "/run/d");
    assert_int_equal(config->listen[2].port, 6432);
    assert_string_equal(config->listen[3].path, "/run/e");
    assert_int_equal(config->listen[3].port, 3);
    assert_int_equal(config->upstream_count, 2);
    assert_string_equal(config->upstreams[0].host, "/run/postgresql");
    assert_int_equal(config->upstreams[0].sslmode, SSLMODE_DISABLE);
    assert_string_equal(config->upstreams[0].dbname, "shop");
    assert_int_equal(config->upstreams[1].sslmode, SSLMODE_PREFER);
    assert_int_equal(config->settings.mode, MODE_OBSERVE);
    assert_int_equal(config->settings.profile, PROFILE_STRICT);
    assert_int_equal(config->workers, 3);
    assert_int_equal(config->settings.actions[rules_find("unparsed")], ACTION_BLOCK);
    assert_int_equal(config->settings.actions[rules_find("lock-timeout")], ACTION_REWRITE);
    assert_int_equal(config->settings.actions[rules_find("too-long")], ACTION_DEFAULT);
    assert_int_equal(config->settings.timeouts.lock_ms, 250);
    assert_int_equal(config->settings.timeouts.total_ms, 3600000);
    assert_int_equal(config->settings.timeouts.attempts, 7);
    assert_int_equal(config->inspect_limit_bytes, 2097152);
    assert_int_equal(config->parse_limit_bytes, 262144);
    assert_true(config->settings.small_table_bytes == INT64_C(10737418240));
    assert_string_equal(config->maintenance.user, "guard");
    assert_false(config->ledger_required);
    assert_string_equal(config->log_level, "debug");
    config_free(config);
}

static void an_override_keeps_what_it_does_not_say(void **state)
{
    (void)state;
    struct config *config = load("overrides:\n"
                                 "  - match: {databases: [staging, \"test_*\"], users: [etl]}\n"
                                 "    mode: observe\n"
                                 "  - match: {tables: [\"audit.*\"], applications: [psql]}\n"
                                 "    profile: strict\n"
                                 "    rules: {lock-timeout: block}\n"
                                 "  - {}\n");
    assert_int_equal(config->override_count, 3);
    const struct override *first = &config->overrides[0], *second = &config->overrides[1];
    assert_int_equal(first->databases_count, 2);
    assert_string_equal(first->databases[1], "test_*");
    assert_int_equal(first->users_count, 1);
    assert_int_equal(first->tables_count, 0);
    assert_true(first->has_mode && !first->has_profile);
    assert_int_equal(first->mode, MODE_OBSERVE);
    assert_true(!second->has_mode && second->has_profile);
    assert_int_equal(second->profile, PROFILE_STRICT);
    assert_string_equal(second->tables[0], "audit.*");
    assert_string_equal(second->applications[0], "psql");
    assert_int_equal(second->actions[rules_find("lock-timeout")], ACTION_BLOCK);
    assert_int_equal(second->actions[rules_find("unparsed")], ACTION_DEFAULT);
    config_free(config);
}

static void the_first_upstream_that_fits_is_taken(void **state)
{
    (void)state;
    struct config *config = load("upstreams:\n"
                                 "  - {database: shop, port: 1}\n"
                                 "  - {database: \"shop*\", port: 2}\n"
                                 "  - {database: \"????\", port: 3}\n");
    const struct {
        const char *database;
        unsigned port; /* 0: none */
    } cases[] = {{"shop", 1}, {"shop_2", 2}, {"test", 3}, {"tests", 0}, {"", 0}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct upstream *upstream = config_upstream(config, span_text(cases[i].database));
        assert_int_equal(upstream == NULL ? 0 : upstream->port, cases[i].port);
    }
    char longest[200];
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "shop", 4);
    assert_int_equal(config_upstream(config, span_of(longest, sizeof longest))->port, 2);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
        cmocka_unit_test(a_file_on_disk_is_loaded),
        cmocka_unit_test(what_the_file_leaves_out_is_as_by_default),
        cmocka_unit_test(every_kind_of_key_is_read),
        cmocka_unit_test(an_override_keeps_what_it_does_not_say),
        cmocka_unit_test(the_first_upstream_that_fits_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
