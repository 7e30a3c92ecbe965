/* One socket: what is kept of an unfinished message, what waits for a peer that takes nothing, and
 * that neither costs memory afterwards. The peer is the other end of a socket pair. */
#include "proxy/net/stream.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct event_base *base;
    struct receive receive;
    struct stream stream;
    int peer;
    short seen; /* what the event has told */
};

static void on_event(evutil_socket_t fd, short what, void *who)
{
    (void)fd;
    struct fixture *fixture = who;
    fixture->seen |= what;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    int ends[2];
    assert_non_null(fixture);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    fixture->base = event_base_new();
    fixture->peer = ends[1];
    assert_true(receive_init(&fixture->receive));
    stream_open(&fixture->stream, fixture->base, ends[0], on_event, fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    stream_close(&fixture->stream);
    stream_close(&fixture->stream); /* twice is fine */
    close(fixture->peer);
    receive_free(&fixture->receive);
    event_base_free(fixture->base);
    free(fixture);
    return 0;
}

static void say(const struct fixture *fixture, const void *bytes, size_t length)
{
    assert_int_equal(write(fixture->peer, bytes, length), length);
}

/* Receives once; what comes must be `expected`, of which all but the first `used` bytes are kept.
 */
static void hear(struct fixture *fixture, const char *expected, size_t used)
{
    struct buffer held;
    struct span all;
    assert_int_equal(stream_receive(&fixture->stream, &fixture->receive, &held, &all), STREAM_DATA);
    assert_true(span_is(all, expected));
    assert_true(stream_keep(&fixture->stream, &held, span_from(all, used)));
}

static void the_rest_of_a_message_comes_before_the_next_bytes(void **state)
{
    struct fixture *fixture = *state;
    say(fixture, "abc", 3);
    hear(fixture, "abc", 1);
    say(fixture, "de", 2);
    hear(fixture, "bcde", 0);
    say(fixture, "f", 1);
    hear(fixture, "bcdef", 5);
    assert_null(fixture->stream.in.at);
    struct buffer held;
    struct span all;
    assert_int_equal(stream_receive(&fixture->stream, &fixture->receive, &held, &all),
                     STREAM_AGAIN);
    assert_true(stream_keep(&fixture->stream, &held, buffer_span(&held)));
}

/* A message of 300,000 bytes that is kept until it is whole: it is collected in one piece. */
static void a_large_message_is_collected_in_one_piece(void **state)
{
    struct fixture *fixture = *state;
    const size_t whole = 300000, piece = 1000;
    uint8_t *bytes = malloc(whole);
    assert_non_null(bytes);
    for (size_t i = 0; i < whole; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (size_t at = 0; at < whole; at += piece) {
        say(fixture, bytes + at, piece);
        struct buffer held;
        struct span all;
        assert_int_equal(stream_receive(&fixture->stream, &fixture->receive, &held, &all),
                         STREAM_DATA);
        assert_true(span_equal(all, span_of(bytes, at + piece)));
        size_t used = at + piece == whole ? whole : 0;
        assert_true(stream_keep(&fixture->stream, &held, span_from(all, used)));
    }
    assert_null(fixture->stream.in.at);
    free(bytes);
}

static void the_receive_buffer_grows_while_reads_fill_it(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t zeros[60000];
    size_t before = fixture->receive.capacity;
    for (int i = 0; i < 3; i++) {
        say(fixture, zeros, sizeof zeros);
        struct buffer held;
        struct span all;
        while (stream_receive(&fixture->stream, &fixture->receive, &held, &all) == STREAM_DATA) {
            assert_true(stream_keep(&fixture->stream, &held, span_of(NULL, 0)));
        }
        assert_true(stream_keep(&fixture->stream, &held, span_of(NULL, 0)));
    }
    assert_int_equal(before, RECEIVE_FIRST_BYTES);
    assert_true(fixture->receive.capacity > sizeof zeros);
    assert_true(fixture->receive.capacity <= RECEIVE_MOST_BYTES);
}

/* Sends until the peer's socket is full, then more. */
static size_t clog_peer(struct fixture *fixture)
{
    size_t sent = 0;
    char block[1000];
    while (!stream_is_clogged(&fixture->stream)) {
        memset(block, 'a' + (int)(sent / sizeof block % 26), sizeof block);
        assert_true(stream_send(&fixture->stream, span_of(block, 300), span_of(block + 300, 700)));
        sent += sizeof block;
    }
    memset(block, 'a' + (int)(sent / sizeof block % 26), sizeof block);
    assert_true(stream_send(&fixture->stream, span_of(NULL, 0), span_of(block, sizeof block)));
    return sent + sizeof block;
}

/* Reads what is there and checks that it goes on where it ended. */
static size_t drain(const struct fixture *fixture, size_t read_so_far)
{
    char block[512];
    ssize_t count;
    while ((count = read(fixture->peer, block, sizeof block)) > 0) {
        for (ssize_t i = 0; i < count; i++, read_so_far++) {
            assert_int_equal(block[i], 'a' + (int)(read_so_far / 1000 % 26));
        }
    }
    return read_so_far;
}

static void what_the_peer_does_not_take_waits_in_order(void **state)
{
    struct fixture *fixture = *state;
    size_t sent = clog_peer(fixture), got = 0;
    stream_finish(&fixture->stream); /* behind all of it */
    while (stream_is_clogged(&fixture->stream)) {
        got = drain(fixture, got);
        fixture->seen = 0;
        stream_arm(&fixture->stream, false);
        event_base_loop(fixture->base, EVLOOP_ONCE);
        assert_int_equal(fixture->seen, EV_WRITE);
        assert_true(stream_flush(&fixture->stream));
    }
    assert_null(fixture->stream.out.at);
    assert_int_equal(drain(fixture, got), sent);
    char byte;
    assert_int_equal(read(fixture->peer, &byte, 1), 0); /* the end, and no error */
}

static void a_peer_that_has_left_is_still_heard(void **state)
{
    struct fixture *fixture = *state;
    say(fixture, "last words", 10);
    close(fixture->peer);
    fixture->peer = -1;
    assert_false(stream_send(&fixture->stream, span_of("x", 1), span_of(NULL, 0)));
    assert_false(stream_send(&fixture->stream, span_of("x", 1), span_of(NULL, 0)));
    assert_false(stream_is_clogged(&fixture->stream));
    hear(fixture, "last words", 10);
    struct buffer held;
    struct span all;
    assert_int_equal(stream_receive(&fixture->stream, &fixture->receive, &held, &all), STREAM_END);
    assert_true(stream_keep(&fixture->stream, &held, buffer_span(&held)));
    assert_true(fixture->stream.at_end);
}

/* Input that nobody wants must not wake the worker again and again; a pause that ends before any
 * comes must cost nothing. */
static void a_paused_stream_is_quiet_until_it_is_wanted_again(void **state)
{
    struct fixture *fixture = *state;
    stream_arm(&fixture->stream, false);
    assert_int_equal(fixture->stream.events, EV_READ); /* not yet */
    say(fixture, "a", 1);
    event_base_loop(fixture->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(fixture->seen, EV_READ);
    stream_pause(&fixture->stream);
    event_base_loop(fixture->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    fixture->seen = 0;
    event_base_loop(fixture->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(fixture->seen, 0);
    stream_arm(&fixture->stream, false);
    event_base_loop(fixture->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(fixture->seen, 0);
    stream_arm(&fixture->stream, true);
    event_base_loop(fixture->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(fixture->seen, EV_READ);
    hear(fixture, "a", 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_rest_of_a_message_comes_before_the_next_bytes),
        TEST(a_large_message_is_collected_in_one_piece),
        TEST(the_receive_buffer_grows_while_reads_fill_it),
        TEST(what_the_peer_does_not_take_waits_in_order),
        TEST(a_peer_that_has_left_is_still_heard),
        TEST(a_paused_stream_is_quiet_until_it_is_wanted_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
