/* Lines as they are shown: the exact line of every message, and what happens to bytes that are no
 * message. trace_parse_test.c reads the lines back. */
#include "protocol/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/client_message.h"
#include "protocol/message.h"
#include "protocol/server_message.h"
#include "protocol/startup.h"
#include "tests/unit/guard.h"

/* A literal, with the NULs in it but without the one that C adds. */
#define BYTES(literal) span_of(literal, sizeof(literal) - 1)

static void assert_shown(enum trace_side side, struct span message, size_t most,
                         const char *expected)
{
    struct guard guard = guard_new(message.length);
    struct buffer line = {0};
    trace_message(&line, side, guard_place(&guard, message), most);
    assert_false(line.failed);
    buffer_append_u8(&line, 0);
    assert_string_equal((const char *)line.at, expected);
    buffer_free(&line);
    guard_free(&guard);
}

static void assert_encoded(enum trace_side side, struct buffer *message, const char *expected)
{
    assert_shown(side, buffer_span(message), 0, expected);
    buffer_reset(message);
}

static void what_our_client_encoders_write_is_understood(void **state)
{
    (void)state;
    struct buffer out = {0};
    encode_query(&out, span_text("CREATE INDEX i ON t(a)"));
    assert_encoded(TRACE_CLIENT, &out, "Query \"CREATE INDEX i ON t(a)\"");
    encode_parse(&out, span_text("s1"), span_text("SELECT 1"));
    assert_encoded(TRACE_CLIENT, &out, "Parse \"s1\" \"SELECT 1\"");
    encode_bind(&out, span_text("p"), span_text("s1"));
    assert_encoded(TRACE_CLIENT, &out, "Bind \"p\" \"s1\"");
    encode_describe(&out, 'P', span_text("p"));
    assert_encoded(TRACE_CLIENT, &out, "Describe P \"p\"");
    encode_execute(&out, (struct span){0}, 0);
    assert_encoded(TRACE_CLIENT, &out, "Execute \"\" 0");
    encode_close(&out, 'S', span_text("s1"));
    assert_encoded(TRACE_CLIENT, &out, "Close S \"s1\"");
    encode_sync(&out);
    assert_encoded(TRACE_CLIENT, &out, "Sync");
    encode_flush(&out);
    assert_encoded(TRACE_CLIENT, &out, "Flush");
    encode_terminate(&out);
    assert_encoded(TRACE_CLIENT, &out, "Terminate");
    encode_password(&out, span_text("secret"));
    assert_encoded(TRACE_CLIENT, &out, "PasswordMessage \"secret\\x00\"");
    encode_copy_data(&out, span_text("1\tone\n"));
    assert_encoded(TRACE_CLIENT, &out, "CopyData \"1\\tone\\n\"");
    encode_copy_data(&out, (struct span){0});
    assert_encoded(TRACE_CLIENT, &out, "CopyData");
    encode_copy_done(&out);
    assert_encoded(TRACE_CLIENT, &out, "CopyDone");
    encode_copy_fail(&out, span_text("why"));
    assert_encoded(TRACE_CLIENT, &out, "CopyFail \"why\"");
    buffer_free(&out);
}

static void what_our_server_encoders_write_is_understood(void **state)
{
    (void)state;
    const struct report_text report = {.severity = "ERROR",
                                       .sqlstate = "55P03",
                                       .message = span_text("lock timeout"),
                                       .hint = span_text("try \"later\"")};
    const struct span columns[] = {span_text("0"), {0}, span_text("3s")};
    const char *const names[] = {"change", "status"};
    struct buffer out = {0};
    encode_error(&out, &report);
    assert_encoded(TRACE_SERVER, &out,
                   "ErrorResponse S \"ERROR\" V \"ERROR\" C \"55P03\" M \"lock timeout\" "
                   "H \"try \\\"later\\\"\"");
    encode_report_at(&out, 'N', BYTES("P1\0\0"), 14);
    assert_encoded(TRACE_SERVER, &out, "NoticeResponse P \"14\"");
    encode_ready(&out, STATUS_IDLE);
    assert_encoded(TRACE_SERVER, &out, "ReadyForQuery I");
    encode_command_complete(&out, "CREATE INDEX");
    assert_encoded(TRACE_SERVER, &out, "CommandComplete \"CREATE INDEX\"");
    encode_parameter_status(&out, "TimeZone", "UTC");
    assert_encoded(TRACE_SERVER, &out, "ParameterStatus \"TimeZone\" \"UTC\"");
    encode_backend_key(&out, 4711, BYTES("\0\1\xfe\xff"));
    assert_encoded(TRACE_SERVER, &out, "BackendKeyData 4711 \"\\x00\\x01\\xfe\\xff\"");
    encode_authentication(&out, 0, (struct span){0});
    assert_encoded(TRACE_SERVER, &out, "Authentication 0");
    encode_authentication(&out, 10, BYTES("SCRAM-SHA-256\0\0"));
    assert_encoded(TRACE_SERVER, &out, "Authentication 10 \"SCRAM-SHA-256\\x00\\x00\"");
    encode_data_row(&out, columns, 3);
    assert_encoded(TRACE_SERVER, &out, "DataRow \"0\" NULL \"3s\"");
    encode_data_row(&out, NULL, 0);
    assert_encoded(TRACE_SERVER, &out, "DataRow");
    encode_row_description(&out, names, 2);
    assert_encoded(TRACE_SERVER, &out, "RowDescription \"change\" \"status\"");
    buffer_free(&out);
}

static void messages_without_a_body_are_their_name(void **state)
{
    (void)state;
    const uint8_t tags[] = {SERVER_PARSE_COMPLETE, SERVER_BIND_COMPLETE,    SERVER_CLOSE_COMPLETE,
                            SERVER_NO_DATA,        SERVER_PORTAL_SUSPENDED, SERVER_EMPTY_QUERY,
                            SERVER_COPY_DONE};
    struct buffer out = {0};
    for (size_t i = 0; i < sizeof tags; i++) {
        encode_bare(&out, tags[i]);
        assert_encoded(TRACE_SERVER, &out, server_messages[tags[i]].name);
    }
    buffer_free(&out);
}

static void startup_packets_are_shown(void **state)
{
    (void)state;
    struct buffer out = {0};
    startup_encode(&out, 3 << 16, BYTES("user\0alice\0database\0my app\0"));
    assert_encoded(TRACE_STARTUP, &out, "StartupMessage 3.0 user \"alice\" database \"my app\"");
    startup_encode(&out, 3 << 16 | 9999, BYTES("_pq_.x\0\0TimeZone;\0UTC\0"));
    assert_encoded(TRACE_STARTUP, &out, "StartupMessage 3.9999 _pq_.x \"\" \"TimeZone;\" \"UTC\"");
    startup_encode_ssl(&out);
    assert_encoded(TRACE_STARTUP, &out, "SSLRequest");
    startup_encode_gssenc(&out);
    assert_encoded(TRACE_STARTUP, &out, "GSSENCRequest");
    startup_encode_cancel(&out, 1234, BYTES("\0\1\2\3"));
    assert_encoded(TRACE_STARTUP, &out, "CancelRequest 1234 \"\\x00\\x01\\x02\\x03\"");
    buffer_free(&out);
}

/* Messages that we never send ourselves, from their bytes. */
static void foreign_messages_are_shown(void **state)
{
    (void)state;
    const struct {
        enum trace_side side;
        struct span message;
        const char *line;
    } cases[] = {
        {TRACE_CLIENT, BYTES("P\0\0\0\x14s\0sql\0\0\2\0\0\0\x17\0\0\0\x19"),
         "Parse \"s\" \"sql\" [23 25]"},
        {TRACE_CLIENT,
         BYTES("B\0\0\0\x1d\0s\0\0\2\0\0\0\1\0\2\0\0\0\2"
               "42\xff\xff\xff\xff\0\1\0\1"),
         "Bind \"\" \"s\" [0 1] [\"42\" NULL] [1]"},
        {TRACE_CLIENT, BYTES("B\0\0\0\x0f\0s\0\0\0\0\0\0\1\0\1"), "Bind \"\" \"s\" [] [] [1]"},
        {TRACE_CLIENT, BYTES("F\0\0\0\x15\0\0\x03\xba\0\1\0\1\0\1\0\0\0\1\7\0\1"),
         "FunctionCall 954 [1] [\"\\x07\"] 1"},
        {TRACE_CLIENT, BYTES("F\0\0\0\x0e\0\0\0\1\0\0\0\0\0\0"), "FunctionCall 1 [] [] 0"},
        {TRACE_SERVER, BYTES("V\0\0\0\x0a\0\0\0\2ok"), "FunctionCallResponse \"ok\""},
        {TRACE_SERVER, BYTES("V\0\0\0\x08\xff\xff\xff\xff"), "FunctionCallResponse NULL"},
        {TRACE_SERVER, BYTES("A\0\0\0\x0c\0\0\0\7ch\0\0"), "NotificationResponse 7 \"ch\" \"\""},
        {TRACE_SERVER, BYTES("v\0\0\0\x13\0\3\0\2\0\0\0\1_pq_.x\0"),
         "NegotiateProtocolVersion 3.2 \"_pq_.x\""},
        {TRACE_SERVER, BYTES("t\0\0\0\x0e\0\2\0\0\0\x17\0\0\0\x19"),
         "ParameterDescription [23 25]"},
        {TRACE_SERVER, BYTES("t\0\0\0\6\0\0"), "ParameterDescription"},
        {TRACE_SERVER, BYTES("G\0\0\0\x0b\0\0\2\0\0\0\0"), "CopyInResponse 0 [0 0]"},
        {TRACE_SERVER, BYTES("H\0\0\0\x09\1\0\1\0\1"), "CopyOutResponse 1 [1]"},
        {TRACE_SERVER, BYTES("W\0\0\0\7\0\0\0"), "CopyBothResponse 0"},
        {TRACE_SERVER, BYTES("d\0\0\0\6a\n"), "CopyData \"a\\n\""},
        {TRACE_SERVER, BYTES("T\0\0\0\x1b\0\1id\0\0\0\x40\0\0\2\0\0\0\x17\0\4\xff\xff\xff\xff\0\1"),
         "RowDescription [\"id\" 16384 2 23 4 -1 1]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_shown(cases[i].side, cases[i].message, 0, cases[i].line);
    }
}

static void what_is_no_message_is_shown_raw(void **state)
{
    (void)state;
    const struct {
        enum trace_side side;
        struct span message;
        const char *line;
    } cases[] = {
        {TRACE_CLIENT, BYTES(""), "Raw \"\""},
        {TRACE_CLIENT, BYTES("Q\0\0"), "Raw \"Q\\x00\\x00\""},
        {TRACE_CLIENT, BYTES("S\0\0\0\3"), "Raw \"S\\x00\\x00\\x00\\x03\""},
        {TRACE_CLIENT, BYTES("S\0\0\0\4S"), "Raw \"S\\x00\\x00\\x00\\x04S\""}, /* one too many */
        {TRACE_CLIENT, BYTES("S\0\0\0\5S"),
         "Raw \"S\\x00\\x00\\x00\\x05S\""}, /* Sync has no body */
        {TRACE_CLIENT, BYTES("Z\0\0\0\5I"), "Raw \"Z\\x00\\x00\\x00\\x05I\""}, /* of servers */
        {TRACE_CLIENT, BYTES("Q\0\0\0\5a"), "Raw \"Q\\x00\\x00\\x00\\x05a\""}, /* no NUL */
        {TRACE_CLIENT, BYTES("D\0\0\0\6\n\0"), "Raw \"D\\x00\\x00\\x00\\x06\\n\\x00\""},
        {TRACE_CLIENT, BYTES("D\0\0\0\6 \0"), "Raw \"D\\x00\\x00\\x00\\x06 \\x00\""},
        {TRACE_SERVER, BYTES("\0\0\0\0\4"), "Raw \"\\x00\\x00\\x00\\x00\\x04\""},
        {TRACE_SERVER, BYTES("D\0\0\0\6\0\1"), "Raw \"D\\x00\\x00\\x00\\x06\\x00\\x01\""},
        {TRACE_STARTUP, BYTES("\0\0\0\x09\x04\xd2\x16\x2f!"),
         "Raw \"\\x00\\x00\\x00\\t\\x04\\xd2\\x16/!\""},
        {TRACE_STARTUP, BYTES("\0\0\0\x08\0\2\0\0"),
         "Raw \"\\x00\\x00\\x00\\x08\\x00\\x02\\x00\\x00\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_shown(cases[i].side, cases[i].message, 0, cases[i].line);
    }
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    struct buffer out = {0};
    encode_parse(&out, span_text("name"), span_text("SELECT \"a\""));
    assert_shown(TRACE_CLIENT, buffer_span(&out), 8, "Parse \"name\" \"SELECT \\\"\"...");
    assert_shown(TRACE_CLIENT, buffer_span(&out), 10, "Parse \"name\" \"SELECT \\\"a\\\"\"");
    assert_shown(TRACE_CLIENT, buffer_span(&out), 1, "Parse \"n\"... \"S\"...");
    assert_shown(TRACE_CLIENT, span_cut(buffer_span(&out), 0, 7), 6,
                 "Raw \"P\\x00\\x00\\x00\\x16n\"...");
    buffer_free(&out);
}

/* The line is appended, and without memory there is none. */
static void what_was_there_stays(void **state)
{
    (void)state;
    struct buffer line = {0};
    buffer_append_text(&line, "client > ");
    trace_message(&line, TRACE_CLIENT, BYTES("S\0\0\0\4"), 0);
    buffer_append_text(&line, " ");
    trace_message(&line, TRACE_CLIENT, BYTES("Q\0\0\0\6a?"), 0);
    assert_true(span_is(buffer_span(&line), "client > Sync Raw \"Q\\x00\\x00\\x00\\x06a?\""));
    buffer_free(&line);

    struct buffer failed = {.failed = true};
    trace_message(&failed, TRACE_CLIENT, BYTES("Q\0\0\0\6a\0"), 0);
    assert_true(failed.failed);
    assert_int_equal(failed.length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_our_client_encoders_write_is_understood),
        cmocka_unit_test(what_our_server_encoders_write_is_understood),
        cmocka_unit_test(messages_without_a_body_are_their_name),
        cmocka_unit_test(startup_packets_are_shown),
        cmocka_unit_test(foreign_messages_are_shown),
        cmocka_unit_test(what_is_no_message_is_shown_raw),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(what_was_there_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
