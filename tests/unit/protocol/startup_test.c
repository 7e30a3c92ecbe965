/* Start-up packets: every kind both ways, every kind of lie in them. */
#include "protocol/startup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/frame.h"
#include "tests/unit/guard.h"

/* A literal, with the NULs in it but without the one that C adds. */
#define BYTES(literal) span_of(literal, sizeof(literal) - 1)

/* Version 3.0. */
#define V3 "\0\3\0\0"

static struct span body_of(const struct buffer *packet)
{
    struct frame frame = {0};
    assert_int_equal(frame_peek_startup(buffer_span(packet), &frame), FRAME_READY);
    assert_int_equal(frame.length, packet->length);
    return frame_body(frame, buffer_span(packet));
}

static void packets_survive_both_ways(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct span parameters = BYTES("user\0alice\0database\0app\0options\0\0");
    startup_encode(&out, 3 << 16 | 2, parameters);
    struct startup startup = startup_decode(body_of(&out));
    assert_int_equal(startup.kind, STARTUP_MESSAGE);
    assert_int_equal(startup.version, 3 << 16 | 2);
    assert_true(span_equal(startup.parameters, parameters));

    buffer_reset(&out);
    startup_encode(&out, 3 << 16, (struct span){0});
    startup = startup_decode(body_of(&out));
    assert_int_equal(startup.kind, STARTUP_MESSAGE);
    assert_int_equal(startup.parameters.length, 0);

    buffer_reset(&out);
    startup_encode_ssl(&out);
    assert_true(span_equal(buffer_span(&out), BYTES("\0\0\0\x08\x04\xd2\x16\x2f")));
    assert_int_equal(startup_decode(body_of(&out)).kind, STARTUP_SSL);

    buffer_reset(&out);
    startup_encode_gssenc(&out);
    assert_true(span_equal(buffer_span(&out), BYTES("\0\0\0\x08\x04\xd2\x16\x30")));
    assert_int_equal(startup_decode(body_of(&out)).kind, STARTUP_GSSENC);
    buffer_free(&out);
}

static void cancel_keys_have_4_to_256_bytes(void **state)
{
    (void)state;
    uint8_t key[300] = {0xff, 0, 1};
    for (size_t length = 0; length <= sizeof key; length++) {
        struct buffer out = {0};
        startup_encode_cancel(&out, 0xfffffffe, span_of(key, length));
        struct startup startup = startup_decode(body_of(&out));
        if (length < CANCEL_KEY_MIN || length > CANCEL_KEY_MAX) {
            assert_int_equal(startup.kind, STARTUP_BAD);
        } else {
            assert_int_equal(startup.kind, STARTUP_CANCEL);
            assert_int_equal(startup.pid, 0xfffffffe);
            assert_true(span_equal(startup.key, span_of(key, length)));
        }
        buffer_free(&out);
    }
}

static void bodies_have_the_kind_they_have(void **state)
{
    (void)state;
    const struct {
        struct span body;
        enum startup_kind expected;
    } cases[] = {
        {BYTES(V3 "\0"), STARTUP_MESSAGE},
        {BYTES("\0\3\x27\x0f\0"), STARTUP_MESSAGE}, /* 3.9999, which libpq 19 tries */
        {BYTES(V3 "user\0alice\0\0"), STARTUP_MESSAGE},
        {BYTES(V3 "options\0\0\0"), STARTUP_MESSAGE}, /* an empty value */
        {BYTES(V3), STARTUP_BAD},                     /* no NUL at the end */
        {BYTES(V3 "user\0alice\0"), STARTUP_BAD},     /* no NUL at the end of the list */
        {BYTES(V3 "user\0alice"), STARTUP_BAD},
        {BYTES(V3 "user\0\0"), STARTUP_BAD},             /* a name without a value */
        {BYTES(V3 "user\0alice\0\0\0"), STARTUP_BAD},    /* bytes behind the end of the list */
        {BYTES(V3 "\0user\0alice\0\0"), STARTUP_BAD},    /* the same: the first name is empty */
        {BYTES(V3 "\0\0"), STARTUP_BAD},                 /* an empty name, and its empty value? */
        {BYTES("\0\2\0\0whatever"), STARTUP_VERSION},    /* 2.0 */
        {BYTES("\0\4\0\0user\0a\0\0"), STARTUP_VERSION}, /* 4.0 */
        {BYTES("\x04\xd2\x16\x31"), STARTUP_VERSION},    /* next to GSSENCRequest */
        {BYTES("\x04\xd2\x16\x2f\0"), STARTUP_BAD},      /* an SSLRequest with something behind */
        {BYTES("\x04\xd2\x16\x30\0"), STARTUP_BAD},      /* a GSSENCRequest likewise */
        {BYTES("\x04\xd2\x16\x2e\0\0\1"), STARTUP_BAD},  /* a CancelRequest without a whole pid */
        {BYTES("\0\3\0"), STARTUP_BAD},
        {BYTES(""), STARTUP_BAD},
    };
    struct guard guard = guard_new(64);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct startup startup = startup_decode(guard_place(&guard, cases[i].body));
        assert_int_equal(startup.kind, cases[i].expected);
        assert_int_equal(startup.reason != NULL, startup.kind == STARTUP_BAD);
    }
    guard_free(&guard);
}

/* A packet whose length word lies: any shorter body is bad, and none reads beyond its end. */
static void every_truncation_is_bad(void **state)
{
    (void)state;
    const struct span bodies[] = {
        BYTES(V3 "user\0alice\0database\0app\0\0"),
        BYTES("\x04\xd2\x16\x2e\0\0\x04\xd2\1\2\3\4"),
        BYTES("\x04\xd2\x16\x2f"),
    };
    struct guard guard = guard_new(64);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        for (size_t length = 0; length < bodies[i].length; length++) {
            struct span body = guard_place(&guard, span_cut(bodies[i], 0, length));
            assert_int_equal(startup_decode(body).kind, STARTUP_BAD);
        }
        assert_int_not_equal(startup_decode(guard_place(&guard, bodies[i])).kind, STARTUP_BAD);
    }
    guard_free(&guard);
}

static void parameters_come_in_order(void **state)
{
    (void)state;
    struct span parameters = BYTES("user\0alice\0options\0-c x=1\0application_name\0\0");
    const char *const expected[][2] = {
        {"user", "alice"}, {"options", "-c x=1"}, {"application_name", ""}};
    size_t at = 0;
    struct span name, value;
    for (size_t i = 0; i < 3; i++) {
        assert_true(startup_parameter(parameters, &at, &name, &value));
        assert_true(span_is(name, expected[i][0]));
        assert_true(span_is(value, expected[i][1]));
    }
    assert_false(startup_parameter(parameters, &at, &name, &value));
    assert_int_equal(at, parameters.length);
}

static void a_parameter_is_found_by_its_name(void **state)
{
    (void)state;
    struct span parameters = BYTES("user\0bob\0database\0user\0options\0\0user\0alice\0");
    assert_true(span_is(startup_parameter_named(parameters, "user"), "alice")); /* the last */
    assert_true(span_is(startup_parameter_named(parameters, "database"), "user"));
    assert_non_null(startup_parameter_named(parameters, "options").at);
    assert_int_equal(startup_parameter_named(parameters, "options").length, 0);
    assert_null(startup_parameter_named(parameters, "use").at);
    assert_true(span_is(startup_parameter_named(BYTES("user\0bob\0"), "user"), "bob"));
    assert_null(startup_parameter_named(parameters, "alice").at); /* a value is no name */
    assert_null(startup_parameter_named((struct span){0}, "user").at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_survive_both_ways),
        cmocka_unit_test(cancel_keys_have_4_to_256_bytes),
        cmocka_unit_test(bodies_have_the_kind_they_have),
        cmocka_unit_test(every_truncation_is_bad),
        cmocka_unit_test(parameters_come_in_order),
        cmocka_unit_test(a_parameter_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
