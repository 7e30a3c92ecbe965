/* Every way for a configuration to be wrong, with the exact words that the administrator reads.
 * Rules are asked for by their ids in rules.c, which here stand for any rule. */
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Each text is loaded, refused, and explained with these lines. */
struct wrong {
    const char *yaml;
    const char *why;
};

static void assert_refused(const struct wrong *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *why = NULL;
        struct config *config = config_parse("f.yaml", span_text(cases[i].yaml), &why);
        assert_null(config);
        assert_non_null(why);
        assert_string_equal(why, cases[i].why);
        free(why);
    }
}

static void what_is_no_yaml_is_refused_with_its_line(void **state)
{
    (void)state;
    const struct wrong cases[] = {
        {"mode: \"enforce\nprofile: guard\n",
         "f.yaml:3: found unexpected end of stream while scanning a quoted scalar that began on "
         "line 1\n"},
        {"mode: observe\nlog: {level: info\n",
         "f.yaml:3: did not find expected ',' or '}' while parsing a flow mapping that began on "
         "line 2\n"},
        {"mode: observe\n profile: guard\n",
         "f.yaml:2: mapping values are not allowed in this context\n"},
        {"mode: observe\n\nprofile: \xff\n", "f.yaml:3: invalid leading UTF-8 octet\n"},
    };
    assert_refused(cases, COUNT(cases));
}

static void yaml_that_no_configuration_needs_is_refused(void **state)
{
    (void)state;
    const struct wrong cases[] = {
        {"mode: &m observe\nprofile: *m\n",
         "f.yaml:2: expected a value; came an alias: write the value out\n"},
        {"---\nmode: observe\n---\nmode: enforce\n",
         "f.yaml:3: expected one document; came another\n"},
        {"mode: observe\n? [a]\n: b\n", "f.yaml:2: expected a key; came a list or a mapping\n"},
        {"ledger:\n  path: \"/a\\0b\"\n",
         "f.yaml:2: expected one line of text; came a control character\n"},
        {"listen: [[[[[[[[[1]]]]]]]]]\n", "f.yaml:1: expected at most eight levels; came more\n"},
    };
    assert_refused(cases, COUNT(cases));
}

static void a_key_that_there_is_not_is_refused_with_the_nearest(void **state)
{
    (void)state;
    const struct wrong cases[] = {
        {"\nmodus: observe\n", "f.yaml:2: modus: there is no such key; did you mean mode?\n"},
        {"timeouts:\n  lock: 1s\n  totl: 3s\n",
         "f.yaml:3: timeouts.totl: there is no such key; did you mean total?\n"},
        {"upstreams:\n  - host: a\n  - host: b\n    prot: 1\n",
         "f.yaml:4: upstreams[1].prot: there is no such key; did you mean port?\n"},
        {"rules: {lock-timeouts: warn}\n",
         "f.yaml:1: rules.lock-timeouts: there is no such key; did you mean lock-timeout?\n"},
        {"overrides:\n  - match:\n      user: [a]\n",
         "f.yaml:3: overrides[0].match.user: there is no such key; did you mean users?\n"},
        {"overrides:\n  - rules:\n      tolong: warn\n",
         "f.yaml:3: overrides[0].rules.tolong: there is no such key; did you mean too-long?\n"},
        {"timeouts.lock: 2s\nledger: {paht: /x}\n", /* all of them, not only the first */
         "f.yaml:1: timeouts.lock: there is no such key\n"
         "f.yaml:2: ledger.paht: there is no such key; did you mean path?\n"},
    };
    assert_refused(cases, COUNT(cases));
}

static void a_key_that_comes_twice_is_refused(void **state)
{
    (void)state;
    const struct wrong cases[] = {
        {"mode: observe\nprofile: guard\nmode: enforce\n",
         "f.yaml:3: mode: the key is here for the second time\n"},
        {"upstreams:\n  - {port: 1, host: a, port: 2}\n",
         "f.yaml:2: upstreams[0].port: the key is here for the second time\n"},
        {"rules:\n  unparsed: warn\n  unparsed: allow\n",
         "f.yaml:3: rules.unparsed: the key is here for the second time\n"},
    };
    assert_refused(cases, COUNT(cases));
}

static void a_value_of_the_wrong_shape_is_refused(void **state)
{
    (void)state;
    const struct wrong cases[] = {
        {"- mode\n", "f.yaml:1: expected a mapping of keys; came a list\n"},
        {"mode\n", "f.yaml:1: expected a mapping of keys; came a single value\n"},
        {"mode: [observe]\n", "f.yaml:1: mode: expected a single value; came a list\n"},
        {"mode: {observe: yes}\n",
         "f.yaml:1: mode: expected a single value; came a mapping of keys\n"},
        {"listen: 127.0.0.1:6432\n", "f.yaml:1: listen: expected a list; came a single value\n"},
        {"listen:\n  - a:1\n  - b: 1\n",
         "f.yaml:3: listen[1]: expected a single value; came a mapping of keys\n"},
        {"\ntimeouts: 2s\n",
         "f.yaml:2: timeouts: expected a mapping of keys; came a single value\n"},
        {"upstreams: {host: a}\n",
         "f.yaml:1: upstreams: expected a list; came a mapping of keys\n"},
        {"upstreams:\n  -\n", "f.yaml:2: upstreams[0]: expected a mapping of keys; came nothing\n"},
        {"rules: [unparsed]\n", "f.yaml:1: rules: expected a mapping of keys; came a list\n"},
        {"overrides:\n  - match: {tables: audit}\n",
         "f.yaml:2: overrides[0].match.tables: expected a list; came a single value\n"},
    };
    assert_refused(cases, COUNT(cases));
}

static void a_value_that_means_nothing_is_refused(void **state)
{
    (void)state;
    const struct wrong cases[] = {
        {"mode: enforced\n",
         "f.yaml:1: mode: expected observe or enforce; came \"enforced\"; did you mean enforce?\n"},
        {"mode:\n", "f.yaml:1: mode: expected observe or enforce; came \"\"\n"},
        {"profile: Guard\n", "f.yaml:1: profile: expected observe, guard or strict; came "
                             "\"Guard\"; did you mean guard?\n"},
        {"timeouts:\n  attempts: 3\n  lock: 2\n",
         "f.yaml:3: timeouts.lock: expected a duration from 1ms to 1h, such as 500ms, 2s, 5min or "
         "1h; came \"2\"\n"},
        {"timeouts: {lock: 0}\n",
         "f.yaml:1: timeouts.lock: expected a duration from 1ms to 1h, such as 500ms, 2s, 5min or "
         "1h; came \"0\"\n"},
        {"timeouts: {attempts: 1001}\n",
         "f.yaml:1: timeouts.attempts: expected a whole number from 1 to 1000; came \"1001\"\n"},
        {"limits:\n  parse: 257kB\n", "f.yaml:2: limits.parse: expected a size from 1kB to 256kB, "
                                      "such as 64kB, 1MB or 2GB; came "
                                      "\"257kB\"\n"},
        {"limits: {connections: many}\n", "f.yaml:1: limits.connections: expected a whole number "
                                          "from 1 to 1000000; came \"many\"\n"},
        {"ledger: {path: \"\"}\n",
         "f.yaml:1: ledger.path: expected a text of 1 to 4095 bytes; came 0 bytes\n"},
        {"ledger: {on_failure: ignore}\n",
         "f.yaml:1: ledger.on_failure: expected allow or refuse; came \"ignore\"\n"},
        {"log: {level: trace}\n",
         "f.yaml:1: log.level: expected error, warn, info or debug; came \"trace\"\n"},
        {"workers: 257\n",
         "f.yaml:1: workers: expected a whole number from 0 to 256; came \"257\"\n"},
    };
    assert_refused(cases, COUNT(cases));
}

#define ADDRESS                                                                                    \
    "expected HOST:PORT, [IPV6]:PORT, or the folder of a unix socket as /FOLDER or /FOLDER:PORT; " \
    "came "

static void an_address_that_is_none_is_refused(void **state)
{
    (void)state;
    const struct wrong cases[] = {
        {"listen:\n  - 127.0.0.1:6432\n  - ::1:6432\n",
         "f.yaml:3: listen[1]: " ADDRESS "\"::1:6432\"\n"},
        {"listen: []\n", "f.yaml:1: listen: expected at least one entry; came an empty list\n"},
        {"upstreams: []\n",
         "f.yaml:1: upstreams: expected at least one entry; came an empty list\n"},
        {"upstreams:\n  - host: localhost:5432\n",
         "f.yaml:2: upstreams[0].host: expected a host's name or number (without port), or the "
         "folder of a unix socket; came \"localhost:5432\"\n"},
        {"upstreams:\n  - host: a\n    port: 65536\n",
         "f.yaml:3: upstreams[0].port: expected a whole number from 1 to 65535; came \"65536\"\n"},
        {"upstreams:\n  - database: \"\"\n",
         "f.yaml:2: upstreams[0].database: expected a text of 1 to 63 bytes; came 0 bytes\n"},
        {"upstreams:\n  - host: a\n  - {host: b, database: shop}\n",
         "f.yaml:3: upstreams[1]: expected to be reached; came behind upstreams[0], which takes "
         "every database\n"},
    };
    assert_refused(cases, COUNT(cases));
}

#define NO_TLS                                                                                     \
    "f.yaml:1: upstreams[0].sslmode: expected disable or prefer: TLS to the server is not "        \
    "available yet, and plain text is not what "

static void tls_is_never_silently_plain_text(void **state)
{
    (void)state;
    const struct wrong cases[] = {
        {"upstreams: [{sslmode: require}]\n", NO_TLS "require asks for\n"},
        {"upstreams: [{sslmode: verify-ca}]\n", NO_TLS "verify-ca asks for\n"},
        {"upstreams: [{sslmode: verify-full}]\n", NO_TLS "verify-full asks for\n"},
        {"upstreams: [{sslmode: allow}]\n",
         "f.yaml:1: upstreams[0].sslmode: expected disable or prefer; came \"allow\"\n"},
    };
    assert_refused(cases, COUNT(cases));
}

static void an_action_fits_its_rule(void **state)
{
    (void)state;
    const struct wrong cases[] = {
        {"rules:\n  unparsed: deny\n",
         "f.yaml:2: rules.unparsed: expected default, allow, warn, rewrite or block; came "
         "\"deny\"\n"},
        {"rules:\n  too-long: rewrite\n",
         "f.yaml:2: rules.too-long: expected allow, warn or block: this rule has no rewrite\n"},
        {"overrides:\n  - rules:\n      unparsed: default\n", /* there it would mean: no override */
         "f.yaml:3: overrides[0].rules.unparsed: expected allow, warn, rewrite or block; came "
         "\"default\"\n"},
        {"overrides:\n  - mode: off\n    profile: on\n",
         "f.yaml:2: overrides[0].mode: expected observe or enforce; came \"off\"\n"
         "f.yaml:3: overrides[0].profile: expected observe, guard or strict; came \"on\"\n"},
    };
    assert_refused(cases, COUNT(cases));
}

#define NO_ADDRESS                                                                                 \
    "expected an address, a network such as 10.0.0.0/8, a pattern such as 10.1.*, or unix; came "

static void an_override_that_can_never_match_is_refused(void **state)
{
    (void)state;
    const struct wrong cases[] = {
        {"overrides:\n  - match:\n      databases: [a, \"\"]\n",
         "f.yaml:3: overrides[0].match.databases[1]: expected a pattern, which no empty text is; "
         "came \"\"\n"},
        {"overrides:\n  - match: {users: [\"\"]}\n",
         "f.yaml:2: overrides[0].match.users[0]: expected a pattern, which no empty text is; came "
         "\"\"\n"},
        {"overrides:\n  - match:\n      tables:\n        - a.b\n        - a.b.c\n",
         "f.yaml:5: overrides[0].match.tables[1]: expected TABLE or SCHEMA.TABLE; came "
         "\"a.b.c\"\n"},
        {"overrides: [{match: {tables: [.b]}}]\n",
         "f.yaml:1: overrides[0].match.tables[0]: expected TABLE or SCHEMA.TABLE; came \".b\"\n"},
        {"overrides: [{match: {tables: [a.]}}]\n",
         "f.yaml:1: overrides[0].match.tables[0]: expected TABLE or SCHEMA.TABLE; came \"a.\"\n"},
        {"overrides: [{match: {tables: [\"\"]}}]\n",
         "f.yaml:1: overrides[0].match.tables[0]: expected TABLE or SCHEMA.TABLE; came \"\"\n"},
        {"overrides:\n  - {}\n  - match: {addresses: [10.0.0.1, db.example]}\n",
         "f.yaml:3: overrides[1].match.addresses[1]: " NO_ADDRESS "\"db.example\"\n"},
        {"overrides:\n  - until: 2026-02-30\n",
         "f.yaml:2: overrides[0].until: expected a day or a time, such as 2026-12-31, "
         "2026-12-31T18:00:00Z or 2026-12-31T18:00:00+02:00; came \"2026-02-30\"\n"},
        {"comment_overrides: {users: [\"\"]}\n",
         "f.yaml:1: comment_overrides.users[0]: expected a pattern, which no empty text is; came "
         "\"\"\n"},
    };
    assert_refused(cases, COUNT(cases));
}

#define NO_DIFFERENCE                                                                              \
    "f.yaml:1: overrides[0]: expected to make a difference; came before overrides[1], which "      \
    "matches the same and sets all that this one sets\n"

static void an_override_that_a_later_one_takes_back_is_refused(void **state)
{
    (void)state;
    const struct wrong cases[] = {
        {"overrides: [{profile: strict}, {profile: guard, mode: observe}]\n", NO_DIFFERENCE},
        {"overrides: [{match: {users: [a]}, rules: {unparsed: warn}},\n"
         "            {match: {users: [a]}, rules: {unparsed: block, too-long: warn}}]\n",
         NO_DIFFERENCE},
        {"overrides: [{until: 2030-01-01, mode: observe}, {mode: enforce}]\n", NO_DIFFERENCE},
        {"overrides: [{match: {addresses: [unix]}}, {match: {addresses: [unix]}}]\n",
         NO_DIFFERENCE},
    };
    assert_refused(cases, COUNT(cases));
    static const char *const good[] = {
        "overrides: [{mode: observe}, {profile: guard}]\n",
        "overrides: [{mode: observe}, {mode: enforce, until: 2030-01-01}]\n",
        "overrides: [{match: {users: [a]}, mode: observe}, {match: {users: [b]}, mode: enforce}]\n",
        "overrides: [{match: {tables: [a]}, mode: observe}, {match: {}, mode: enforce}]\n",
        "overrides: [{rules: {unparsed: warn}}, {rules: {too-long: warn}}]\n",
        "overrides: [{match: {applications: [\"\"]}, mode: observe}]\n", /* there are such */
        "overrides: [{until: 2001-01-01, mode: observe}]\n", /* the proxy must start none the less
                                                              */
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        char *why = NULL;
        struct config *config = config_parse("f.yaml", span_text(good[i]), &why);
        assert_non_null(config);
        config_free(config);
    }
}

static void an_override_that_is_over_is_warned_about(void **state)
{
    (void)state;
    const char *yaml = "overrides:\n"
                       "  - {mode: observe}\n"
                       "  - mode: observe\n"
                       "    until: 2026-12-31\n"
                       "  - {mode: observe, until: 2026-12-31T12:00:00Z, match: {users: [a]}}\n";
    const struct {
        uint64_t wall_s; /* since 1970 */
        const char *expected;
    } cases[] = {
        {1798718399, ""},
        {1798718400, "f.yaml:5: overrides[2]: it is over (until 2026-12-31T12:00:00Z), and holds "
                     "no longer\n"},
        {1798761600, "f.yaml:3: overrides[1]: it is over (until 2026-12-31), and holds no longer\n"
                     "f.yaml:5: overrides[2]: it is over (until 2026-12-31T12:00:00Z), and holds "
                     "no longer\n"},
    };
    char *why = NULL;
    struct config *config = config_parse("f.yaml", span_text(yaml), &why);
    assert_null(why);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buffer out = {0};
        config_warn(config, "f.yaml", cases[i].wall_s * 1000000, &out);
        buffer_append_u8(&out, 0);
        assert_string_equal((const char *)out.at, cases[i].expected);
        buffer_free(&out);
    }
    config_free(config);
}

static void keys_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    const struct wrong cases[] = {
        {"limits:\n  inspect: 32kB\n",
         "f.yaml:2: limits.inspect: expected at least limits.parse, which is 64kB; came 32kB\n"},
        {"timeouts:\n  backoff: 5s\n  backoff_max: 1s\n",
         "f.yaml:3: timeouts.backoff_max: expected at least timeouts.backoff, which is 5s; came "
         "1s\n"},
        {"timeouts:\n  backoff: 1min\n", /* the one that is in the file has the line */
         "f.yaml:2: timeouts.backoff: expected at most timeouts.backoff_max, which is 30s; came "
         "1min\n"},
        {"timeouts: {total: 1s}\n",
         "f.yaml:1: timeouts.total: expected at least timeouts.lock, which is 2s; came 1s\n"},
        {"timeouts: {concurrent_total: 1s}\n", "f.yaml:1: timeouts.concurrent_total: expected at "
                                               "least timeouts.concurrent_lock, which is "
                                               "5s; came 1s\n"},
        {"timeouts: {uncommitted_warn: 1h}\n", "f.yaml:1: timeouts.uncommitted_warn: expected at "
                                               "most timeouts.uncommitted_end, which is "
                                               "5min; came 1h\n"},
        {"maintenance: {password_file: /p}\n",
         "f.yaml:1: maintenance.password_file: expected maintenance.user with it; came alone\n"},
    };
    assert_refused(cases, COUNT(cases));
}

static void a_file_with_countless_faults_is_not_quoted_in_full(void **state)
{
    (void)state;
    struct buffer yaml = {0};
    for (int i = 0; i < 1000; i++) {
        buffer_append_format(&yaml, "key%d: 1\n", i);
    }
    char *why = NULL;
    assert_null(config_parse("f.yaml", buffer_span(&yaml), &why));
    assert_non_null(strstr(why, "f.yaml:20: key19: there is no such key"));
    assert_null(strstr(why, "key20"));
    assert_non_null(strstr(why, "f.yaml: and 980 more\n"));
    free(why);
    buffer_free(&yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_yaml_is_refused_with_its_line),
        cmocka_unit_test(yaml_that_no_configuration_needs_is_refused),
        cmocka_unit_test(a_key_that_there_is_not_is_refused_with_the_nearest),
        cmocka_unit_test(a_key_that_comes_twice_is_refused),
        cmocka_unit_test(a_value_of_the_wrong_shape_is_refused),
        cmocka_unit_test(a_value_that_means_nothing_is_refused),
        cmocka_unit_test(an_address_that_is_none_is_refused),
        cmocka_unit_test(tls_is_never_silently_plain_text),
        cmocka_unit_test(an_action_fits_its_rule),
        cmocka_unit_test(an_override_that_can_never_match_is_refused),
        cmocka_unit_test(an_override_that_a_later_one_takes_back_is_refused),
        cmocka_unit_test(an_override_that_is_over_is_warned_about),
        cmocka_unit_test(keys_that_contradict_each_other_are_refused),
        cmocka_unit_test(a_file_with_countless_faults_is_not_quoted_in_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
