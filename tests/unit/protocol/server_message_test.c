/* Messages of a server: encoded and decoded again, cut short at every byte, and with lengths and
 * counts that lie. */
#include "protocol/server_message.h"

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
static struct span body_of(const struct buffer *out, uint8_t tag)
{
    struct frame frame = {0};
    assert_false(out->failed);
    assert_int_equal(frame_peek(buffer_span(out), FRAME_LIMIT, &frame), FRAME_READY);
    assert_int_equal(frame.tag, tag);
    assert_int_equal(frame.length, out->length);
    return frame_body(frame, buffer_span(out));
}

static void states_survive_both_ways(void **state)
{
    (void)state;
    const enum transaction_status statuses[] = {STATUS_IDLE, STATUS_TRANSACTION, STATUS_FAILED};
    struct buffer out = {0};
    for (size_t i = 0; i < 3; i++) {
        enum transaction_status status;
        buffer_reset(&out);
        encode_ready(&out, statuses[i]);
        assert_true(decode_ready(body_of(&out, SERVER_READY_FOR_QUERY), &status));
        assert_int_equal(status, statuses[i]);
    }

    buffer_reset(&out);
    encode_command_complete(&out, "CREATE INDEX");
    struct span tag;
    assert_true(decode_command_complete(body_of(&out, SERVER_COMMAND_COMPLETE), &tag));
    assert_true(span_is(tag, "CREATE INDEX"));

    buffer_reset(&out);
    encode_parameter_status(&out, "standard_conforming_strings", "on");
    struct parameter_status parameter;
    assert_true(decode_parameter_status(body_of(&out, SERVER_PARAMETER_STATUS), &parameter));
    assert_true(span_is(parameter.name, "standard_conforming_strings"));
    assert_true(span_is(parameter.value, "on"));
    buffer_free(&out);
}

static void login_messages_survive_both_ways(void **state)
{
    (void)state;
    struct buffer out = {0};
    encode_backend_key(&out, 0x80000001, BYTES("\0\1\2\3"));
    struct backend_key key;
    assert_true(decode_backend_key(body_of(&out, SERVER_BACKEND_KEY_DATA), &key));
    assert_int_equal(key.pid, 0x80000001);
    assert_true(span_equal(key.key, BYTES("\0\1\2\3")));

    buffer_reset(&out);
    encode_authentication(&out, 10, BYTES("SCRAM-SHA-256\0\0"));
    uint32_t code;
    struct span body = body_of(&out, SERVER_AUTHENTICATION);
    assert_true(decode_authentication(body, &code));
    assert_int_equal(code, 10);
    assert_true(span_equal(span_from(body, 4), BYTES("SCRAM-SHA-256\0\0")));
    buffer_free(&out);
}

static void cancel_keys_have_4_to_256_bytes(void **state)
{
    (void)state;
    const uint8_t body[4 + 300] = {0};
    for (size_t length = 0; length <= 300; length++) {
        struct backend_key key;
        bool expected = length >= 4 && length <= 256;
        assert_int_equal(decode_backend_key(span_of(body, 4 + length), &key), expected);
    }
}

static void rows_survive_both_ways(void **state)
{
    (void)state;
    struct span sent[] = {BYTES("0"), {0}, BYTES(""), BYTES("3\0s")};
    struct buffer out = {0};
    encode_data_row(&out, sent, 4);
    struct span body = body_of(&out, SERVER_DATA_ROW);
    struct span columns[6] = {0};
    columns[4] = columns[5] = span_text("untouched");
    size_t count;
    assert_true(decode_data_row(body, columns, 6, &count));
    assert_int_equal(count, 4);
    assert_true(span_is(columns[0], "0"));
    assert_null(columns[1].at);
    assert_non_null(columns[2].at); /* empty is not NULL */
    assert_int_equal(columns[2].length, 0);
    assert_true(span_equal(columns[3], BYTES("3\0s")));
    assert_true(span_is(columns[4], "untouched"));

    columns[2] = span_text("untouched");
    assert_true(decode_data_row(body, columns, 2, &count)); /* room for two of four */
    assert_int_equal(count, 4);
    assert_true(span_is(columns[0], "0"));
    assert_true(span_is(columns[2], "untouched"));

    buffer_reset(&out);
    encode_data_row(&out, NULL, 0);
    assert_true(decode_data_row(body_of(&out, SERVER_DATA_ROW), NULL, 0, &count));
    assert_int_equal(count, 0);
    buffer_free(&out);
}

static void a_row_description_names_text_columns(void **state)
{
    (void)state;
    const char *const names[] = {"change", "status"};
    struct buffer out = {0};
    encode_row_description(&out, names, 2);
    struct span expected = BYTES("\0\2change\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0"
                                 "status\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0");
    assert_true(span_equal(body_of(&out, SERVER_ROW_DESCRIPTION), expected));

    buffer_reset(&out);
    encode_bare(&out, SERVER_PARSE_COMPLETE);
    assert_int_equal(body_of(&out, SERVER_PARSE_COMPLETE).length, 0);
    buffer_free(&out);
}

static void our_reports_survive_both_ways(void **state)
{
    (void)state;
    const struct report_text text = {.severity = "ERROR",
                                     .sqlstate = "42501",
                                     .message = span_text("refused"),
                                     .detail = span_text("rule ban-drop-column"),
                                     .hint = span_text("ask")};
    struct buffer out = {0};
    encode_error(&out, &text);
    struct report report;
    assert_true(decode_report(body_of(&out, SERVER_ERROR), &report));
    assert_true(span_is(report.severity, "ERROR"));
    assert_true(span_is(report.severity_shown, "ERROR"));
    assert_true(span_is(report.sqlstate, "42501"));
    assert_true(span_is(report.message, "refused"));
    assert_true(span_is(report.detail, "rule ban-drop-column"));
    assert_true(span_is(report.hint, "ask"));
    assert_null(report.position.at);
    assert_null(report.routine.at);
    assert_null(report.column.at);

    buffer_reset(&out);
    encode_column_error(&out, &text, span_text("public"), span_text("t"), span_text("a"));
    assert_true(decode_report(body_of(&out, SERVER_ERROR), &report));
    assert_true(span_is(report.hint, "ask"));
    assert_true(span_is(report.schema, "public"));
    assert_true(span_is(report.table, "t"));
    assert_true(span_is(report.column, "a"));

    buffer_reset(&out);
    const struct report_text bare = {
        .severity = "NOTICE", .sqlstate = "00000", .message = span_text("done")};
    encode_notice(&out, &bare);
    struct span body = body_of(&out, SERVER_NOTICE);
    assert_true(span_equal(body, BYTES("SNOTICE\0VNOTICE\0C00000\0Mdone\0\0")));
    buffer_free(&out);
}

/* As PostgreSQL in German sends it, with a field that no version has yet. */
#define GERMAN                                                                                     \
    "SFEHLER\0VERROR\0C42P01\0MRelation fehlt\0?news\0P25\0p7\0Wline 1\0spublic\0tt\0cc\0dtext\0"  \
    "nt_pkey\0Fparse_relation.c\0L1392\0RparserOpenTable\0\0"

static void every_field_of_a_report_is_found(void **state)
{
    (void)state;
    struct report report;
    assert_true(decode_report(BYTES(GERMAN), &report));
    assert_true(span_is(report.severity, "ERROR")); /* never translated */
    assert_true(span_is(report.severity_shown, "FEHLER"));
    assert_true(span_is(report.sqlstate, "42P01"));
    assert_true(span_is(report.message, "Relation fehlt"));
    assert_null(report.detail.at);
    assert_null(report.hint.at);
    assert_true(span_is(report.position, "25"));
    assert_true(span_is(report.context, "line 1"));
    assert_true(span_is(report.schema, "public"));
    assert_true(span_is(report.table, "t"));
    assert_true(span_is(report.column, "c"));
    assert_true(span_is(report.type, "text"));
    assert_true(span_is(report.constraint, "t_pkey"));
    assert_true(span_is(report.file, "parse_relation.c"));
    assert_true(span_is(report.line, "1392"));
    assert_true(span_is(report.routine, "parserOpenTable"));

    assert_true(decode_report(BYTES("SFATAL\0M\0\0"), &report)); /* before 9.6: no 'V' */
    assert_true(span_is(report.severity, "FATAL"));
    assert_non_null(report.message.at); /* there, but empty */
    assert_true(decode_report(BYTES("\0"), &report));
    assert_null(report.severity.at);
}

static void a_position_moves_and_all_else_stays(void **state)
{
    (void)state;
    const struct {
        struct span before, after;
    } cases[] = {
        {BYTES("P25\0\0"), BYTES("P4294967295\0\0")},
        {BYTES("VERROR\0p25\0q25\0?new\0P1\0Rr\0\0"),
         BYTES("VERROR\0p25\0q25\0?new\0P4294967295\0Rr\0\0")},
        {BYTES("MP25\0Rr\0\0"), BYTES("MP25\0Rr\0\0")}, /* a message that starts with P */
        {BYTES("VERROR\0Mno position\0\0"), BYTES("VERROR\0Mno position\0\0")},
        {BYTES("\0"), BYTES("\0")},
        {BYTES(""), BYTES("")},
        {BYTES("P25"), BYTES("P25")}, /* malformed goes through as it is */
    };
    struct guard guard = guard_new(64);
    struct buffer out = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buffer_reset(&out);
        encode_report_at(&out, 'N', guard_place(&guard, cases[i].before), 4294967295);
        assert_true(span_equal(body_of(&out, 'N'), cases[i].after));
    }
    buffer_free(&out);
    guard_free(&guard);
}

/* One decoder for all: what it says of a body. */
static bool decode(enum server_tag tag, struct span body)
{
    struct span text, columns[2];
    size_t count;
    uint32_t code;
    enum transaction_status status;
    struct report report;
    struct parameter_status parameter;
    struct backend_key key;
    switch ((int)tag) {
    case SERVER_READY_FOR_QUERY:
        return decode_ready(body, &status);
    case SERVER_COMMAND_COMPLETE:
        return decode_command_complete(body, &text);
    case SERVER_ERROR:
        return decode_report(body, &report);
    case SERVER_PARAMETER_STATUS:
        return decode_parameter_status(body, &parameter);
    case SERVER_BACKEND_KEY_DATA:
        return decode_backend_key(body, &key);
    case SERVER_DATA_ROW:
        return decode_data_row(body, columns, 2, &count);
    default:
        return decode_authentication(body, &code);
    }
}

static void malformed_bodies_are_refused(void **state)
{
    (void)state;
    const struct {
        enum server_tag tag;
        struct span body;
    } cases[] = {
        {SERVER_READY_FOR_QUERY, BYTES("X")},
        {SERVER_READY_FOR_QUERY, BYTES("II")},
        {SERVER_COMMAND_COMPLETE, BYTES("BEGIN\0\0")},
        {SERVER_ERROR, BYTES("SERROR\0\0x")},          /* bytes behind the end */
        {SERVER_ERROR, BYTES("SERROR\0")},             /* no end */
        {SERVER_PARAMETER_STATUS, BYTES("a\0b\0c\0")}, /* three texts */
        {SERVER_DATA_ROW, BYTES("\0\1")},              /* one column announced, none sent */
        {SERVER_DATA_ROW, BYTES("\xff\xff\0\0\0\0")},  /* 65535 announced, one sent */
        {SERVER_DATA_ROW, BYTES("\0\1\0\0\0\3ab")},    /* a length beyond the end */
        {SERVER_DATA_ROW, BYTES("\0\1\x7f\xff\xff\xff"
                                "ab")},
        {SERVER_DATA_ROW, BYTES("\0\1\xff\xff\xff\xfe")}, /* negative, but not -1 */
        {SERVER_DATA_ROW, BYTES("\0\1\xff\xff\xff\xff"
                                "a")}, /* NULL has no bytes */
        {SERVER_DATA_ROW, BYTES("\0\0a")},
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
        enum server_tag tag;
        struct span body;
    } cases[] = {
        {SERVER_READY_FOR_QUERY, BYTES("T")},
        {SERVER_COMMAND_COMPLETE, BYTES("ALTER TABLE\0")},
        {SERVER_ERROR, BYTES(GERMAN)},
        {SERVER_PARAMETER_STATUS, BYTES("TimeZone\0UTC\0")},
        {SERVER_BACKEND_KEY_DATA, BYTES("\0\0\1\2\3\4\5\6")},
        {SERVER_DATA_ROW, BYTES("\0\3\0\0\0\1a\xff\xff\xff\xff\0\0\0\2bc")},
        {SERVER_AUTHENTICATION, BYTES("\0\0\0\5")},
    };
    struct guard guard = guard_new(512);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t length = 0; length < cases[i].body.length; length++) {
            struct span cut = span_cut(cases[i].body, 0, length);
            assert_false(decode(cases[i].tag, guard_place(&guard, cut)));
        }
        assert_true(decode(cases[i].tag, guard_place(&guard, cases[i].body)));
    }
    guard_free(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_survive_both_ways),
        cmocka_unit_test(login_messages_survive_both_ways),
        cmocka_unit_test(cancel_keys_have_4_to_256_bytes),
        cmocka_unit_test(rows_survive_both_ways),
        cmocka_unit_test(a_row_description_names_text_columns),
        cmocka_unit_test(our_reports_survive_both_ways),
        cmocka_unit_test(every_field_of_a_report_is_found),
        cmocka_unit_test(a_position_moves_and_all_else_stays),
        cmocka_unit_test(malformed_bodies_are_refused),
        cmocka_unit_test(every_truncation_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
