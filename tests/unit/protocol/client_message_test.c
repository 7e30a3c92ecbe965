/* Messages of a client: encoded and decoded again, cut short at every byte, and with lengths and
 * counts that lie. */
#include "protocol/client_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/frame.h"
#include "protocol/message.h"
#include "tests/unit/guard.h"

/* A literal, with the NULs in it but without the one that C adds. */
#define BYTES(literal) span_of(literal, sizeof(literal) - 1)

/* The body of the one message in `out`, which must have this tag. */
static struct span body_of(const struct buffer *out, enum client_tag tag)
{
    struct frame frame = {0};
    assert_false(out->failed);
    assert_int_equal(frame_peek(buffer_span(out), FRAME_LIMIT, &frame), FRAME_READY);
    assert_int_equal(frame.tag, tag);
    assert_int_equal(frame.length, out->length);
    return frame_body(frame, buffer_span(out));
}

static void statements_survive_both_ways(void **state)
{
    (void)state;
    struct buffer out = {0};
    encode_query(&out, span_text("SELECT 1; SELECT 2"));
    struct query query;
    assert_true(decode_query(body_of(&out, CLIENT_QUERY), &query));
    assert_true(span_is(query.sql, "SELECT 1; SELECT 2"));

    buffer_reset(&out);
    encode_query(&out, (struct span){0});
    assert_true(decode_query(body_of(&out, CLIENT_QUERY), &query));
    assert_int_equal(query.sql.length, 0);

    buffer_reset(&out);
    encode_parse(&out, span_text("s1"), span_text("DROP TABLE t"));
    struct parse parse;
    assert_true(decode_parse(body_of(&out, CLIENT_PARSE), &parse));
    assert_true(span_is(parse.name, "s1"));
    assert_true(span_is(parse.sql, "DROP TABLE t"));
    assert_int_equal(parse.type_count, 0);
    assert_int_equal(parse.types.length, 0);

    buffer_reset(&out);
    encode_bind(&out, span_text("p1"), span_text("s1"));
    struct span body = body_of(&out, CLIENT_BIND);
    struct bind_names names;
    assert_int_equal(decode_bind_names(body, &names), NAMES_READY);
    assert_true(span_is(names.portal, "p1"));
    assert_true(span_is(names.statement, "s1"));
    assert_true(span_equal(span_from(body, 6), BYTES("\0\0\0\0\0\0"))); /* three empty lists */

    buffer_reset(&out);
    const struct span values[] = {span_text("42"), span_of(NULL, 0), BYTES("")};
    encode_bind_values(&out, span_text("p1"), span_text("s1"), values, 3);
    body = body_of(&out, CLIENT_BIND);
    assert_true(span_equal(span_from(body, 6), BYTES("\0\0\0\3\0\0\0\2"
                                                     "42\xff\xff\xff\xff\0\0\0\0\0\0")));

    buffer_reset(&out);
    encode_execute(&out, span_text("p1"), 0xfffffffe);
    struct execute execute;
    assert_true(decode_execute(body_of(&out, CLIENT_EXECUTE), &execute));
    assert_true(span_is(execute.portal, "p1"));
    assert_int_equal(execute.max_rows, 0xfffffffe);
    buffer_free(&out);
}

static void targets_survive_both_ways(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct target target;
    encode_describe(&out, 'P', span_text("p1"));
    assert_true(decode_target(body_of(&out, CLIENT_DESCRIBE), &target));
    assert_int_equal(target.type, 'P');
    assert_true(span_is(target.name, "p1"));

    buffer_reset(&out);
    encode_close(&out, 'S', (struct span){0});
    assert_true(decode_target(body_of(&out, CLIENT_CLOSE), &target));
    assert_int_equal(target.type, 'S');
    assert_int_equal(target.name.length, 0);
    buffer_free(&out);
}

static void messages_without_a_decoder_have_the_right_body(void **state)
{
    (void)state;
    const struct {
        void (*encode)(struct buffer *out);
        enum client_tag tag;
    } empty[] = {
        {encode_sync, CLIENT_SYNC},
        {encode_flush, CLIENT_FLUSH},
        {encode_terminate, CLIENT_TERMINATE},
        {encode_copy_done, CLIENT_COPY_DONE},
    };
    const struct {
        void (*encode)(struct buffer *out, struct span bytes);
        enum client_tag tag;
        struct span bytes, body;
    } filled[] = {
        {encode_password, CLIENT_PASSWORD, BYTES("secret"), BYTES("secret\0")},
        {encode_copy_data, CLIENT_COPY_DATA, BYTES("1\t\0\n"), BYTES("1\t\0\n")},
        {encode_copy_data, CLIENT_COPY_DATA, BYTES(""), BYTES("")},
        {encode_copy_fail, CLIENT_COPY_FAIL, BYTES("why"), BYTES("why\0")},
    };
    struct buffer out = {0};
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        buffer_reset(&out);
        empty[i].encode(&out);
        assert_int_equal(body_of(&out, empty[i].tag).length, 0);
    }
    for (size_t i = 0; i < sizeof filled / sizeof filled[0]; i++) {
        buffer_reset(&out);
        filled[i].encode(&out, filled[i].bytes);
        assert_true(span_equal(body_of(&out, filled[i].tag), filled[i].body));
    }
    buffer_free(&out);
}

static void types_of_a_parse_are_counted(void **state)
{
    (void)state;
    struct parse parse;
    assert_true(decode_parse(BYTES("s\0select $1\0\0\2\0\0\0\x17\0\0\0\x19"), &parse));
    assert_int_equal(parse.type_count, 2);
    assert_true(span_equal(parse.types, BYTES("\0\0\0\x17\0\0\0\x19")));
}

/* One decoder for all: what it says of a body. */
static bool decode(enum client_tag tag, struct span body)
{
    union {
        struct query query;
        struct parse parse;
        struct execute execute;
        struct target target;
    } out;
    switch ((int)tag) {
    case CLIENT_QUERY:
        return decode_query(body, &out.query);
    case CLIENT_PARSE:
        return decode_parse(body, &out.parse);
    case CLIENT_EXECUTE:
        return decode_execute(body, &out.execute);
    default:
        return decode_target(body, &out.target);
    }
}

static void malformed_bodies_are_refused(void **state)
{
    (void)state;
    const struct {
        enum client_tag tag;
        struct span body;
    } cases[] = {
        {CLIENT_QUERY, BYTES("select 1")},                      /* no NUL */
        {CLIENT_QUERY, BYTES("select 1\0;drop table t\0")},     /* more behind the NUL */
        {CLIENT_QUERY, BYTES("select 1\0\0")},                  /* likewise */
        {CLIENT_PARSE, BYTES("s\0select 1\0\0\1")},             /* one type announced, none sent */
        {CLIENT_PARSE, BYTES("s\0select 1\0\xff\xff\0\0\0\1")}, /* 65535 announced, one sent */
        {CLIENT_PARSE, BYTES("s\0select 1\0\0\0\0\0\0\1")},     /* none announced, one sent */
        {CLIENT_EXECUTE, BYTES("p\0\0\0\0\0\0")},               /* five bytes of rows */
        {CLIENT_CLOSE, BYTES("Ss1\0\0")},                       /* two NULs */
        {CLIENT_CLOSE, BYTES("Xs1\0")},                         /* neither 'S' nor 'P' */
        {CLIENT_CLOSE, BYTES("ss1\0")},                         /* nor is 's' */
    };
    struct guard guard = guard_new(64);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(decode(cases[i].tag, guard_place(&guard, cases[i].body)));
    }
    guard_free(&guard);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    const struct {
        enum client_tag tag;
        struct span body;
    } cases[] = {
        {CLIENT_QUERY, BYTES("select 1\0")},
        {CLIENT_PARSE, BYTES("s\0select $1\0\0\2\0\0\0\x17\0\0\0\x19")},
        {CLIENT_EXECUTE, BYTES("p\0\0\0\0\0")},
        {CLIENT_CLOSE, BYTES("Ss1\0")},
        {CLIENT_DESCRIBE, BYTES("P\0")},
    };
    struct guard guard = guard_new(64);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t length = 0; length < cases[i].body.length; length++) {
            struct span cut = span_cut(cases[i].body, 0, length);
            assert_false(decode(cases[i].tag, guard_place(&guard, cut)));
        }
        assert_true(decode(cases[i].tag, guard_place(&guard, cases[i].body)));
    }
    guard_free(&guard);
}

/* A Bind arrives in pieces: its names are there as soon as their second NUL is. */
static void names_of_a_bind_are_found_in_its_start(void **state)
{
    (void)state;
    struct span whole = BYTES("portal\0stmt\0\0\1\0\1\0\1\0\0\0\4\0\0\0\x2a\0\0");
    size_t names_end = sizeof "portal" + sizeof "stmt";
    struct guard guard = guard_new(64);
    for (size_t length = 0; length <= whole.length; length++) {
        struct bind_names names;
        struct span body = guard_place(&guard, span_cut(whole, 0, length));
        enum names_status status = decode_bind_names(body, &names);
        assert_int_equal(status, length < names_end ? NAMES_MORE : NAMES_READY);
        if (status == NAMES_READY) {
            assert_true(span_is(names.portal, "portal"));
            assert_true(span_is(names.statement, "stmt"));
        }
    }
    guard_free(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_survive_both_ways),
        cmocka_unit_test(targets_survive_both_ways),
        cmocka_unit_test(messages_without_a_decoder_have_the_right_body),
        cmocka_unit_test(types_of_a_parse_are_counted),
        cmocka_unit_test(malformed_bodies_are_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(names_of_a_bind_are_found_in_its_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
