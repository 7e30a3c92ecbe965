/* The configuration in print: what is printed loads as what it was, and the shipped file and the
 * documentation say what the program does. Runs in the root of the repository. */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config/keys.h"
#include "config/outline.h"
#include "config/value.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct config *load(struct span yaml)
{
    char *why = NULL;
    struct config *config = config_parse("f.yaml", yaml, &why);
    if (config == NULL) {
        fail_msg("%s", why);
    }
    return config;
}

static struct buffer print(const struct config *config)
{
    struct buffer out = {0};
    config_print(config, &out);
    assert_false(out.failed);
    return out;
}

static void assert_same(struct span a, struct span b)
{
    if (!span_equal(a, b)) {
        fail_msg("%.*s\nis not\n%.*s", (int)a.length, a.at, (int)b.length, b.at);
    }
}

static void what_is_printed_loads_as_what_it_was(void **state)
{
    (void)state;
    const char *const files[] = {
        "",
        "listen: [\"0.0.0.0:1\", \"[::1]:2\", /run/d, \"/run/e:3\", '/\"\\:4']\n",
        "upstreams: [{database: \"a?*\", host: '::1', port: 9, sslmode: disable, dbname: b}, {}]\n",
        "mode: observe\nprofile: observe\nworkers: 256\n",
        "rules: {unparsed: block, too-long: allow, lock-timeout: warn}\n",
        "overrides: [{match: {users: ['\"', \"\\\\\", \"\\xe9\\u2028\\U0001F418\\x85\"]},\n"
        "             mode: enforce, rules: {unparsed: allow}}, {profile: strict}]\n",
        "overrides: [{match: {addresses: [10.0.0.0/8, '::1', \"10.*\"]}, until: 2026-12-31},\n"
        "            {until: 2026-12-31T18:00:00+02:00}]\ncomment_overrides: {users: [a, "
        "\"b*\"]}\n",
        "timeouts: {lock: 1ms, total: 90s, attempts: 1, backoff: 0, backoff_max: 0}\n",
        "timeouts: {uncommitted_warn: 1h, uncommitted_end: 0}\n",
        "timeouts: {concurrent_lock: 59min, concurrent_total: 168h, connect: 1ms, login: 1h,\n"
        "           shutdown: 0}\n",
        "limits: {connections: 1, inspect: 1GB, parse: 1025B, small_table: 0}\n",
        "maintenance: {user: \"yes\", password_file: ' ', database: \"~\"}\n",
        "ledger: {path: \"a: b #\", on_failure: allow}\nlog: {level: error}\n",
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        struct config *config = load(span_text(files[i]));
        struct buffer first = print(config);
        config_free(config);
        config = load(buffer_span(&first));
        struct buffer second = print(config);
        config_free(config);
        assert_same(buffer_span(&second), buffer_span(&first));
        buffer_free(&first);
        buffer_free(&second);
    }
}

static void the_defaults_print_as_they_are(void **state)
{
    (void)state;
    struct config *config = config_default();
    struct buffer out = print(config);
    const char *const parts[] = {
        "listen:\n  - \"127.0.0.1:6432\"\nupstreams:\n  - database: \"*\"\n"
        "    host: \"127.0.0.1\"\n    port: 5432\n    sslmode: prefer\n    dbname: \"\"\n"
        "mode: enforce\nprofile: guard\nworkers: 0\nrules:\n",
        "\n  lock-timeout: default\n",
        "\noverrides: []\ncomment_overrides:\n  users: []\ntimeouts:\n  lock: 2s\n",
        "\n  total: 5min\n  attempts: 10\n",
    };
    buffer_append_u8(&out, 0);
    for (size_t i = 0; i < COUNT(parts); i++) {
        assert_non_null(strstr((const char *)out.at, parts[i]));
    }
    buffer_free(&out);
    config_free(config);
}

static struct buffer read_file(const char *path)
{
    struct buffer text = {0};
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail_msg("%s cannot be opened", path);
    }
    int byte;
    while ((byte = fgetc(file)) != EOF) {
        buffer_append_u8(&text, (uint8_t)byte);
    }
    fclose(file);
    return text;
}

static void the_shipped_file_is_the_defaults(void **state)
{
    (void)state;
    char *why = NULL;
    struct config *shipped = config_load("config/ddlguard.yaml", &why);
    struct config *defaults = config_default();
    assert_non_null(shipped);
    struct buffer a = print(shipped), b = print(defaults);
    assert_same(buffer_span(&a), buffer_span(&b));
    buffer_free(&a);
    buffer_free(&b);
    config_free(shipped);
    config_free(defaults);
}

/* Every key by its path, also those in keys.h. */
static const char *const paths[] = {"listen",
                                    "upstreams",
                                    "upstreams[0].database",
                                    "upstreams[0].host",
                                    "upstreams[0].port",
                                    "upstreams[0].sslmode",
                                    "upstreams[0].dbname",
                                    "rules",
                                    "overrides",
                                    "comment_overrides.users",
#define KEY(section, key, ...) #key,
                                    CONFIG_TOP_KEYS(KEY)
#undef KEY
#define KEY(section, key, ...) #section "." #key,
#define SECTION(section, KEYS) KEYS(KEY)
                                        CONFIG_SECTIONS(SECTION)
#undef SECTION
#undef KEY
};

static void the_shipped_file_has_every_key(void **state)
{
    (void)state;
    struct buffer yaml = read_file("config/ddlguard.yaml");
    struct complaints complaints = {.file = "config/ddlguard.yaml"};
    struct outline outline;
    assert_true(outline_read(&outline, buffer_span(&yaml), &complaints));
    for (size_t i = 0; i < COUNT(paths); i++) {
        if (outline_find(&outline, paths[i]) == NULL) {
            fail_msg("config/ddlguard.yaml lacks %s", paths[i]);
        }
    }
    outline_free(&outline);
    buffer_free(&yaml);
}

/* The values that a key may have, as its row in the documentation puts them. */
struct range {
    char text[64];
};

static struct range range_duration(int64_t least, int64_t most)
{
    char from[VALUE_TEXT_BYTES], to[VALUE_TEXT_BYTES];
    struct range range;
    value_print_duration(from, (uint32_t)least);
    value_print_duration(to, (uint32_t)most);
    snprintf(range.text, sizeof range.text, "%.20s to %.20s", from, to);
    return range;
}

static struct range range_table_bytes(int64_t least, int64_t most)
{
    char from[VALUE_TEXT_BYTES], to[VALUE_TEXT_BYTES];
    struct range range;
    value_print_bytes(from, least);
    value_print_bytes(to, most);
    snprintf(range.text, sizeof range.text, "%.20s to %.20s", from, to);
    return range;
}
#define range_bytes range_table_bytes

static struct range range_count(int64_t least, int64_t most)
{
    struct range range;
    snprintf(range.text, sizeof range.text, "%d to %d", (int)least, (int)most);
    return range;
}

static struct range range_text(int64_t least, int64_t most)
{
    struct range range;
    snprintf(range.text, sizeof range.text, "%d to %d bytes", (int)least, (int)most);
    return range;
}

static struct range range_words(const char *const *words)
{
    struct range range = {""};
    size_t used = 0;
    for (size_t i = 0; words[i] != NULL && used < sizeof range.text; i++) {
        used += (size_t)snprintf(range.text + used, sizeof range.text - used, "%s%s",
                                 i == 0 ? "" : ", ", words[i]);
    }
    return range;
}
#define range_mode(least, most)       range_words(config_modes)
#define range_profile(least, most)    range_words(config_profiles)
#define range_level(least, most)      range_words(config_levels)
#define range_on_failure(least, most) range_words(config_on_failures)

static void assert_documented(const char *text, const char *path, const char *initial,
                              struct range range)
{
    char row[256];
    snprintf(row, sizeof row, "\n| `%s` | `%s` | %s |", path, initial[0] == '\0' ? "\"\"" : initial,
             range.text);
    if (strstr(text, row) == NULL) {
        fail_msg("docs/configuration.md lacks the row%s", row);
    }
}

static void every_key_is_documented_with_default_and_range(void **state)
{
    (void)state;
    struct buffer doc = read_file("docs/configuration.md");
    buffer_append_u8(&doc, 0);
    const char *text = (const char *)doc.at;
#define KEY(section, key, kind, member, least, most, initial)                                      \
    assert_documented(text, #key, initial, range_##kind(least, most));
    CONFIG_TOP_KEYS(KEY)
#undef KEY
#define KEY(section, key, kind, member, least, most, initial)                                      \
    assert_documented(text, #section "." #key, initial, range_##kind(least, most));
#define SECTION(section, KEYS) KEYS(KEY)
    CONFIG_SECTIONS(SECTION)
#undef SECTION
#undef KEY
    buffer_free(&doc);
}

static void an_override_prints_what_it_says(void **state)
{
    (void)state;
    struct config *config = load(span_text("overrides: [{match: {users: [a, b]}, mode: observe,\n"
                                           "             rules: {unparsed: block}}, {}]\n"));
    struct buffer out = print(config);
    buffer_append_u8(&out, 0);
    assert_non_null(strstr((const char *)out.at, "\noverrides:\n"
                                                 "  - match:\n"
                                                 "      databases: []\n"
                                                 "      users: [\"a\", \"b\"]\n"
                                                 "      applications: []\n"
                                                 "      addresses: []\n"
                                                 "      tables: []\n"
                                                 "    mode: observe\n"
                                                 "    rules:\n"
                                                 "      unparsed: block\n"
                                                 "  - match:\n"
                                                 "      databases: []\n"
                                                 "      users: []\n"
                                                 "      applications: []\n"
                                                 "      addresses: []\n"
                                                 "      tables: []\n"
                                                 "    rules: {}\n"
                                                 "comment_overrides:\n"
                                                 "  users: []\n"
                                                 "timeouts:\n"));
    buffer_free(&out);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_loads_as_what_it_was),
        cmocka_unit_test(the_defaults_print_as_they_are),
        cmocka_unit_test(an_override_prints_what_it_says),
        cmocka_unit_test(the_shipped_file_is_the_defaults),
        cmocka_unit_test(the_shipped_file_has_every_key),
        cmocka_unit_test(every_key_is_documented_with_default_and_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
