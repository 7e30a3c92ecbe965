/* Appends to the journal. It never waits for a reader and never repeats a write that failed.
 *
 *      begin -> append (event row, chain, change row, object rows) … -> commit: fsync of the log
 *                                                     later, when idle: checkpoint of the log
 *
 * Opening (journal_open.c) is the other half; both share journal_state.h. */
#include "proxy/ledger/journal.h"

#include <stdlib.h>

#include "proxy/ledger/journal_state.h"
#include "proxy/ledger/schema.h"
#include "proxy/ledger/why.h"

/* Pages of 4 kB in the log. Idle: as SQLite's own default. Busy: what a second of full load
 * writes; beyond it the log costs readers more than the pause costs sessions. */
#define CHECKPOINT_PAGES_IDLE 1000
#define CHECKPOINT_PAGES_BUSY 16000

static bool run(struct journal *journal, const char *sql, char **why)
{
    if (sqlite3_exec(journal->db, sql, NULL, NULL, NULL) == SQLITE_OK) {
        return true;
    }
    schema_why(journal->db, "write", journal->path, why);
    return false;
}

/* Runs a prepared statement that gives no rows. Its bindings are dropped, which makes it safe to
 * bind what does not outlive the caller. */
static bool finish(struct journal *journal, sqlite3_stmt *statement, char **why)
{
    bool done = sqlite3_step(statement) == SQLITE_DONE;
    if (!done) {
        schema_why(journal->db, "write", journal->path, why);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return done;
}

static void bind_id(sqlite3_stmt *statement, int place, const struct change_id *id)
{
    sqlite3_bind_blob(statement, place, id->bytes, CHANGE_ID_BYTES, SQLITE_STATIC);
}

/* NULL where the object has no such text. */
static void bind_member(sqlite3_stmt *statement, int place, const json_t *object, const char *key)
{
    sqlite3_bind_text(statement, place, json_string_value(json_object_get(object, key)), -1,
                      SQLITE_STATIC);
}

static bool insert_event(struct journal *journal, const struct event *event, char **why)
{
    char *body = json_dumps(event->body, JSON_COMPACT | JSON_SORT_KEYS);
    struct journal_head next = {.seq = journal->head.seq + 1};
    if (body == NULL || !chain_link(&journal->head.hash, span_text(body), &next.hash)) {
        why_set(why, "cannot write the ledger %s: out of memory", journal->path);
        free(body);
        return false;
    }
    sqlite3_stmt *insert = journal->statements[STATEMENT_INSERT_EVENT];
    sqlite3_bind_int64(insert, 1, next.seq);
    bind_id(insert, 2, &event->change_id);
    sqlite3_bind_text(insert, 3, event_kind_name(event->kind), -1, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 4, event->at_us);
    sqlite3_bind_text64(insert, 5, body, strlen(body), SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_bind_blob(insert, 6, journal->head.hash.bytes, CHAIN_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(insert, 7, next.hash.bytes, CHAIN_BYTES, SQLITE_STATIC);
    bool inserted = finish(journal, insert, why);
    free(body);
    if (inserted) {
        journal->head = next;
    }
    return inserted;
}

/* The change as its earlier events left it; an empty object for its first event. *first_seq and
 * *at_us are left alone then. NULL: *why. */
static json_t *load_change(struct journal *journal, const struct change_id *id, int64_t *first_seq,
                           int64_t *at_us, char **why)
{
    sqlite3_stmt *select = journal->statements[STATEMENT_SELECT_CHANGE];
    bind_id(select, 1, id);
    json_t *change = NULL;
    int result = sqlite3_step(select);
    if (result == SQLITE_DONE) {
        change = json_object();
    } else if (result == SQLITE_ROW) {
        *first_seq = sqlite3_column_int64(select, 0);
        *at_us = sqlite3_column_int64(select, 1);
        change = json_loads((const char *)sqlite3_column_text(select, 2), 0, NULL);
    }
    if (change == NULL) {
        schema_why(journal->db, "read a change of", journal->path, why);
    }
    sqlite3_reset(select);
    sqlite3_clear_bindings(select);
    return change;
}

static bool store_change(struct journal *journal, const struct change_id *id, int64_t first_seq,
                         int64_t at_us, const json_t *change, char **why)
{
    char *text = json_dumps(change, JSON_COMPACT);
    if (text == NULL) {
        why_set(why, "cannot write the ledger %s: out of memory", journal->path);
        return false;
    }
    sqlite3_stmt *upsert = journal->statements[STATEMENT_UPSERT_CHANGE];
    sqlite3_bind_int64(upsert, 1, first_seq);
    sqlite3_bind_int64(upsert, 2, journal->head.seq);
    bind_id(upsert, 3, id);
    sqlite3_bind_int64(upsert, 4, at_us);
    bind_member(upsert, 5, change, "state");
    bind_member(upsert, 6, change, "database");
    bind_member(upsert, 7, change, "user");
    bind_member(upsert, 8, change, "application_name");
    sqlite3_bind_text64(upsert, 9, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8);
    bool stored = finish(journal, upsert, why);
    free(text);
    return stored;
}

static bool store_objects(struct journal *journal, int64_t first_seq, const json_t *objects,
                          char **why)
{
    sqlite3_stmt *clear = journal->statements[STATEMENT_CLEAR_OBJECTS];
    sqlite3_bind_int64(clear, 1, first_seq);
    if (!finish(journal, clear, why)) {
        return false;
    }
    size_t ord;
    json_t *object;
    json_array_foreach(objects, ord, object)
    {
        sqlite3_stmt *insert = journal->statements[STATEMENT_INSERT_OBJECT];
        sqlite3_bind_int64(insert, 1, first_seq);
        sqlite3_bind_int64(insert, 2, (sqlite3_int64)ord);
        bind_member(insert, 3, object, "action");
        bind_member(insert, 4, object, "kind");
        bind_member(insert, 5, object, "schema");
        bind_member(insert, 6, object, "name");
        if (!finish(journal, insert, why)) {
            return false;
        }
    }
    return true;
}

static bool fold(struct journal *journal, const struct event *event, char **why)
{
    int64_t first_seq = journal->head.seq;
    int64_t at_us = event->at_us;
    json_t *change = load_change(journal, &event->change_id, &first_seq, &at_us, why);
    if (change == NULL) {
        return false;
    }
    bool stored = false;
    if (!event_fold(event, change)) {
        why_set(why, "cannot write the ledger %s: out of memory", journal->path);
    } else {
        stored = store_change(journal, &event->change_id, first_seq, at_us, change, why);
    }
    const json_t *objects = json_object_get(event->body, "objects");
    if (stored && objects != NULL) {
        stored = store_objects(journal, first_seq, objects, why);
    }
    json_decref(change);
    return stored;
}

bool journal_begin(struct journal *journal, char **why)
{
    return run(journal, "BEGIN IMMEDIATE", why);
}

bool journal_append(struct journal *journal, struct event *event, char **why)
{
    /* In the body, so that the hash covers them. v: the version of the record. */
    if (json_object_set_new(event->body, "seq", json_integer(journal->head.seq + 1)) != 0 ||
        json_object_set_new(event->body, "v", json_integer(1)) != 0) {
        why_set(why, "cannot write the ledger %s: out of memory", journal->path);
        return false;
    }
    return insert_event(journal, event, why) && fold(journal, event, why);
}

bool journal_commit(struct journal *journal, char **why)
{
    return run(journal, "COMMIT", why);
}

bool journal_wants_checkpoint(const struct journal *journal)
{
    return journal->log_pages >= CHECKPOINT_PAGES_IDLE;
}

bool journal_checkpoint(struct journal *journal, bool idle, char **why)
{
    if (journal->log_pages < (idle ? CHECKPOINT_PAGES_IDLE : CHECKPOINT_PAGES_BUSY)) {
        return true;
    }
    int result =
        sqlite3_wal_checkpoint_v2(journal->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (result != SQLITE_OK && result != SQLITE_BUSY) {
        schema_why(journal->db, "checkpoint", journal->path, why);
        return false;
    }
    /* What a reader still needs stays in the log; the next commit counts it again. */
    journal->log_pages = 0;
    return true;
}

struct journal_head journal_head(const struct journal *journal)
{
    return journal->head;
}
