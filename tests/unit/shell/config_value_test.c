/* Durations, sizes, counts, addresses and the nearest word: what is taken, to which value, and what
 * is not. Every text ends at an unreadable page. */
#include "config/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/guard.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct guard guard;

static struct span place(const char *text)
{
    return guard_place(&guard, span_text(text));
}

static void a_duration_has_a_number_and_a_unit(void **state)
{
    (void)state;
    const struct {
        const char *text;
        bool good;
        uint32_t ms;
        const char *printed; /* NULL: as it was written */
    } cases[] = {
        {"0", true, 0, NULL},
        {"0s", true, 0, "0"},
        {"1ms", true, 1, NULL},
        {"500ms", true, 500, NULL},
        {"2s", true, 2000, NULL},
        {"2000ms", true, 2000, "2s"},
        {"90s", true, 90000, NULL},
        {"5min", true, 300000, NULL},
        {"60min", true, 3600000, "1h"},
        {"168h", true, 604800000, NULL},
        {"0002s", true, 2000, "2s"},
        {"4294967295ms", true, UINT32_MAX, NULL},
        {"4294967296ms", false, 0, NULL}, /* one more than fits */
        {"4294968s", false, 0, NULL},
        {"99999999999999999999s", false, 0, NULL},
        {"", false, 0, NULL},
        {"s", false, 0, NULL},
        {"2", false, 0, NULL}, /* of what? */
        {"2 s", false, 0, NULL},
        {" 2s", false, 0, NULL},
        {"2s ", false, 0, NULL},
        {"-2s", false, 0, NULL},
        {"+2s", false, 0, NULL},
        {"1.5s", false, 0, NULL},
        {"0x10s", false, 0, NULL},
        {"2S", false, 0, NULL},
        {"2m", false, 0, NULL}, /* minutes or milliseconds? */
        {"2sec", false, 0, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t ms = 0;
        assert_int_equal(value_parse_duration(place(cases[i].text), &ms), cases[i].good);
        if (cases[i].good) {
            char printed[VALUE_TEXT_BYTES];
            value_print_duration(printed, ms);
            assert_int_equal(ms, cases[i].ms);
            assert_string_equal(printed, cases[i].printed ? cases[i].printed : cases[i].text);
        }
    }
}

static void a_size_is_in_powers_of_1024(void **state)
{
    (void)state;
    const struct {
        const char *text;
        bool good;
        int64_t bytes;
        const char *printed;
    } cases[] = {
        {"0", true, 0, NULL},
        {"100B", true, 100, NULL},
        {"64kB", true, 65536, NULL},
        {"1024kB", true, 1048576, "1MB"},
        {"1025kB", true, 1049600, NULL},
        {"1MB", true, 1048576, NULL},
        {"3GB", true, INT64_C(3221225472), NULL},
        {"8589934591GB", true, INT64_C(8589934591) << 30, NULL},
        {"8589934592GB", false, 0, NULL}, /* 2 to the 63rd */
        {"9223372036854775807B", true, INT64_MAX, NULL},
        {"9223372036854775808B", false, 0, NULL},
        {"64", false, 0, NULL},
        {"64KB", false, 0, NULL}, /* PostgreSQL's units are case-sensitive, too */
        {"64k", false, 0, NULL},
        {"1TB", false, 0, NULL},
        {"", false, 0, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t bytes = 0;
        assert_int_equal(value_parse_bytes(place(cases[i].text), &bytes), cases[i].good);
        if (cases[i].good) {
            char printed[VALUE_TEXT_BYTES];
            value_print_bytes(printed, bytes);
            assert_true(bytes == cases[i].bytes);
            assert_string_equal(printed, cases[i].printed ? cases[i].printed : cases[i].text);
        }
    }
}

static void a_count_is_digits_only(void **state)
{
    (void)state;
    uint32_t count = 0;
    assert_true(value_parse_count(place("0"), &count) && count == 0);
    assert_true(value_parse_count(place("4294967295"), &count) && count == UINT32_MAX);
    const char *const bad[] = {"", "4294967296", "-1", "1.0", "1 ", "ten", "1e3", "0x1"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(value_parse_count(place(bad[i]), &count));
    }
}

static void an_address_is_a_host_and_port_or_a_folder(void **state)
{
    (void)state;
    const struct {
        const char *text;
        bool good, folder;
        const char *host;
        uint16_t port;
    } cases[] = {
        {"127.0.0.1:6432", true, false, "127.0.0.1", 6432},
        {"db-1.example_x:1", true, false, "db-1.example_x", 1},
        {"[::1]:6432", true, false, "::1", 6432},
        {"[2001:db8::ffff:1.2.3.4]:65535", true, false, "2001:db8::ffff:1.2.3.4", 65535},
        {"/run/ddlguard", true, true, "/run/ddlguard", 6432},
        {"/run/ddlguard:7000", true, true, "/run/ddlguard", 7000},
        {"/a:b:7000", true, true, "/a:b", 7000},
        {"", false, false, NULL, 0},
        {":", false, false, NULL, 0},
        {":6432", false, false, NULL, 0},
        {"127.0.0.1", false, false, NULL, 0},
        {"127.0.0.1:", false, false, NULL, 0},
        {"127.0.0.1:0", true, false, "127.0.0.1", 0}, /* any free port */
        {"127.0.0.1:65535", true, false, "127.0.0.1", 65535},
        {"127.0.0.1:65536", false, false, NULL, 0},
        {"*:6432", false, false, NULL, 0},
        {"a b:6432", false, false, NULL, 0},
        {"::1:6432", false, false, NULL, 0}, /* where does the port begin? */
        {"[]:6432", false, false, NULL, 0},
        {"[::1:6432", false, false, NULL, 0},
        {"[localhost]:6432", false, false, NULL, 0},
        {"[::1]", false, false, NULL, 0},
        {"/run/ddlguard:", false, false, NULL, 0},
        {"/run/ddlguard:0", false, false, NULL, 0}, /* a socket's name is not made up */
        {"/run/ddlguard:x", false, false, NULL, 0},
        {"run/ddlguard:6432", false, false, NULL, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct value_address address;
        assert_int_equal(value_parse_address(place(cases[i].text), &address), cases[i].good);
        if (cases[i].good) {
            assert_int_equal(address.folder, cases[i].folder);
            assert_true(span_is(address.host, cases[i].host));
            assert_int_equal(address.port, cases[i].port);
        }
    }
}

/* struct sockaddr_un holds 108 bytes: the folder, "/.s.PGSQL." with five digits, and a NUL. */
static void a_folder_leaves_room_for_the_socket(void **state)
{
    (void)state;
    char folder[94];
    memset(folder, 'a', sizeof folder);
    folder[0] = '/';
    struct value_address address;
    assert_true(value_parse_address(guard_place(&guard, span_of(folder, 92)), &address));
    assert_false(value_parse_address(guard_place(&guard, span_of(folder, 93)), &address));
}

static void a_host_has_no_port_and_no_brackets(void **state)
{
    (void)state;
    const char *const good[] = {"localhost", "10.0.0.1", "::1", "/var/run/postgresql"};
    const char *const bad[] = {"", "localhost:5432", "[::1]", "a b", "user@host", ":::"};
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(value_is_host(place(good[i])));
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(value_is_host(place(bad[i])));
    }
}

static void a_word_with_at_most_two_errors_is_suggested(void **state)
{
    (void)state;
    const char *const words[] = {"ban-drop-column", "ban-drop-table", "lock-timeout", "yes", NULL};
    const char *const none[] = {NULL};
    assert_int_equal(value_find_word(words, "lock-timeout"), 2);
    assert_int_equal(value_find_word(words, "lock-timeou"), -1);
    assert_int_equal(value_find_word(words, ""), -1);
    const struct {
        const char *text, *hint;
    } cases[] = {
        {"ban-drop-colum", "; did you mean ban-drop-column?"},
        {"bandroptable", "; did you mean ban-drop-table?"},
        {"lock_timeouts", "; did you mean lock-timeout?"},
        {"lock-timeout", "; did you mean lock-timeout?"},
        {"timeout", ""}, /* five errors: it may be anything */
        {"", ""},
        {"no", ""}, /* whatever has two letters is two errors away */
    };
    char hint[VALUE_HINT_BYTES];
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(value_write_hint(hint, words, cases[i].text), cases[i].hint);
    }
    assert_string_equal(value_write_hint(hint, none, "x"), "");
    char longest[5000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_string_equal(value_write_hint(hint, words, longest), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duration_has_a_number_and_a_unit),
        cmocka_unit_test(a_size_is_in_powers_of_1024),
        cmocka_unit_test(a_count_is_digits_only),
        cmocka_unit_test(an_address_is_a_host_and_port_or_a_folder),
        cmocka_unit_test(a_folder_leaves_room_for_the_socket),
        cmocka_unit_test(a_host_has_no_port_and_no_brackets),
        cmocka_unit_test(a_word_with_at_most_two_errors_is_suggested),
    };
    guard = guard_new(128);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    guard_free(&guard);
    return failed;
}
