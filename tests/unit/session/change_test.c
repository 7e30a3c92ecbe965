/* Ledger events: whatever a client's texts hold, each event is one line of valid JSON with the keys
 * of docs/ledger-events.md; and ids are UUIDs of version 7 that sort by time. */
#include "proxy/session/change.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define WALL_US 1700000000123456u /* 2023-11-14T22:13:20.123456Z */

/* The one line in `ledger`, parsed; empties the buffer. */
static json_t *event_of(struct buffer *ledger)
{
    assert_true(ledger->length > 0 && ledger->at[ledger->length - 1] == '\n');
    assert_null(memchr(ledger->at, '\n', ledger->length - 1));
    json_t *event = json_loadb((const char *)ledger->at, ledger->length, JSON_ALLOW_NUL, NULL);
    assert_non_null(event);
    buffer_free(ledger);
    return event;
}

static void assert_text(const json_t *event, const char *key, const char *expected)
{
    const json_t *value = json_object_get(event, key);
    assert_true(json_is_string(value));
    assert_string_equal(json_string_value(value), expected);
}

static json_t *intend_in(const char *encoding, struct span sql, struct span executed)
{
    static const struct change_who who = {"app", "alice", "psql", "127.0.0.1:51234", 4711, true};
    struct statement statement = {.kind = STATEMENT_CREATE_INDEX, .tag = "CREATE INDEX"};
    statement.objects[0] = (struct statement_object){"create", "index", {"", "i"}};
    statement.object_count = 1;
    struct decision decision = {.verdict = VERDICT_REWRITE};
    struct change_intent intent = {.who = &who,
                                   .statement = &statement,
                                   .sql = sql,
                                   .executed = executed,
                                   .encoding = encoding,
                                   .decision = &decision,
                                   .lock_timeout_ms = 2000};
    struct buffer ledger = {0};
    change_write_intent(&ledger, CHANGE_INTENDED, &intent, NULL, span_of(NULL, 0), WALL_US);
    return event_of(&ledger);
}

static json_t *intend(struct span sql, struct span executed)
{
    return intend_in("UTF8", sql, executed);
}

static void an_intent_says_who_and_what(void **state)
{
    (void)state;
    json_t *event = intend(span_text("CREATE INDEX i ON t(a)"), span_text("CREATE INDEX C…"));
    assert_text(event, "kind", "intended");
    assert_text(event, "change_id", "00000000-0000-0000-0000-000000000000");
    assert_text(event, "tag", "CREATE INDEX");
    assert_text(event, "database", "app");
    assert_text(event, "user", "alice");
    assert_text(event, "application_name", "psql");
    assert_text(event, "client", "127.0.0.1:51234");
    assert_text(event, "protocol", "extended");
    assert_text(event, "verdict", "rewrite");
    assert_text(event, "original_sql", "CREATE INDEX i ON t(a)");
    json_t *step = json_array_get(json_object_get(event, "executed"), 0);
    assert_text(step, "sql", "CREATE INDEX C…");
    json_t *object = json_array_get(json_object_get(event, "objects"), 0);
    assert_text(object, "name", "i");
    assert_true(json_is_null(json_object_get(object, "schema")));
    assert_text(json_object_get(event, "times"), "intended", "2023-11-14T22:13:20.123456Z");
    assert_int_equal(json_integer_value(json_object_get(event, "at")), WALL_US);
    assert_int_equal(json_integer_value(json_object_get(event, "lock_timeout_ms")), 2000);
    assert_int_equal(json_integer_value(json_object_get(event, "server_pid")), 4711);
    json_decref(event);
}

static void what_is_done_in_parts_is_listed_in_order(void **state)
{
    (void)state;
    json_t *event = intend(span_text("x"), span_of("ADD … NOT VALID\0VALIDATE\0", 27));
    json_t *executed = json_object_get(event, "executed");
    assert_int_equal(json_array_size(executed), 2);
    assert_text(json_array_get(executed, 0), "sql", "ADD … NOT VALID");
    assert_text(json_array_get(executed, 1), "sql", "VALIDATE");
    json_decref(event);
}

/* Why a rule did nothing stands in the ledger for ever: in the words of who wanted it so. */
static void a_rule_that_a_comment_allows_has_its_reason(void **state)
{
    (void)state;
    static const struct rule rule = {.id = "ban-drop-column"};
    static const struct change_who who = {"app", "alice", "psql", "unix", 4711, false};
    const struct statement statement = {.kind = STATEMENT_ALTER_TABLE, .tag = "ALTER TABLE"};
    struct decision decision = {.fired_count = 2};
    decision.fired[0].rule = decision.fired[1].rule = &rule;
    decision.fired[0].action = ACTION_WARN;
    decision.fired[1].action = ACTION_ALLOW;
    decision.fired[1].origin =
        (struct origin){.kind = ORIGIN_COMMENT, .reason = span_text("caf\xe9 \"closed\"")};
    struct change_intent intent = {.who = &who, .statement = &statement, .decision = &decision};
    struct buffer ledger = {0};
    change_write_intent(&ledger, CHANGE_INTENDED, &intent, NULL, span_of(NULL, 0), WALL_US);
    json_t *event = event_of(&ledger);
    json_t *rules = json_object_get(event, "rules");
    assert_int_equal(json_array_size(rules), 2);
    assert_text(json_array_get(rules, 0), "action", "warn");
    assert_null(json_object_get(json_array_get(rules, 0), "reason"));
    assert_text(json_array_get(rules, 1), "id", "ban-drop-column");
    assert_text(json_array_get(rules, 1), "action", "allow");
    assert_text(json_array_get(rules, 1), "reason", "caf\xc3\xa9 \"closed\"");
    json_decref(event);
}

/* So that it can be read again: the bytes as code points, and what they are bytes of. */
static void text_of_another_encoding_is_kept_with_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *encoding, *sql, *shown;
        bool named;
    } rows[] = {
        {"SJIS", "t \x95\\", "t \xc2\x95\\", true},
        {"EUC_JP", "t \xc9\xbd", "t \xc3\x89\xc2\xbd", true}, /* would be UTF-8 as well */
        {"SJIS", "t", "t", false},
        {"UTF8", "t \xc3\xa9", "t \xc3\xa9", false},
        {"SQL_ASCII", "t \xc3\xa9", "t \xc3\xa9", false},
        {"SQL_ASCII", "t \xe9", "t \xc3\xa9", true},
        {NULL, "t \xc3\xa9", "t \xc3\xa9", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *event = intend_in(rows[i].encoding, span_text(rows[i].sql), span_of(NULL, 0));
        assert_text(event, "original_sql", rows[i].shown);
        assert_text(json_array_get(json_object_get(event, "executed"), 0), "sql", rows[i].shown);
        assert_int_equal(json_object_get(event, "encoding") != NULL, rows[i].named);
        if (rows[i].named) {
            assert_text(event, "encoding", rows[i].encoding);
        }
        json_decref(event);
    }
}

static void any_bytes_become_valid_json(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *shown;
    } rows[] = {
        {"a\"b\\c\nd\te", "a\"b\\c\nd\te"},
        {"\xc3\xa9 \xf0\x9f\x90\x98", "\xc3\xa9 \xf0\x9f\x90\x98"},
        /* LATIN1: kept byte for byte as code points. */
        {"caf\xe9", "caf\xc3\xa9"},
        {"\xff\xfe", "\xc3\xbf\xc3\xbe"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *event = intend(span_text(rows[i].sql), span_of(NULL, 0));
        assert_text(event, "original_sql", rows[i].shown);
        json_t *step = json_array_get(json_object_get(event, "executed"), 0);
        assert_text(step, "sql", rows[i].shown);
        json_decref(event);
    }
}

static void each_end_has_its_time(void **state)
{
    (void)state;
    static const struct {
        enum change_kind kind;
        const char *name, *time;
    } rows[] = {
        {CHANGE_FORWARDED, "forwarded", "started"},
        {CHANGE_STMT_OK, "stmt_ok", "finished"},
        {CHANGE_COMMITTED, "committed", "committed"},
        {CHANGE_ROLLED_BACK, "rolled_back", "finished"},
        {CHANGE_UNDONE, "undone_by_savepoint", "finished"},
        {CHANGE_FAILED, "failed", "finished"},
        {CHANGE_PREPARED, "prepared", "finished"},
        {CHANGE_RETRY, "retry", NULL},
        {CHANGE_PROGRESS, "progress", NULL},
        {CHANGE_UNKNOWN, "unknown", NULL},
    };
    const struct change_id id = {{0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer ledger = {0};
        change_write(&ledger, rows[i].kind, &id, NULL, WALL_US);
        json_t *event = event_of(&ledger);
        assert_text(event, "kind", rows[i].name);
        json_t *times = json_object_get(event, "times");
        assert_int_equal(times != NULL, rows[i].time != NULL);
        if (times != NULL) {
            assert_text(times, rows[i].time, "2023-11-14T22:13:20.123456Z");
        }
        json_decref(event);
    }
}

static void progress_is_counted_in_rows(void **state)
{
    (void)state;
    const struct change_id id = {{0}};
    for (int64_t in_all = -1; in_all < 100; in_all += 100) {
        struct buffer ledger = {0};
        change_write(&ledger, CHANGE_PROGRESS, &id,
                     &(struct change_outcome){.rows = 42, .rows_in_all = in_all}, WALL_US);
        json_t *event = event_of(&ledger);
        const json_t *progress = json_object_get(event, "progress");
        assert_int_equal(json_integer_value(json_object_get(progress, "rows")), 42);
        const json_t *of = json_object_get(progress, "of");
        assert_true(in_all < 0 ? json_is_null(of) : json_integer_value(of) == in_all);
        json_decref(event);
    }
}

static void an_outcome_has_what_is_known(void **state)
{
    (void)state;
    const struct change_id id = {{0}};
    struct buffer ledger = {0};
    change_write(&ledger, CHANGE_FAILED, &id,
                 &(struct change_outcome){.sqlstate = span_text("23505"),
                                          .message = span_text("duplicates"),
                                          .attempts = 3},
                 WALL_US);
    json_t *event = event_of(&ledger);
    assert_text(event, "sqlstate", "23505");
    assert_text(event, "message", "duplicates");
    assert_int_equal(json_integer_value(json_object_get(event, "attempts")), 3);
    assert_null(json_object_get(event, "cleanup"));
    json_decref(event);
    change_write(&ledger, CHANGE_NEEDS_CLEANUP, &id,
                 &(struct change_outcome){.cleanup = span_text("DROP INDEX i")}, WALL_US);
    event = event_of(&ledger);
    assert_text(event, "cleanup", "DROP INDEX i");
    assert_null(json_object_get(event, "sqlstate"));
    assert_null(json_object_get(event, "undo"));
    json_decref(event);
}

static void what_undoes_a_change_is_said_by_query(void **state)
{
    (void)state;
    const struct change_id id = {{0}};
    const struct object_name table = {"app", "t"};
    const char queries[] = "SELECT 'a'\0SELECT 'b'"; /* and the literal's own NUL behind it */
    struct change_outcome outcome = {.cleanup = span_text("DROP INDEX i"),
                                     .undo = {span_of(queries, sizeof queries), &table}};
    struct buffer ledger = {0};
    change_write(&ledger, CHANGE_NEEDS_CLEANUP, &id, &outcome, WALL_US);
    json_t *event = event_of(&ledger);
    const json_t *undo = json_object_get(event, "undo");
    const json_t *list = json_object_get(undo, "queries");
    assert_string_equal(json_string_value(json_object_get(undo, "schema")), "app");
    assert_string_equal(json_string_value(json_object_get(undo, "table")), "t");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_string_value(json_array_get(list, 0)), "SELECT 'a'");
    assert_string_equal(json_string_value(json_array_get(list, 1)), "SELECT 'b'");
    json_decref(event);
}

static void ids_are_version_7_and_sort_by_time(void **state)
{
    (void)state;
    uint64_t random = 42;
    struct change_id before = change_id_new(&random, WALL_US);
    for (int i = 1; i <= 1000; i++) {
        struct change_id id = change_id_new(&random, WALL_US + (uint64_t)i * 1000);
        assert_int_equal(id.bytes[6] >> 4, 7);
        assert_int_equal(id.bytes[8] >> 6, 2);
        assert_true(memcmp(before.bytes, id.bytes, sizeof id.bytes) < 0);
        before = id;
    }
    /* Within one millisecond they are at least not the same. */
    struct change_id again = change_id_new(&random, WALL_US + 1000000);
    assert_memory_not_equal(before.bytes, again.bytes, sizeof again.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_intent_says_who_and_what),
        cmocka_unit_test(what_is_done_in_parts_is_listed_in_order),
        cmocka_unit_test(a_rule_that_a_comment_allows_has_its_reason),
        cmocka_unit_test(any_bytes_become_valid_json),
        cmocka_unit_test(text_of_another_encoding_is_kept_with_its_name),
        cmocka_unit_test(each_end_has_its_time),
        cmocka_unit_test(progress_is_counted_in_rows),
        cmocka_unit_test(an_outcome_has_what_is_known),
        cmocka_unit_test(what_undoes_a_change_is_said_by_query),
        cmocka_unit_test(ids_are_version_7_and_sort_by_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
