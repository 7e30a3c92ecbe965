/* Opens, verifies, settles and closes the journal. It never writes an event of a session's. */
#include <stdlib.h>

#include "proxy/ledger/journal_state.h"
#include "proxy/ledger/schema.h"
#include "proxy/ledger/why.h"

/* WAL: readers and the writer do not wait for each other. FULL: a commit has been fsynced. No
 * checkpoint inside a commit: somebody is waiting for that commit. */
static const char pragmas[] = "PRAGMA journal_mode = WAL;"
                              "PRAGMA synchronous = FULL;"
                              "PRAGMA foreign_keys = ON;"
                              "PRAGMA trusted_schema = OFF;"
                              "PRAGMA wal_autocheckpoint = 0;";

/* Written at every opening: that the disk takes it is the proof that the journal can be written. */
static const char proof[] =
    "INSERT OR REPLACE INTO meta VALUES('opened_at', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))";

static const char *const statement_texts[] = {
#define JOURNAL_STATEMENT_TEXT(value, sql) [value] = (sql),
    JOURNAL_STATEMENTS(JOURNAL_STATEMENT_TEXT)
#undef JOURNAL_STATEMENT_TEXT
};

static int remember_log_pages(void *who, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    struct journal *journal = who;
    journal->log_pages = pages;
    return SQLITE_OK;
}

/* What is in the log may be there only in the page cache, if this opening follows an fsync that
 * failed: moving it into the file, with an fsync of its own, settles that. A reader in the way is
 * no harm: it moves later. */
static bool move_log(sqlite3 *db)
{
    int result = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return result == SQLITE_OK || result == SQLITE_BUSY;
}

static bool connect(struct journal *journal, char **why)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(journal->path, &journal->db, flags, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(journal->db, SCHEMA_BUSY_MS) != SQLITE_OK) {
        schema_why(journal->db, "open", journal->path, why);
        return false;
    }
    /* First of all: a file of another program's must not be altered by our pragmas. */
    if (!schema_prepare(journal->db, journal->path, why)) {
        return false;
    }
    if (sqlite3_exec(journal->db, pragmas, NULL, NULL, NULL) != SQLITE_OK ||
        !move_log(journal->db) || sqlite3_exec(journal->db, proof, NULL, NULL, NULL) != SQLITE_OK) {
        schema_why(journal->db, "write", journal->path, why);
        return false;
    }
    sqlite3_wal_hook(journal->db, remember_log_pages, journal);
    return true;
}

static bool prepare_statements(struct journal *journal, char **why)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        if (sqlite3_prepare_v3(journal->db, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &journal->statements[i], NULL) != SQLITE_OK) {
            schema_why(journal->db, "open", journal->path, why);
            return false;
        }
    }
    return true;
}

/* The row that a statement of the caller's stands on: its hash, checked against its own body. */
static bool read_link(sqlite3_stmt *row, struct journal_head *out)
{
    const void *previous = sqlite3_column_blob(row, 1);
    const void *hash = sqlite3_column_blob(row, 2);
    const void *body = sqlite3_column_text(row, 3);
    if (sqlite3_column_bytes(row, 1) != CHAIN_BYTES ||
        sqlite3_column_bytes(row, 2) != CHAIN_BYTES || body == NULL) {
        return false;
    }
    struct chain_hash before;
    struct chain_hash computed;
    memcpy(before.bytes, previous, CHAIN_BYTES);
    memcpy(out->hash.bytes, hash, CHAIN_BYTES);
    out->seq = sqlite3_column_int64(row, 0);
    struct span text = span_of(body, (size_t)sqlite3_column_bytes(row, 3));
    return chain_link(&before, text, &computed) && chain_equal(&computed, &out->hash);
}

/* Reads the last event up to number `limit`; none gives seq 0. */
static bool read_head(struct journal *journal, int64_t limit, struct journal_head *out, char **why)
{
    sqlite3_stmt *select;
    const char *sql = "SELECT seq, prev_hash, hash, body FROM event"
                      " WHERE seq <= ? ORDER BY seq DESC LIMIT 1";
    if (sqlite3_prepare_v2(journal->db, sql, -1, &select, NULL) != SQLITE_OK) {
        schema_why(journal->db, "read", journal->path, why);
        return false;
    }
    sqlite3_bind_int64(select, 1, limit);
    int result = sqlite3_step(select);
    bool read = result == SQLITE_DONE;
    *out = (struct journal_head){0};
    if (result == SQLITE_ROW) {
        read = read_link(select, out);
        if (!read) {
            why_set(why,
                    "the ledger %s is damaged: its event %lld does not match its hash. Keep the "
                    "file, and set ledger.path to a new one",
                    journal->path, (long long)sqlite3_column_int64(select, 0));
        }
    } else if (!read) {
        schema_why(journal->db, "read", journal->path, why);
    }
    sqlite3_finalize(select);
    return read;
}

static bool read_genesis(struct journal *journal, struct chain_hash *out, char **why)
{
    sqlite3_stmt *select;
    const char *sql = "SELECT value FROM meta WHERE key = 'instance_id'";
    bool read = sqlite3_prepare_v2(journal->db, sql, -1, &select, NULL) == SQLITE_OK &&
                sqlite3_step(select) == SQLITE_ROW && sqlite3_column_text(select, 0) != NULL &&
                chain_genesis((const char *)sqlite3_column_text(select, 0), out);
    if (!read) {
        why_set(why, "the ledger %s is damaged: it has no instance id", journal->path);
    }
    sqlite3_finalize(select);
    return read;
}

static bool verify_tail(struct journal *journal, const struct journal_head *expected, char **why)
{
    if (!read_head(journal, INT64_MAX, &journal->head, why)) {
        return false;
    }
    if (journal->head.seq == 0 && !read_genesis(journal, &journal->head.hash, why)) {
        return false;
    }
    if (expected == NULL || expected->seq == 0) {
        return true;
    }
    struct journal_head found;
    if (!read_head(journal, expected->seq, &found, why)) {
        return false;
    }
    if (found.seq != expected->seq || !chain_equal(&found.hash, &expected->hash)) {
        why_set(why,
                "the ledger %s no longer holds event %lld as it was written: the file was changed "
                "while in use, or the disk lost it",
                journal->path, (long long)expected->seq);
        return false;
    }
    return true;
}

struct journal *journal_open(const char *path, const struct journal_head *expected, char **why)
{
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL || (journal->path = strdup(path)) == NULL) {
        why_set(why, "out of memory");
    } else if (connect(journal, why) && prepare_statements(journal, why) &&
               verify_tail(journal, expected, why)) {
        return journal;
    }
    journal_close(journal);
    return NULL;
}

void journal_close(struct journal *journal)
{
    if (journal == NULL) {
        return;
    }
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(journal->statements[i]);
    }
    sqlite3_close(journal->db); /* a transaction that is open is rolled back */
    free(journal->path);
    free(journal);
}

/* Each round closes one: nothing has to be remembered between them. */
static bool settle_next(struct journal *journal, sqlite3_stmt *select, int64_t now_us, bool *more,
                        char **why)
{
    struct change_id id;
    *more = sqlite3_step(select) == SQLITE_ROW;
    if (*more && sqlite3_column_bytes(select, 0) == CHANGE_ID_BYTES) {
        memcpy(id.bytes, sqlite3_column_blob(select, 0), CHANGE_ID_BYTES);
    }
    if (sqlite3_reset(select) != SQLITE_OK) {
        schema_why(journal->db, "read", journal->path, why);
        return false;
    }
    if (!*more) {
        return true;
    }
    struct event event;
    if (!event_make_unknown(&id, now_us, "ddlguard ended before it heard the outcome", &event)) {
        why_set(why, "cannot write the ledger %s: out of memory", journal->path);
        return false;
    }
    bool appended = journal_append(journal, &event, why);
    event_free(&event);
    return appended;
}

bool journal_settle(struct journal *journal, int64_t now_us, char **why)
{
    sqlite3_stmt *select;
    const char *sql = "SELECT change_id FROM change"
                      " WHERE state IN ('intended', 'in_flight', 'stmt_ok') LIMIT 1";
    if (sqlite3_prepare_v2(journal->db, sql, -1, &select, NULL) != SQLITE_OK) {
        schema_why(journal->db, "read", journal->path, why);
        return false;
    }
    bool more = true;
    bool settled = journal_begin(journal, why);
    while (settled && more) {
        settled = settle_next(journal, select, now_us, &more, why);
    }
    sqlite3_finalize(select);
    return settled && journal_commit(journal, why);
}
