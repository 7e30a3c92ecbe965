/* Which texts are patterns of addresses, and which clients they fit. Every text ends at an
 * unreadable page. */
#include "policy/client_pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/guard.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct guard patterns, clients;

static const char *place(struct guard *guard, const char *text)
{
    return (const char *)guard_place(guard, span_of(text, strlen(text) + 1)).at;
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const good[] = {
        "10.1.2.3", "10.0.0.0/8", "0.0.0.0/0", "::1",   "fd00::/8", "::/0",   "::ffff:10.0.0.0/104",
        "10.*",     "fe80::*",    "unix",      "uni?", "*",        "10.?.0", "10.1.2.3/32",
    };
    static const char *const bad[] = {
        "",
        "localhost",
        "db.example",
        "10.1",
        "10.1.2.3:5432",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0/8",
        "/8",
        "10.0.0.0/08",
        "10.0.0.0/8/8",
        "fd00::/129",
        "fd00::/+8",
        "[::1]",
        "*.example",
        "/tmp/*",
        "10.0.0.0/4294967304",
        "unix ",
        "Unix",
        "10.0.0.*/8",
        "01.2.3.4",
        "::ffff:0:0/95",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/8",
    };
    struct client_pattern pattern;
    for (size_t i = 0; i < COUNT(good); i++) {
        if (!client_pattern_parse(place(&patterns, good[i]), &pattern)) {
            fail_msg("%s is refused", good[i]);
        }
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (client_pattern_parse(place(&patterns, bad[i]), &pattern)) {
            fail_msg("%s is taken", bad[i]);
        }
    }
}

static void a_pattern_fits_the_clients_in_it(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *client;
        bool expected;
    } cases[] = {
        {"10.1.2.3", "10.1.2.3:51234", true},
        {"10.1.2.3", "10.1.2.30:51234", false},
        {"10.1.2.3", "[::ffff:10.1.2.3]:51234", true},
        {"10.0.0.0/8", "10.255.0.1:1", true},
        {"10.0.0.0/8", "11.0.0.1:1", false},
        {"10.1.2.3/8", "10.9.9.9:1", true}, /* bits that do not count may be set */
        {"10.128.0.0/9", "10.128.0.1:1", true},
        {"10.128.0.0/9", "10.127.255.255:1", false},
        {"192.168.4.0/22", "192.168.7.255:1", true},
        {"192.168.4.0/22", "192.168.8.0:1", false},
        {"0.0.0.0/0", "1.2.3.4:1", true},
        {"0.0.0.0/0", "[::1]:1", false},
        {"0.0.0.0/0", "unix", false},
        {"::/0", "[2001:db8::1]:1", true},
        {"::/0", "1.2.3.4:1", false},
        {"::ffff:10.0.0.0/104", "10.2.3.4:1", true},
        {"::1", "[::1]:51234", true},
        {"0:0:0:0:0:0:0:1", "[::1]:51234", true},
        {"fd00::/8", "[fdff::1]:1", true},
        {"fd00::/8", "[fe80::1]:1", false},
        {"fe80::/10", "[fe80::1%eth0]:1", true},
        {"10.1.*", "10.1.2.3:1", true},
        {"10.1.*", "10.11.2.3:1", false},
        {"*.3", "10.1.2.3:1", true}, /* the port is no part of it */
        {"::?", "[::1]:1", true},
        {"unix", "unix", true},
        {"unix", "/tmp/client.sock", true},
        {"unix", "10.1.2.3:1", false},
        {"*", "unix", true},
        {"*", "[::1]:1", true},
        {"*", "", true}, /* nobody knows */
        {"10.0.0.0/8", "", false},
        {"10.0.0.0/8", "?:1", false},
        {"10.0.0.0/8", "[", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct client_pattern pattern;
        assert_true(client_pattern_parse(place(&patterns, cases[i].pattern), &pattern));
        if (client_pattern_matches(&pattern, place(&clients, cases[i].client)) !=
            cases[i].expected) {
            fail_msg("%s against %s", cases[i].pattern, cases[i].client);
        }
    }
}

int main(void)
{
    patterns = guard_new(128);
    clients = guard_new(128);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_pattern_fits_the_clients_in_it),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    guard_free(&patterns);
    guard_free(&clients);
    return failed;
}
