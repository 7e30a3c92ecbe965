/* Lines that are read back: every message gives its bytes, every fault its reason, and any bytes at
 * all survive the way through a line. */
#include "protocol/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/message.h"
#include "tests/unit/guard.h"

/* A literal, with the NULs in it but without the one that C adds. */
#define BYTES(literal) span_of(literal, sizeof(literal) - 1)

struct line {
    enum trace_side side;
    const char *text;
};

/* One line or more for every message that there is, as trace_message shows it. */
static const struct line lines[] = {
    {TRACE_CLIENT, "Query \"CREATE INDEX i ON t(a)\""},
    {TRACE_CLIENT, "Query \"\""},
    {TRACE_CLIENT, "Parse \"s1\" \"SELECT 1\""},
    {TRACE_CLIENT, "Parse \"\" \"SELECT $1, $2\" [23 4294967295]"},
    {TRACE_CLIENT, "Bind \"p\" \"s1\""},
    {TRACE_CLIENT, "Bind \"\" \"s1\" [0 1] [\"42\" NULL \"\"] [1 0]"},
    {TRACE_CLIENT, "Bind \"\" \"\" [] [NULL]"},
    {TRACE_CLIENT, "Bind \"\" \"\" [] [] [1]"},
    {TRACE_CLIENT, "Execute \"p\" 4294967295"},
    {TRACE_CLIENT, "Describe S \"s1\""},
    {TRACE_CLIENT, "Close P \"\""},
    {TRACE_CLIENT, "Sync"},
    {TRACE_CLIENT, "Flush"},
    {TRACE_CLIENT, "FunctionCall 954 [1] [\"\\x07\"] 1"},
    {TRACE_CLIENT, "FunctionCall 954 [] [] 0"},
    {TRACE_CLIENT, "CopyData \"1\\tone\\r\\n\\\\.\\n\\xc3\\xa9\""},
    {TRACE_CLIENT, "CopyData"},
    {TRACE_CLIENT, "CopyDone"},
    {TRACE_CLIENT, "CopyFail \"why\""},
    {TRACE_CLIENT, "PasswordMessage \"secret\\x00\""},
    {TRACE_CLIENT, "Terminate"},
    {TRACE_CLIENT, "Raw \"Q\\x00\\x00\\x00\\x05\\xff\""},
    {TRACE_SERVER, "Authentication 0"},
    {TRACE_SERVER, "Authentication 5 \"\\x01\\x02\\x03\\x04\""},
    {TRACE_SERVER, "Authentication 10 \"SCRAM-SHA-256-PLUS\\x00SCRAM-SHA-256\\x00\\x00\""},
    {TRACE_SERVER, "BackendKeyData 4711 \"\\x00\\x01\\xfe\\xff\""},
    {TRACE_SERVER, "NegotiateProtocolVersion 3.0"},
    {TRACE_SERVER, "NegotiateProtocolVersion 3.2 \"_pq_.a\" \"_pq_.b\""},
    {TRACE_SERVER, "ParameterStatus \"TimeZone\" \"UTC\""},
    {TRACE_SERVER, "NoticeResponse S \"NOTICE\" C \"00000\" M \"done\""},
    {TRACE_SERVER, "NotificationResponse 7 \"channel\" \"\""},
    {TRACE_SERVER, "ErrorResponse S \"FEHLER\" V \"ERROR\" C \"55P03\" M \"\" ? \"new\""},
    {TRACE_SERVER, "ErrorResponse"},
    {TRACE_SERVER, "ReadyForQuery I"},
    {TRACE_SERVER, "ReadyForQuery E"},
    {TRACE_SERVER, "ParseComplete"},
    {TRACE_SERVER, "BindComplete"},
    {TRACE_SERVER, "CloseComplete"},
    {TRACE_SERVER, "NoData"},
    {TRACE_SERVER, "RowDescription"},
    {TRACE_SERVER, "RowDescription \"a\" [\"id\" 16384 2 23 4 -1 1] \"\" [\"x\" 0 0 25 -2 8 0]"},
    {TRACE_SERVER, "ParameterDescription [23 25]"},
    {TRACE_SERVER, "ParameterDescription"},
    {TRACE_SERVER, "DataRow \"0\" NULL \"3s\" \"\""},
    {TRACE_SERVER, "DataRow"},
    {TRACE_SERVER, "CommandComplete \"CREATE INDEX\""},
    {TRACE_SERVER, "EmptyQueryResponse"},
    {TRACE_SERVER, "PortalSuspended"},
    {TRACE_SERVER, "FunctionCallResponse NULL"},
    {TRACE_SERVER, "FunctionCallResponse \"\\x00\""},
    {TRACE_SERVER, "CopyInResponse 0 [0 0]"},
    {TRACE_SERVER, "CopyOutResponse 255"},
    {TRACE_SERVER, "CopyBothResponse 0"},
    {TRACE_SERVER, "CopyData \"row\""},
    {TRACE_SERVER, "CopyDone"},
    {TRACE_STARTUP, "StartupMessage 3.0"},
    {TRACE_STARTUP, "StartupMessage 3.2 user \"alice\" _pq_.x \"\" \"odd name\" \"v\""},
    {TRACE_STARTUP, "StartupMessage 4.0 u \"\""},
    {TRACE_STARTUP, "SSLRequest"},
    {TRACE_STARTUP, "GSSENCRequest"},
    {TRACE_STARTUP, "CancelRequest 1234 \"\\x00\\x01\\x02\\x03\""},
};

#define LINES (sizeof lines / sizeof lines[0])

static bool parse(struct buffer *out, enum trace_side side, struct span text, const char **reason)
{
    struct guard guard = guard_new(text.length);
    bool understood = trace_parse(out, side, guard_place(&guard, text), reason);
    guard_free(&guard);
    return understood;
}

static void every_line_is_shown_again_as_it_was(void **state)
{
    (void)state;
    for (size_t i = 0; i < LINES; i++) {
        struct buffer message = {0}, shown = {0};
        const char *reason = "";
        bool understood = parse(&message, lines[i].side, span_text(lines[i].text), &reason);
        assert_string_equal(reason, "");
        assert_true(understood);
        trace_message(&shown, lines[i].side, buffer_span(&message), 0);
        buffer_append_u8(&shown, 0);
        assert_string_equal((const char *)shown.at, lines[i].text);
        buffer_free(&message);
        buffer_free(&shown);
    }
}

/* A message that is added to message.h needs a line above. */
static void every_message_has_a_line(void **state)
{
    (void)state;
    bool client[256] = {false}, server[256] = {false};
    for (size_t i = 0; i < LINES; i++) {
        struct buffer message = {0};
        const char *reason;
        assert_true(trace_parse(&message, lines[i].side, span_text(lines[i].text), &reason));
        bool raw = strncmp(lines[i].text, "Raw", 3) == 0;
        if (lines[i].side == TRACE_CLIENT && !raw) {
            client[message.at[0]] = true;
        }
        if (lines[i].side == TRACE_SERVER && !raw) {
            server[message.at[0]] = true;
        }
        buffer_free(&message);
    }
    for (int tag = 0; tag < 256; tag++) {
        assert_int_equal(client[tag], client_messages[tag].name != NULL);
        assert_int_equal(server[tag], server_messages[tag].name != NULL);
    }
}

/* Against bytes that were written by hand from the manual: a mistake that both directions of the
 * trace share would survive every round trip. */
static void lines_give_the_bytes_of_the_manual(void **state)
{
    (void)state;
    const struct {
        struct line line;
        struct span message;
    } cases[] = {
        {{TRACE_CLIENT, "Bind \"\" \"s\" [0 1] [\"42\" NULL] [1]"},
         BYTES("B\0\0\0\x1d\0s\0\0\2\0\0\0\1\0\2\0\0\0\2"
               "42\xff\xff\xff\xff\0\1\0\1")},
        {{TRACE_CLIENT, "  FunctionCall\t1 []  [ ]  -1 "},
         BYTES("F\0\0\0\x0e\0\0\0\1\0\0\0\0\xff\xff")},
        {{TRACE_CLIENT, "Execute \"p\" -1"}, BYTES("E\0\0\0\x0ap\0\xff\xff\xff\xff")},
        {{TRACE_CLIENT, "Query \"\\x41\\xfF\xc3\xa9\""},
         BYTES("Q\0\0\0\x09"
               "A\xff\xc3\xa9\0")},
        {{TRACE_SERVER, "DataRow NULL \"a\""}, BYTES("D\0\0\0\x0f\0\2\xff\xff\xff\xff\0\0\0\1a")},
        {{TRACE_SERVER, "RowDescription \"c\""},
         BYTES("T\0\0\0\x1a\0\1c\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0")},
        {{TRACE_SERVER, "CopyInResponse 1 [1 0]"}, BYTES("G\0\0\0\x0b\1\0\2\0\1\0\0")},
        {{TRACE_SERVER, "ErrorResponse C \"42501\""},
         BYTES("E\0\0\0\x0c"
               "C42501\0\0")},
        {{TRACE_SERVER, "NegotiateProtocolVersion 3.2 \"x\""},
         BYTES("v\0\0\0\x0e\0\3\0\2\0\0\0\1x\0")},
        {{TRACE_STARTUP, "StartupMessage 3.0 user \"a\""}, BYTES("\0\0\0\x10\0\3\0\0user\0a\0\0")},
        {{TRACE_STARTUP, "GSSENCRequest"}, BYTES("\0\0\0\x08\x04\xd2\x16\x30")},
        {{TRACE_STARTUP, "CancelRequest 1 \"\\x01\\x02\\x03\\x04\""},
         BYTES("\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\1\1\2\3\4")},
        {{TRACE_SERVER, "Raw \"\""}, BYTES("")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer message = {0};
        const char *reason = "";
        assert_true(parse(&message, cases[i].line.side, span_text(cases[i].line.text), &reason));
        assert_int_equal(message.length, cases[i].message.length);
        assert_true(span_equal(buffer_span(&message), cases[i].message));
        buffer_free(&message);
    }
}

static const struct {
    struct line line;
    const char *reason; /* how it starts */
} faults[] = {
    {{TRACE_CLIENT, ""}, "expected the name"},
    {{TRACE_CLIENT, "\"Query\""}, "expected the name"},
    {{TRACE_CLIENT, "query \"x\""}, "expected the name"},
    {{TRACE_CLIENT, "ReadyForQuery I"}, "expected the name"}, /* of the other side */
    {{TRACE_SERVER, "Query \"x\""}, "expected the name"},
    {{TRACE_STARTUP, "Sync"}, "expected the name"},
    {{TRACE_CLIENT, "Query"}, "expected a text"},
    {{TRACE_CLIENT, "Query x"}, "expected a text"},
    {{TRACE_CLIENT, "Query \"x"}, "expected a closing"},
    {{TRACE_CLIENT, "Query \"x\\\""}, "expected a closing"},
    {{TRACE_CLIENT, "Query \"x\\"}, "an escape"},
    {{TRACE_CLIENT, "Query \"\\q\""}, "an escape"},
    {{TRACE_CLIENT, "Query \"\\x1\""}, "expected two hexadecimal"},
    {{TRACE_CLIENT, "Query \"\\xg0\""}, "expected two hexadecimal"},
    {{TRACE_CLIENT, "Query \"a\\x00b\""}, "a text cannot hold a NUL"},
    {{TRACE_CLIENT, "Query \"\\x00\""}, "a text cannot hold a NUL"},
    {{TRACE_CLIENT, "Query \"cut\"..."}, "expected the end"},
    {{TRACE_CLIENT, "Query \"x\" \"y\""}, "expected the end"},
    {{TRACE_CLIENT, "Sync 1"}, "expected the end"},
    {{TRACE_CLIENT, "Raw \"\" 1"}, "expected the end"},
    {{TRACE_CLIENT, "Raw"}, "expected a text"},
    {{TRACE_CLIENT, "Execute \"\""}, "expected a number"},
    {{TRACE_CLIENT, "Execute \"\" -"}, "expected a number"},
    {{TRACE_CLIENT, "Execute \"\" 4294967296"}, "a number that is too large"},
    {{TRACE_CLIENT, "Execute \"\" -2147483649"}, "a number that is too large"},
    {{TRACE_CLIENT, "Execute \"\" 99999999999999999999999"}, "a number that is too large"},
    {{TRACE_SERVER, "CopyInResponse 256"}, "a number that is too large"},
    {{TRACE_SERVER, "CopyInResponse 0 [65536]"}, "a number that is too large"},
    {{TRACE_CLIENT, "Bind \"\" \"\" 0"}, "expected a list"},
    {{TRACE_CLIENT, "Bind \"\" \"\" [0"}, "expected ] at the end"},
    {{TRACE_CLIENT, "Bind \"\" \"\" [x]"}, "expected a number"},
    {{TRACE_CLIENT, "Bind \"\" \"\" [] [null]"}, "expected NULL"},
    {{TRACE_CLIENT, "Bind \"\" \"\" [] [] [] []"}, "expected the end"},
    {{TRACE_CLIENT, "FunctionCall 1"}, "expected a number"},
    {{TRACE_SERVER, "DataRow 1"}, "expected NULL"},
    {{TRACE_SERVER, "DataRow NULL ]"}, "expected the end"},
    {{TRACE_SERVER, "RowDescription [\"a\" 1 2 3]"}, "expected a number"},
    {{TRACE_SERVER, "RowDescription [\"a\" 1 2 3 4 5 6 7]"}, "expected ] after"},
    {{TRACE_SERVER, "ReadyForQuery"}, "expected one visible"},
    {{TRACE_SERVER, "ErrorResponse C"}, "expected a text"},
    {{TRACE_SERVER, "ErrorResponse CC \"x\""}, "expected a text"},
    {{TRACE_STARTUP, "StartupMessage user \"x\""}, "expected a number"},
    {{TRACE_STARTUP, "StartupMessage 3 user \"x\""}, "expected a version"},
    {{TRACE_STARTUP, "StartupMessage 3.65536"}, "a number that is too large"},
    {{TRACE_STARTUP, "StartupMessage 3.0 user"}, "expected a text"},
    {{TRACE_STARTUP, "StartupMessage 3.0 \"\" \"x\""}, "an empty name"},
};

static void faults_have_a_reason_and_leave_nothing_behind(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct buffer message = {0};
        buffer_append_text(&message, "kept");
        const char *reason = "none";
        assert_false(parse(&message, faults[i].line.side, span_text(faults[i].line.text), &reason));
        if (strncmp(reason, faults[i].reason, strlen(faults[i].reason)) != 0) {
            fail_msg("%s: \"%s\", not \"%s\"", faults[i].line.text, reason, faults[i].reason);
        }
        assert_true(span_is(buffer_span(&message), "kept"));
        buffer_free(&message);
    }
}

/* A line cut anywhere is refused or means something, and is never read beyond its end. */
static void every_truncation_of_a_line_is_safe(void **state)
{
    (void)state;
    for (size_t i = 0; i < LINES; i++) {
        struct span whole = span_text(lines[i].text);
        for (size_t length = 0; length < whole.length; length++) {
            struct buffer message = {0};
            const char *reason = NULL;
            bool understood = parse(&message, lines[i].side, span_cut(whole, 0, length), &reason);
            assert_int_equal(understood, reason == NULL);
            assert_true(understood || message.length == 0);
            buffer_free(&message);
        }
    }
}

static void assert_survives(enum trace_side side, struct span bytes)
{
    struct guard guard = guard_new(bytes.length);
    struct buffer shown = {0}, again = {0};
    const char *reason;
    trace_message(&shown, side, guard_place(&guard, bytes), 0);
    assert_true(trace_parse(&again, side, buffer_span(&shown), &reason));
    assert_int_equal(again.length, bytes.length);
    assert_true(span_equal(buffer_span(&again), bytes));
    buffer_free(&shown);
    buffer_free(&again);
    guard_free(&guard);
}

/* Every message with every byte broken in turn, and cut short at every byte. */
static void any_bytes_survive_the_way_through_a_line(void **state)
{
    (void)state;
    const uint8_t values[] = {0, 1, '"', 0x7f, 0xff};
    for (size_t i = 0; i < LINES; i++) {
        struct buffer message = {0};
        const char *reason;
        assert_true(trace_parse(&message, lines[i].side, span_text(lines[i].text), &reason));
        for (size_t at = 0; at < message.length; at++) {
            assert_survives(lines[i].side, span_cut(buffer_span(&message), 0, at));
            uint8_t kept = message.at[at];
            for (size_t v = 0; v < sizeof values; v++) {
                message.at[at] = values[v];
                assert_survives(lines[i].side, buffer_span(&message));
            }
            message.at[at] = kept;
        }
        buffer_free(&message);
    }
}

static void lists_end_at_65535_items(void **state)
{
    (void)state;
    for (size_t count = UINT16_MAX; count <= UINT16_MAX + 1; count++) {
        struct buffer line = {0}, message = {0};
        buffer_append_text(&line, "DataRow");
        for (size_t i = 0; i < count; i++) {
            buffer_append_text(&line, " NULL");
        }
        const char *reason;
        bool understood = trace_parse(&message, TRACE_SERVER, buffer_span(&line), &reason);
        assert_int_equal(understood, count == UINT16_MAX);
        buffer_free(&line);
        buffer_free(&message);
    }
}

static void without_memory_there_is_no_message(void **state)
{
    (void)state;
    struct buffer message = {.failed = true};
    const char *reason = NULL;
    assert_false(
        trace_parse(&message, TRACE_CLIENT, span_text("Bind \"\" \"\" [1] [NULL]"), &reason));
    assert_non_null(reason);
    assert_int_equal(message.length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_is_shown_again_as_it_was),
        cmocka_unit_test(every_message_has_a_line),
        cmocka_unit_test(lines_give_the_bytes_of_the_manual),
        cmocka_unit_test(faults_have_a_reason_and_leave_nothing_behind),
        cmocka_unit_test(every_truncation_of_a_line_is_safe),
        cmocka_unit_test(any_bytes_survive_the_way_through_a_line),
        cmocka_unit_test(lists_end_at_65535_items),
        cmocka_unit_test(without_memory_there_is_no_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
