/* Events out of lines, ids out of texts, and the fold; no file is touched. */
#include "tests/unit/shell/ledger_fixture.h"

#include <sys/mman.h>
#include <unistd.h>

#include "proxy/ledger/event.h"

#define ID "0199c3f0-5c1e-7abc-8def-0123456789ab"

/* The line against an unreadable page: a read behind its end is a crash. */
static bool parse_at_edge(const char *text, struct event *event, char **why)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    size_t length = strlen(text);
    memcpy(pages + page - length, text, length);
    bool parsed = event_parse(span_of(pages + page - length, length), event, why);
    munmap(pages, 2 * page);
    return parsed;
}

struct bad_line {
    const char *line, *says;
};

static void test_refuses_what_is_no_event(void **state)
{
    (void)state;
    static const struct bad_line bad_lines[] = {
        {"", "JSON"},
        {"{", "JSON"},
        {"[]", "object"},
        {"{\"change_id\":1,\"kind\":\"intended\",\"at\":1}", "change_id"},
        {"{\"change_id\":\"nonsense\",\"kind\":\"intended\",\"at\":1}", "change_id"},
        {"{\"change_id\":\"" ID "0\",\"kind\":\"intended\",\"at\":1}", "change_id"},
        {"{\"change_id\":\"" ID "\",\"kind\":\"invented\",\"at\":1}", "kind"},
        {"{\"change_id\":\"" ID "\",\"kind\":\"intended\"}", "at"},
        {"{\"change_id\":\"" ID "\",\"kind\":\"intended\",\"at\":-1}", "at"},
        {"{\"change_id\":\"" ID "\",\"kind\":\"intended\",\"at\":\"now\"}", "at"},
        {"{\"change_id\":\"" ID "\",\"kind\":\"intended\",\"at\":1,\"at\":2}", "JSON"},
        {"{\"change_id\":\"" ID "\",\"kind\":\"intended\",\"at\":1,\"times\":5}", "times"},
        {"{\"change_id\":\"" ID "\",\"kind\":\"intended\",\"at\":1,\"objects\":{}}", "objects"},
        {"{\"change_id\":\"" ID "\",\"kind\":\"intended\",\"at\":1}{}", "JSON"},
        {"{\"change_id\":\"" ID "\",\"kind\":\"intended\",\"at\":1,\"tag\":\"\xff\"}", "JSON"},
    };
    for (size_t i = 0; i < sizeof bad_lines / sizeof bad_lines[0]; i++) {
        struct event event;
        char *why = NULL;
        assert_false(parse_at_edge(bad_lines[i].line, &event, &why));
        assert_says(why, bad_lines[i].says);
    }
}

static void test_reads_the_envelope(void **state)
{
    (void)state;
    struct event event;
    char *why = NULL;
    assert_true(
        parse_at_edge("{\"change_id\":\"" ID "\",\"kind\":\"stmt_ok\",\"at\":17}", &event, &why));
    char text[CHANGE_ID_TEXT + 1];
    change_id_text(&event.change_id, text);
    assert_string_equal(text, ID);
    assert_int_equal(event.kind, EVENT_STMT_OK);
    assert_int_equal(event.at_us, 17);
    event_free(&event);
}

static void test_knows_the_states(void **state)
{
    (void)state;
    assert_string_equal(event_kind_state(EVENT_FORWARDED), "in_flight");
    assert_null(event_kind_state(EVENT_RETRY));
    assert_true(event_state_exists("in_flight"));
    assert_true(event_state_exists("undone_by_savepoint"));
    assert_false(event_state_exists("retry"));
    assert_false(event_state_exists("nonsense"));
}

static void fold_line(json_t *change, const char *kind, const char *more)
{
    char *line = event_line(1, kind, more);
    struct event event;
    char *why = NULL;
    assert_true(event_parse(span_text(line), &event, &why));
    assert_true(event_fold(&event, change));
    event_free(&event);
    free(line);
}

static void test_folds_a_life(void **state)
{
    (void)state;
    json_t *change = json_object();
    fold_line(change, "intended",
              ",\"tag\":\"CREATE INDEX\",\"attempts\":1,\"seq\":1,\"v\":1,"
              "\"executed\":[{\"sql\":\"a\"},{\"sql\":\"b\"}],\"times\":{\"intended\":\"t1\"}");
    fold_line(change, "forwarded", ",\"times\":{\"started\":\"t2\"}");
    fold_line(change, "retry", ",\"attempts\":2,\"sqlstate\":\"55P03\"");
    fold_line(change, "committed",
              ",\"executed\":[{\"sql\":\"c\"}],"
              "\"times\":{\"finished\":\"t3\",\"committed\":\"t4\"}");
    json_t *expected =
        json_pack("{s:s, s:s, s:i, s:[{s:s}], s:{s:s, s:s, s:s, s:s}, s:s, s:s}", "change_id",
                  "0199c3f0-0000-7000-8000-000000000001", "tag", "CREATE INDEX", "attempts", 2,
                  "executed", "sql", "c", "times", "intended", "t1", "started", "t2", "finished",
                  "t3", "committed", "t4", "sqlstate", "55P03", "state", "committed");
    assert_non_null(expected);
    if (!json_equal(change, expected)) {
        fail_msg("folded to %s", json_dumps(change, JSON_COMPACT));
    }
    json_decref(expected);
    json_decref(change);
}

struct id_prefix {
    const char *prefix;
    bool valid, holds; /* is the beginning of some id; of ID */
};

static void test_finds_ids_by_their_beginning(void **state)
{
    (void)state;
    static const struct id_prefix prefixes[] = {
        {"0", true, true},         {"019", true, true},        {"0199C3F0", true, true},
        {"0199c3f0-", true, true}, {"0199c3f0-5", true, true}, {"0199c3f1", true, false},
        {ID, true, true},          {"", false, false},         {"0199c3f05", false, false},
        {"-0199", false, false},   {"xyz", false, false},      {ID "0", false, false},
    };
    struct change_id id;
    assert_true(change_id_parse(ID, &id));
    assert_false(change_id_parse("0199c3f0", &id));
    assert_true(change_id_parse(ID, &id));
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        struct change_id low;
        struct change_id high;
        bool valid = change_id_range(prefixes[i].prefix, &low, &high);
        assert_int_equal(valid, prefixes[i].valid);
        bool holds =
            valid && memcmp(&low, &id, sizeof id) <= 0 && memcmp(&id, &high, sizeof id) <= 0;
        assert_int_equal(holds, prefixes[i].holds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_what_is_no_event),
        cmocka_unit_test(test_reads_the_envelope),
        cmocka_unit_test(test_knows_the_states),
        cmocka_unit_test(test_folds_a_life),
        cmocka_unit_test(test_finds_ids_by_their_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
