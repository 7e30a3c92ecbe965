/* The journal as a file: what is in it, what it refuses, what it notices. */
#include "tests/unit/shell/ledger_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include "proxy/ledger/chain.h"
#include "proxy/ledger/event.h"
#include "proxy/ledger/journal.h"
#include "proxy/ledger/place.h"

static struct journal *open_journal(const char *path, const struct journal_head *expected)
{
    FILE *file = fopen(path, "ab"); /* place.c does this in the program */
    assert_non_null(file);
    fclose(file);
    char *why = NULL;
    struct journal *journal = journal_open(path, expected, &why);
    if (journal == NULL) {
        fail_msg("%s", why);
    }
    return journal;
}

static void append_line(struct journal *journal, unsigned number, const char *kind,
                        const char *more)
{
    char *line = event_line(number, kind, more);
    struct event event;
    char *why = NULL;
    if (!event_parse(span_text(line), &event, &why) || !journal_begin(journal, &why) ||
        !journal_append(journal, &event, &why) || !journal_commit(journal, &why)) {
        fail_msg("%s", why);
    }
    event_free(&event);
    free(line);
}

static void test_folds_into_the_tables(void **state)
{
    const struct fixture *fixture = *state;
    const char *path = fixture->path;
    struct journal *journal = open_journal(path, NULL);
    append_line(journal, 7, "intended",
                ",\"database\":\"shop\",\"user\":\"app\",\"application_name\":\"deploy\","
                "\"objects\":[{\"action\":\"create\",\"kind\":\"index\",\"schema\":\"public\","
                "\"name\":\"i\"},{\"action\":\"add\",\"kind\":\"table\",\"name\":\"t\"}]");
    append_line(journal, 8, "intended", "");
    append_line(journal, 7, "forwarded", "");
    append_line(journal, 7, "committed",
                ",\"objects\":[{\"action\":\"create\",\"kind\":\"index\",\"schema\":\"s2\","
                "\"name\":\"j\"}]");
    assert_int_equal(query_number(path, "SELECT count(*) FROM event"), 4);
    assert_int_equal(query_number(path, "SELECT count(*) FROM change"), 2);
    static const char columns[] =
        "SELECT first_seq || ' ' || last_seq || ' ' || hex(change_id) || ' ' || at_us || ' ' ||"
        " state || ' ' || database || ' ' || user || ' ' || application FROM change"
        " WHERE first_seq = 1";
    assert_says(query(path, columns), "1 4 0199C3F0000070008000000000000007 1760000000000007 "
                                      "committed shop app deploy");
    assert_says(query(path, "SELECT group_concat(ord || schema || name) FROM object"), "0s2j");
    assert_says(query(path, "SELECT json FROM change WHERE first_seq = 2"),
                "\"state\":\"intended\"");
    journal_close(journal);
}

/* By the rule of chain.h, from nothing but what is in the file. */
static void assert_chain_is_whole(const char *path, long expected_count)
{
    sqlite3 *db;
    sqlite3_stmt *rows;
    struct chain_hash hash;
    char *instance = query(path, "SELECT value FROM meta WHERE key = 'instance_id'");
    assert_int_equal(strlen(instance), CHANGE_ID_TEXT);
    assert_true(chain_genesis(instance, &hash));
    free(instance);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT seq, body, prev_hash, hash FROM event", -1, &rows, NULL),
        SQLITE_OK);
    long count = 0;
    while (sqlite3_step(rows) == SQLITE_ROW) {
        assert_int_equal(sqlite3_column_int64(rows, 0), ++count);
        assert_memory_equal(sqlite3_column_blob(rows, 2), hash.bytes, CHAIN_BYTES);
        struct span body =
            span_of(sqlite3_column_text(rows, 1), (size_t)sqlite3_column_bytes(rows, 1));
        assert_true(chain_link(&hash, body, &hash));
        assert_memory_equal(sqlite3_column_blob(rows, 3), hash.bytes, CHAIN_BYTES);
    }
    assert_int_equal(count, expected_count);
    sqlite3_finalize(rows);
    sqlite3_close(db);
}

/* The known answer pins the rule: sha256sum of the same bytes gave it. */
static void test_chain_has_a_known_answer(void **state)
{
    (void)state;
    struct chain_hash hash;
    memset(hash.bytes, 'x', CHAIN_BYTES);
    assert_true(chain_link(&hash, span_text("{}"), &hash));
    static const uint8_t expected[] = {0x18, 0xc0, 0x7e, 0x0e, 0xf2, 0xe2, 0xf8, 0x08,
                                       0x83, 0x06, 0x0b, 0xa1, 0x93, 0x7a, 0x39, 0xa9,
                                       0x96, 0x10, 0x3c, 0x7b, 0x79, 0x2e, 0xca, 0x42,
                                       0xa4, 0xf9, 0x6b, 0xb5, 0xcd, 0x1f, 0x5f, 0x80};
    assert_memory_equal(hash.bytes, expected, CHAIN_BYTES);
}

static void test_chain_goes_on_after_reopening(void **state)
{
    const struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture->path, NULL);
    append_line(journal, 1, "intended", ",\"original_sql\":\"SELECT '\\u0001 \xc3\xa4 \\\" / '\"");
    append_line(journal, 1, "committed", "");
    struct journal_head head = journal_head(journal);
    assert_int_equal(head.seq, 2);
    journal_close(journal);
    journal = open_journal(fixture->path, &head);
    append_line(journal, 2, "denied", "");
    assert_chain_is_whole(fixture->path, 3);
    assert_says(query(fixture->path, "SELECT body FROM event WHERE seq = 3"), "\"seq\":3,\"v\":1}");
    journal_close(journal);
}

static void test_is_append_only(void **state)
{
    const struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture->path, NULL);
    append_line(journal, 1, "intended", "");
    append_line(journal, 1, "committed", "");
    static const char *const attempts[] = {
        "UPDATE event SET body = 'x'",
        "DELETE FROM event WHERE seq = 1",
        "DELETE FROM event",
        "INSERT OR REPLACE INTO event SELECT 1, change_id, kind, at_us, 'x', hash, hash FROM event",
        "REPLACE INTO event SELECT 2, change_id, kind, at_us, 'x', hash, hash FROM event",
        "INSERT INTO event SELECT 9, change_id, kind, at_us, body, hash, hash FROM event LIMIT 1",
    };
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        assert_says(tamper(fixture->path, attempts[i]), "the ledger ");
    }
    assert_chain_is_whole(fixture->path, 2);
    journal_close(journal);
}

static void assert_refused(const char *path, const struct journal_head *expected, const char *says)
{
    char *why = NULL;
    struct journal *journal = journal_open(path, expected, &why);
    assert_null(journal);
    assert_says(why, says);
}

static void test_refuses_other_files(void **state)
{
    const struct fixture *fixture = *state;
    const char *path = fixture->path;
    journal_close(open_journal(path, NULL));
    free(tamper(path, "PRAGMA user_version = 2"));
    assert_refused(path, NULL, "is of version 2, this ddlguard reads version 1");
    free(tamper(path, "PRAGMA user_version = 1; PRAGMA application_id = 5"));
    assert_refused(path, NULL, "is not a ledger of ddlguard");

    remove(path);
    FILE *file = fopen(path, "wb");
    fputs("this is a text file, long enough to be taken for a header of a database by nobody at "
          "all, whoever looks at it",
          file);
    fclose(file);
    assert_refused(path, NULL, "file is not a database");

    remove(path);
    file = fopen(path, "wb");
    fclose(file);
    free(tamper(path, "CREATE TABLE somebody_elses(a)"));
    assert_refused(path, NULL, "is not a ledger of ddlguard");
    assert_says(query(path, "PRAGMA journal_mode"), "delete"); /* and was left as it was */
}

static void test_notices_a_damaged_end(void **state)
{
    const struct fixture *fixture = *state;
    const char *path = fixture->path;
    struct journal *journal = open_journal(path, NULL);
    append_line(journal, 1, "intended", "");
    append_line(journal, 1, "committed", "");
    struct journal_head head = journal_head(journal);
    journal_close(journal);
    struct journal_head other = head;
    other.hash.bytes[0] ^= 1;
    assert_refused(path, &other, "no longer holds event 2");
    other.seq = 3;
    assert_refused(path, &other, "no longer holds event 3");
    free(tamper(path, "DROP TRIGGER event_no_update;"
                      "UPDATE event SET body = replace(body, 'committed', 'rolled_back')"));
    assert_refused(path, NULL, "its event 2 does not match its hash");
}

static void test_settles_what_was_left_open(void **state)
{
    const struct fixture *fixture = *state;
    static const char *const kinds[] = {"intended",    "forwarded", "stmt_ok", "committed",
                                        "rolled_back", "denied",    "failed",  "prepared"};
    struct journal *journal = open_journal(fixture->path, NULL);
    for (unsigned i = 0; i < 8; i++) {
        append_line(journal, i, "intended", ",\"tag\":\"CREATE TABLE\"");
        append_line(journal, i, kinds[i], "");
    }
    char *why = NULL;
    assert_true(journal_settle(journal, 1770000000000000, &why));
    assert_true(journal_settle(journal, 1770000000000000, &why)); /* nothing is left to do */
    assert_says(
        query(fixture->path,
              "SELECT group_concat(state) FROM (SELECT state FROM change ORDER BY first_seq)"),
        "unknown,unknown,unknown,committed,rolled_back,denied,failed,prepared");
    assert_int_equal(query_number(fixture->path, "SELECT count(*) FROM event"), 19);
    assert_says(query(fixture->path, "SELECT json FROM change"), "\"tag\":\"CREATE TABLE\"");
    assert_chain_is_whole(fixture->path, 19);
    journal_close(journal);
}

static void test_checkpoints_beside_a_reader(void **state)
{
    const struct fixture *fixture = *state;
    struct journal *journal = open_journal(fixture->path, NULL);
    append_line(journal, 0, "intended", "");
    sqlite3 *reader;
    sqlite3_stmt *rows;
    assert_int_equal(sqlite3_open_v2(fixture->path, &reader, SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    sqlite3_prepare_v2(reader, "SELECT * FROM event", -1, &rows, NULL);
    assert_int_equal(sqlite3_step(rows), SQLITE_ROW); /* and stands there */
    char *why = NULL;
    for (unsigned i = 1; i < 400; i++) {
        append_line(journal, i, "intended", "");
        assert_true(journal_checkpoint(journal, true, &why));
    }
    sqlite3_finalize(rows);
    sqlite3_close(reader);
    for (unsigned i = 400; i < 700; i++) {
        append_line(journal, i, "intended", "");
        assert_true(journal_checkpoint(journal, true, &why));
    }
    assert_chain_is_whole(fixture->path, 700);
    struct stat log;
    char name[128];
    snprintf(name, sizeof name, "%s-wal", fixture->path);
    assert_int_equal(stat(name, &log), 0);
    assert_true(log.st_size < 24 << 20); /* 700 transactions of some 13 pages would be 37 MB */
    journal_close(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
        cmocka_unit_test(test_chain_has_a_known_answer),
        IN_FOLDER(test_folds_into_the_tables),
        IN_FOLDER(test_chain_goes_on_after_reopening),
        IN_FOLDER(test_is_append_only),
        IN_FOLDER(test_refuses_other_files),
        IN_FOLDER(test_notices_a_damaged_end),
        IN_FOLDER(test_settles_what_was_left_open),
        IN_FOLDER(test_checkpoints_beside_a_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
