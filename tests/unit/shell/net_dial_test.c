/* Dialling, against sockets of our own on the loopback: what works gives a connected socket, what
 * does not gives a sentence with the address, in bounded time. And the mailbox that answers of
 * the resolver come through. */
#include "proxy/net/dial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "proxy/net/resolver.h"

struct fixture {
    struct proxy proxy;
    struct worker *worker;
    bool done;
    int fd;
    char peer[ADDRESS_TEXT_BYTES];
    char why[256];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    char *why = NULL;
    assert_non_null(fixture);
    fixture->proxy.resolver = resolver_new(&why);
    assert_non_null(fixture->proxy.resolver);
    fixture->worker = worker_new(&fixture->proxy, 1, &why);
    assert_non_null(fixture->worker);
    fixture->fd = -1;
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->fd >= 0) {
        close(fixture->fd);
    }
    resolver_free(fixture->proxy.resolver);
    worker_free(fixture->worker);
    free(fixture);
    return 0;
}

static void on_done(void *who, int fd, const struct address *address, struct span why)
{
    struct fixture *fixture = who;
    assert_false(fixture->done);
    fixture->done = true;
    fixture->fd = fd;
    if (fd >= 0) {
        address_text(address, fixture->peer);
    }
    snprintf(fixture->why, sizeof fixture->why, "%.*s", (int)why.length, (const char *)why.at);
}

static void wait_until_done(struct fixture *fixture)
{
    assert_false(fixture->done); /* never from within dial_host */
    while (!fixture->done) {
        event_base_loop(fixture->worker->base, EVLOOP_ONCE);
    }
}

static int listen_on(struct address *address, int backlog)
{
    int fd = socket(address->at.ss_family, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address->at, address->length), 0);
    assert_int_equal(listen(fd, backlog), 0);
    address->length = sizeof address->at;
    getsockname(fd, (struct sockaddr *)&address->at, &address->length);
    return fd;
}

static void a_server_is_reached_by_number_and_by_name(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    struct fixture *fixture = *state;
    struct address address;
    assert_true(address_numeric(&address, "127.0.0.1", 0));
    int server = listen_on(&address, 4);
    char expected[ADDRESS_TEXT_BYTES];
    address_text(&address, expected);
    for (size_t i = 0; i < 2; i++) {
        fixture->done = false;
        assert_non_null(
            dial_host(fixture->worker, hosts[i], address_port(&address), 5000, on_done, fixture));
        wait_until_done(fixture);
        assert_true(fixture->fd >= 0);
        assert_string_equal(fixture->peer, expected);
        close(fixture->fd);
        fixture->fd = -1;
    }
    close(server);
}

static void a_server_is_reached_over_its_unix_socket(void **state)
{
    struct fixture *fixture = *state;
    char folder[] = "/tmp/dial_test.XXXXXX";
    assert_non_null(mkdtemp(folder));
    struct address address;
    assert_true(address_unix(&address, folder, 5432));
    int server = listen_on(&address, 4);
    assert_non_null(dial_host(fixture->worker, folder, 5432, 5000, on_done, fixture));
    wait_until_done(fixture);
    assert_true(fixture->fd >= 0);
    close(server);
    char path[ADDRESS_TEXT_BYTES];
    address_text(&address, path);
    assert_string_equal(fixture->peer, path);
    unlink(path);
    rmdir(folder);
}

static void what_cannot_be_reached_is_named(void **state)
{
    static const struct {
        const char *host, *why;
    } rows[] = {
        {"127.0.0.1", "127.0.0.1:1: Connection refused"},
        {"/nonexistent", "/nonexistent/.s.PGSQL.1: No such file or directory"},
        {"/a/folder/whose/path/is/longer/than/the/hundred/and/seven/bytes/that/the/kernel/"
         "takes/for/the/path/of/a/unix/socket",
         "/a/folder/whose/path/is/longer/than/the/hundred/and/seven/bytes/that/the/kernel/"
         "takes/for/the/path/of/a/unix/socket/.s.PGSQL.1: the path is too long"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fixture->done = false;
        assert_non_null(dial_host(fixture->worker, rows[i].host, 1, 5000, on_done, fixture));
        wait_until_done(fixture);
        assert_int_equal(fixture->fd, -1);
        assert_string_equal(fixture->why, rows[i].why);
    }
}

/* A backlog that is full swallows connections as a firewall does. */
static void a_server_that_does_not_answer_is_given_up(void **state)
{
    struct fixture *fixture = *state;
    struct address address;
    assert_true(address_numeric(&address, "127.0.0.1", 0));
    int server = listen_on(&address, 0), fillers[4];
    for (size_t i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        int result = connect(fillers[i], (const struct sockaddr *)&address.at, address.length);
        (void)result;
    }
    assert_non_null(dial_address(fixture->worker, &address, 100, on_done, fixture));
    wait_until_done(fixture);
    assert_int_equal(fixture->fd, -1);
    assert_non_null(strstr(fixture->why, ": Connection timed out"));
    for (size_t i = 0; i < 4; i++) {
        close(fillers[i]);
    }
    close(server);
}

/* In every state: not started, connecting, waiting for the resolver. */
static void a_dial_that_is_given_up_tells_nobody(void **state)
{
    struct fixture *fixture = *state;
    dial_cancel(dial_host(fixture->worker, "127.0.0.1", 1, 5000, on_done, fixture));
    dial_cancel(dial_host(fixture->worker, "localhost", 1, 5000, on_done, fixture));
    struct dial *waiting = dial_host(fixture->worker, "localhost", 1, 5000, on_done, fixture);
    usleep(50000); /* the answers are in the mailbox by now, or come later: both must be harmless */
    dial_cancel(waiting);
    dial_cancel(NULL);
    for (int i = 0; i < 10; i++) {
        event_base_loop(fixture->worker->base, EVLOOP_NONBLOCK);
        usleep(5000);
    }
    assert_false(fixture->done);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_server_is_reached_by_number_and_by_name),
        TEST(a_server_is_reached_over_its_unix_socket),
        TEST(what_cannot_be_reached_is_named),
        TEST(a_server_that_does_not_answer_is_given_up),
        TEST(a_dial_that_is_given_up_tells_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
