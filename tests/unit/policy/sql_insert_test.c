/* Statements of ours in a message of the client's: where they go, what the proof refuses, and how
 * an error position comes back. */
#include "policy/sql/internal.h"
#include "tests/unit/policy/sql_fixture.h"
#include "tests/unit/policy/statements.h"

#define OURS       "SET LOCAL lock_timeout = '2s'"
#define STATEMENTS 8
#define LIMIT      4096

struct message {
    struct span text;
    struct statement statements[STATEMENTS];
    size_t count;
};

static struct message message_of(const char *sql)
{
    struct message message = {.text = span_text(sql)};
    message.count = statements_of(message.text, LIMIT, message.statements, STATEMENTS);
    return message;
}

static void they_stand_before_their_statements(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        size_t before[2];
        const char *expected; /* NULL: not done */
    } cases[] = {
        {"BEGIN; ALTER TABLE t ADD a int",
         {0, 1},
         OURS "; BEGIN; " OURS "; ALTER TABLE t ADD a int"},
        {";;BEGIN;;-- note\n/* and */ DROP TABLE t ;SELECT 1;",
         {1, 2},
         ";;BEGIN;;-- note\n/* and */ " OURS "; DROP TABLE t ;" OURS "; SELECT 1;"},
        {"BEGIN; CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; COMMIT",
         {1, 2},
         "BEGIN; " OURS
         "; CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; " OURS
         "; COMMIT"},
        {"BEGIN; ALTER TABLE t FROBNICATE", {0, 1}, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct message message = message_of(cases[i].sql);
        struct insertion insertions[] = {{cases[i].before[0], OURS}, {cases[i].before[1], OURS}};
        struct buffer out = {0};
        struct splice splice;
        bool done = sql_insert_statements(message.text, message.statements, insertions, 2, LIMIT,
                                          &out, &splice);
        if (done != (cases[i].expected != NULL) ||
            (done && !span_is(buffer_span(&out), cases[i].expected))) {
            fail_msg("%s\n  became %.*s", cases[i].sql, (int)out.length, (char *)out.at);
        }
        assert_true(done || out.length == 0);
        buffer_free(&out);
    }
}

/* The cut of a scanner that reads a string otherwise than the grammar does. */
static void the_proof_sees_a_wrong_place(void **state)
{
    (void)state;
    struct message message = message_of("BEGIN; SELECT 'a; b'");
    struct insertion insertion = {1, OURS};
    struct buffer out = {0};
    struct splice splice;
    message.statements[1].start = strlen("BEGIN; SELECT 'a; ");
    assert_false(sql_insert_statements(message.text, message.statements, &insertion, 1, LIMIT, &out,
                                       &splice));
    assert_int_equal(out.length, 0);
    buffer_free(&out);
}

static void the_proof_sees_every_other_change(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
        bool proved;
    } cases[] = {
        {"BEGIN; SELECT 1", "BEGIN; " OURS "; SELECT 1", true},
        {"BEGIN; SELECT 1", "BEGIN; " OURS "; SELECT 2", false},
        {"BEGIN; SELECT 1", "BEGIN; SET LOCAL lock_timeout = '3s'; SELECT 1", false},
        {"BEGIN; SELECT 1", "BEGIN; SET lock_timeout = '2s'; SELECT 1", false},
        {"BEGIN; SELECT 1", "BEGIN; SELECT 1; " OURS, false},
        {"BEGIN; SELECT 1", "BEGIN; " OURS, false},
        {"BEGIN; SELECT 1", "BEGIN; " OURS "; SELECT 1; SELECT 1", false},
        {"BEGIN; SELECT 1", "BEGIN; SELECT 1", false},
    };
    const struct insertion insertion = {1, OURS};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (prove_inserted(span_text(cases[i].before), span_text(cases[i].after), &insertion, 1) !=
            cases[i].proved) {
            fail_msg("%s: %s", cases[i].before, cases[i].after);
        }
    }
}

static void there_are_limits(void **state)
{
    (void)state;
    struct message message = message_of("BEGIN; SELECT 1");
    struct insertion insertions[SPLICES_MOST + 1] = {{1, OURS}};
    struct buffer out = {0};
    struct splice splice;
    assert_false(sql_insert_statements(message.text, message.statements, insertions, 1,
                                       message.text.length - 1, &out, &splice));
    assert_true(sql_insert_statements(message.text, message.statements, insertions, 1,
                                      message.text.length, &out, &splice));
    assert_false(sql_insert_statements(message.text, message.statements, insertions,
                                       SPLICES_MOST + 1, LIMIT, &out, &splice));
    buffer_free(&out);
}

static void error_positions_come_back(void **state)
{
    (void)state;
    static const struct {
        uint32_t server, client;
    } cases[] = {{1, 0}, {31, 0}, {32, 1}, {38, 7}, {39, 7}, {69, 7}, {70, 8}};
    struct message message = message_of("BEGIN; SELECT x");
    const struct insertion insertions[] = {{0, OURS}, {1, OURS}};
    struct buffer out = {0};
    struct splice splice;
    assert_true(sql_insert_statements(message.text, message.statements, insertions, 2, LIMIT, &out,
                                      &splice));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t client =
            sql_original_position(&splice, message.text, SCAN_ENCODING_UTF8, cases[i].server);
        if (client != cases[i].client) {
            fail_msg("%u is %u, not %u", cases[i].server, client, cases[i].client);
        }
    }
    buffer_free(&out);
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_stand_before_their_statements),
        cmocka_unit_test(the_proof_sees_a_wrong_place),
        cmocka_unit_test(the_proof_sees_every_other_change),
        cmocka_unit_test(there_are_limits),
        cmocka_unit_test(error_positions_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
