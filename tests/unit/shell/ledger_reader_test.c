/* Finding changes and events: filters, order, beginnings of ids; while a writer is at work, too. */
#include "tests/unit/shell/ledger_fixture.h"

#include <jansson.h>

#include "proxy/ledger/moment.h"
#include "proxy/ledger/reader.h"

/* What was found, as one text: the last character of each change id, or the kind of each event. */
struct found {
    char text[512];
    int64_t last_seq;
    unsigned limit; /* stop after so many; 0: never */
};

static bool note_change(void *who, const char *json, int64_t seq)
{
    struct found *found = who;
    json_t *change = json_loads(json, 0, NULL);
    const char *id = json_string_value(json_object_get(change, "change_id"));
    assert_non_null(id);
    size_t length = strlen(found->text);
    snprintf(found->text + length, sizeof found->text - length, "%s", id + 35);
    found->last_seq = seq;
    json_decref(change);
    return strlen(found->text) != found->limit;
}

static bool note_event(void *who, const char *json, int64_t seq)
{
    struct found *found = who;
    json_t *event = json_loads(json, 0, NULL);
    const char *at = json_string_value(json_object_get(event, "at"));
    const json_t *body = json_object_get(event, "body");
    assert_int_equal(json_integer_value(json_object_get(event, "seq")), seq);
    assert_int_equal(json_integer_value(json_object_get(body, "seq")), seq);
    assert_int_equal(strlen(at), MOMENT_TEXT);
    size_t length = strlen(found->text);
    snprintf(found->text + length, sizeof found->text - length, "%s ",
             json_string_value(json_object_get(event, "kind")));
    json_decref(event);
    return true;
}

/* Four changes, 1 to 4, a microsecond after each other. */
static struct ledger *write_some(const char *path)
{
    struct ledger *ledger = open_or_fail(path);
    static const char *const lines[][2] = {
        {"intended", ",\"database\":\"shop\",\"user\":\"app\",\"application_name\":\"deploy\","
                     "\"original_sql\":\"ALTER TABLE Orders ADD a_b int\",\"objects\":[{\"action\":"
                     "\"alter\",\"kind\":\"table\",\"schema\":null,\"name\":\"orders\"}]"},
        {"intended", ",\"database\":\"shop\",\"user\":\"bob\",\"application_name\":\"psql\","
                     "\"original_sql\":\"CREATE INDEX i ON s.orders (axb)\",\"objects\":[{\"kind\":"
                     "\"index\",\"schema\":\"s\",\"name\":\"i\"},{\"kind\":\"table\",\"schema\":"
                     "\"s\",\"name\":\"orders\"}]"},
        {"intended", ",\"database\":\"bank\",\"user\":\"app\",\"original_sql\":\"DROP TABLE x\","
                     "\"objects\":[{\"kind\":\"table\",\"schema\":\"t\",\"name\":\"orders\"}]"},
        {"denied", ",\"database\":\"bank\",\"user\":\"app\",\"sqlstate\":\"42501\","
                   "\"message\":\"100% refused\",\"original_sql\":\"DROP TABLE y\""},
    };
    for (unsigned i = 0; i < 4; i++) {
        assert_true(submit_and_wait(ledger, event_line(i + 1, lines[i][0], lines[i][1])));
    }
    assert_true(submit_and_wait(ledger, event_line(3, "failed", ",\"message\":\"no X there\"")));
    assert_true(submit_and_wait(ledger, event_line(1, "committed", "")));
    return ledger;
}

static struct ledger_reader *open_reader(const char *path)
{
    char *why = NULL;
    struct ledger_reader *reader = ledger_reader_open(path, &why);
    if (reader == NULL) {
        fail_msg("%s", why);
    }
    return reader;
}

struct search {
    struct ledger_filter filter;
    const char *finds;
};

#define AT_US 1760000000000000

static void test_filters(void **state)
{
    const struct fixture *fixture = *state;
    static const struct search searches[] = {
        {{0}, "4321"},
        {{.limit = 2}, "43"},
        {{.by_last_event = true}, "1342"},
        {{.by_last_event = true, .after_seq = 4}, "13"},
        {{.by_last_event = true, .after_seq = 6}, ""},
        {{.database = "shop"}, "21"},
        {{.database = "sho"}, ""},
        {{.user = "app"}, "431"},
        {{.user = "app", .database = "shop"}, "1"},
        {{.application = "psql"}, "2"},
        {{.state = "committed"}, "1"},
        {{.state = "failed"}, "3"},
        {{.since_us = AT_US + 3}, "43"},
        {{.until_us = AT_US + 3}, "21"},
        {{.since_us = AT_US + 2, .until_us = AT_US + 3}, "2"},
        {{.table = "orders"}, "321"},
        {{.table = "s.orders"}, "21"},
        {{.table = "u.orders"}, "1"},
        {{.table = "order"}, ""},
        {{.table = "i"}, "2"},
        {{.text = "orders add"}, "1"},
        {{.text = "drop table"}, "43"},
        {{.text = "a_b"}, "1"},
        {{.text = "100% REFUSED"}, "4"},
        {{.text = "%"}, "4"},
        {{.text = "\\"}, ""},
        {{.text = "no x"}, "3"},
        {{.id = "0199c3f0"}, "4321"},
        {{.id = "0199c3f0-0000-7000-8000-000000000002"}, "2"},
        {{.id = "nonsense"}, ""},
        {{.database = "' OR true --"}, ""},
    };
    struct ledger *ledger = write_some(fixture->path);
    struct ledger_reader *reader = open_reader(fixture->path);
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        struct found found = {0};
        char *why = NULL;
        assert_true(ledger_reader_changes(reader, &searches[i].filter, note_change, &found, &why));
        if (strcmp(found.text, searches[i].finds) != 0) {
            fail_msg("search %zu found \"%s\", not \"%s\"", i, found.text, searches[i].finds);
        }
    }
    struct found one = {.limit = 1};
    assert_true(ledger_reader_changes(reader, &searches[0].filter, note_change, &one, NULL));
    assert_string_equal(one.text, "4");
    ledger_reader_close(reader);
    ledger_close(ledger);
}

static bool keep_json(void *who, const char *json, int64_t seq)
{
    (void)seq;
    *(char **)who = strdup(json);
    return true;
}

/* All fields, in the order of the design, null where nothing is known. */
static void test_gives_every_field(void **state)
{
    const struct fixture *fixture = *state;
    struct ledger *ledger = open_or_fail(fixture->path);
    assert_true(submit_and_wait(ledger, event_line(5, "retry",
                                                   ",\"attempts\":2,\"tx_id\":\"x\","
                                                   "\"times\":{\"started\":\"t\"}")));
    struct ledger_reader *reader = open_reader(fixture->path);
    char *json = NULL;
    assert_true(ledger_reader_changes(reader, &(struct ledger_filter){0}, keep_json, &json, NULL));
    assert_string_equal(
        json,
        "{\"change_id\":\"0199c3f0-0000-7000-8000-000000000005\",\"state\":null,\"tag\":null,"
        "\"database\":null,\"user\":null,\"application_name\":null,\"client\":null,"
        "\"original_sql\":null,\"encoding\":null,\"executed\":null,\"objects\":null,\"rules\":null,"
        "\"verdict\":null,\"sqlstate\":null,\"message\":null,\"attempts\":2,"
        "\"lock_timeout_ms\":null,\"progress\":null,\"cleanup\":null,\"remains\":null,"
        "\"times\":{\"intended\":null,\"started\":\"t\","
        "\"finished\":null,\"committed\":null}}");
    free(json);
    ledger_reader_close(reader);
    ledger_close(ledger);
}

static void test_gives_events(void **state)
{
    const struct fixture *fixture = *state;
    struct ledger *ledger = write_some(fixture->path);
    struct ledger_reader *reader = open_reader(fixture->path);
    struct found found = {0};
    char *why = NULL;
    const char *id = "0199c3f0-0000-7000-8000-000000000001";
    assert_true(ledger_reader_events(reader, id, note_event, &found, &why));
    assert_string_equal(found.text, "intended committed ");
    found.text[0] = 0;
    assert_true(ledger_reader_events(reader, "0199c3f1", note_event, &found, &why));
    assert_true(ledger_reader_events(reader, "nonsense", note_event, &found, &why));
    assert_string_equal(found.text, "");
    assert_false(ledger_reader_events(reader, "0199", note_event, &found, &why));
    assert_says(why, "more than one change id begins with 0199");
    assert_string_equal(found.text, "");
    ledger_reader_close(reader);
    ledger_close(ledger);
}

static bool note_cleanup(void *who, const char *json, int64_t seq)
{
    struct found *found = who;
    json_t *change = json_loads(json, 0, NULL);
    const char *id = json_string_value(json_object_get(change, "change_id"));
    (void)seq;
    assert_non_null(id);
    assert_non_null(json_object_get(change, "database"));
    strcat(strcat(found->text, id + strlen(id) - 1), " ");
    json_decref(change);
    return true;
}

/* 1 to 4 may have left something; 5 is done, 6 was not sent, 7 does not say how to find it, of 8
 * and 9 somebody has seen to it already. */
static void test_gives_what_is_to_be_cleaned_up(void **state)
{
#define DATABASE ",\"database\":\"d\""
#define CLEANUP  ",\"cleanup\":\"x\""
#define UNDO     ",\"undo\":{\"schema\":\"s\",\"table\":\"t\",\"queries\":[\"SELECT 1\"]}"
    struct event {
        const char *kind, *more;
    };
    static const struct event intended = {"intended", DATABASE};
    static const struct event undoable = {"intended", DATABASE UNDO};
    static const struct event sent = {"forwarded", ",\"times\":{\"started\":\"t\"}"};
    static const struct event failed = {"failed", ""};
    static const struct event committed = {"committed", ""};
    static const struct event unknown = {"unknown", ""};
    static const struct event left = {"needs_cleanup", CLEANUP UNDO};
    static const struct event left_somewhere = {"needs_cleanup", CLEANUP};
    static const struct event left_alone = {"needs_cleanup", DATABASE CLEANUP UNDO};
    static const struct event cleaned = {"cleaned_up", ",\"cleanup\":null,\"undo\":null"};
    static const struct event given_up = {"cleanup_failed", ",\"undo\":null"};
    static const struct event *const changes[][4] = {
        {&intended, &failed, &left},
        {&undoable, &sent, &unknown},
        {&undoable, &sent, &unknown, &left},
        {&intended, &cleaned, &left},
        {&undoable, &sent, &committed},
        {&undoable, &unknown},
        {&intended, &left_somewhere},
        {&left_alone, &cleaned},
        {&left_alone, &given_up},
    };
    const struct fixture *fixture = *state;
    char *why = NULL;
    struct ledger *ledger = ledger_open(fixture->path, &why);
    for (unsigned i = 0; i < sizeof changes / sizeof *changes; i++) {
        for (size_t k = 0; k < 4 && changes[i][k] != NULL; k++) {
            const struct event *event = changes[i][k];
            assert_true(submit_and_wait(ledger, event_line(i + 1, event->kind, event->more)));
        }
    }
    struct ledger_reader *reader = open_reader(fixture->path);
    struct found found = {0};
    assert_true(ledger_reader_cleanups(reader, note_cleanup, &found, &why));
    assert_string_equal(found.text, "1 2 3 4 ");
    ledger_reader_close(reader);
    ledger_close(ledger);
}

static void assert_not_read(const char *path, const char *says)
{
    char *why = NULL;
    assert_null(ledger_reader_open(path, &why));
    assert_says(why, says);
}

static void test_refuses_other_files(void **state)
{
    const struct fixture *fixture = *state;
    assert_not_read(fixture->path, "No such file");
    fclose(fopen(fixture->path, "w"));
    assert_not_read(fixture->path, "is not a ledger");
    ledger_close(open_or_fail(fixture->path));
    ledger_reader_close(open_reader(fixture->path)); /* with no writer there */
    free(tamper(fixture->path, "PRAGMA user_version = 7"));
    assert_not_read(fixture->path, "is of version 7");
    free(tamper(fixture->path, "PRAGMA user_version = 1; DROP TABLE change"));
    struct ledger_reader *reader = open_reader(fixture->path);
    struct found found = {0};
    char *why = NULL;
    const struct ledger_filter all = {0};
    assert_false(ledger_reader_changes(reader, &all, note_change, &found, &why));
    assert_says(why, "no such table");
    ledger_reader_close(reader);
}

struct moment_case {
    const char *text;
    int64_t at_us; /* -1: not understood */
};

static void test_reads_times(void **state)
{
    (void)state;
    static const int64_t now_us = 1795343645123456; /* 2026-11-22T10:34:05.123456Z */
    static const struct moment_case cases[] = {
        {"2026-11-22T10:34:05.123456Z", 1795343645123456},
        {"2026-11-22T10:34:05.123456789Z", 1795343645123456},
        {"2026-11-22 10:34:05.5", 1795343645500000},
        {"2026-11-22T10:34:05", 1795343645000000},
        {"2026-11-22T10:34", 1795343640000000},
        {"2026-11-22T11:34+01:00", 1795343640000000},
        {"2026-11-22T05:04-05:30", 1795343640000000},
        {"2026-11-22", 1795305600000000},
        {"1970-01-01", 0},
        {"5s", 1795343640123456},
        {"1m", 1795343585123456},
        {"2h", 1795336445123456},
        {"1d", 1795257245123456},
        {"1w", 1794738845123456},
        {"", -1},
        {"yesterday", -1},
        {"2026", -1},
        {"2026-11-22T", -1},
        {"2026-11-22T10", -1},
        {"2026-11-22T10:34:05+1", -1},
        {"2026-11-22x", -1},
        {"2026-13-22", -1},
        {"1969-12-31", -1},
        {"2y", -1},
        {"-2h", -1},
        {"99999999999999999999h", -1},
        {"2hh", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t at_us = -1;
        bool understood = moment_parse(cases[i].text, now_us, &at_us);
        if (understood != (cases[i].at_us >= 0) || (understood && at_us != cases[i].at_us)) {
            fail_msg("\"%s\" was read as %lld", cases[i].text, (long long)at_us);
        }
    }
    char text[MOMENT_TEXT + 1];
    moment_text(now_us, text);
    assert_string_equal(text, cases[0].text);
    moment_text(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
        IN_FOLDER(test_filters),
        IN_FOLDER(test_gives_every_field),
        IN_FOLDER(test_gives_events),
        IN_FOLDER(test_gives_what_is_to_be_cleaned_up),
        IN_FOLDER(test_refuses_other_files),
        cmocka_unit_test(test_reads_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
