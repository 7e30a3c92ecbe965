/* Makes and recognises the journal. It never changes a row of an existing one.
 *
 *      event   what happened, one row each, append-only and chained      the truth
 *      change  one row per change, folded from its events                derived: can be rebuilt
 *      object  the objects of a change, to search by name                derived: can be rebuilt
 *      meta    instance_id; sealed_upto (the last event that retention may remove)
 *
 * A body is the exact text that was hashed. Times are microseconds since 1970. change.json is the
 * fold; the columns beside it are those that `ledger list` filters by. */
#include "proxy/ledger/schema.h"

#include <openssl/rand.h>
#include <stdio.h>

#include "proxy/ledger/change_id.h"
#include "proxy/ledger/why.h"

#define TEXT_OF(number)  TEXT_OF_(number)
#define TEXT_OF_(number) #number
#define APPLICATION_ID   0x64646c67 /* "ddlg": file(1) and SQLite's tools show it */

static const char schema_sql[] =
    "BEGIN IMMEDIATE;"
    "PRAGMA application_id = " TEXT_OF(
        APPLICATION_ID) ";"
                        "PRAGMA user_version = " TEXT_OF(
                            SCHEMA_VERSION) ";"
                                            "CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY) "
                                            "STRICT;"
                                            "CREATE TABLE event("
                                            " seq INTEGER PRIMARY KEY, change_id BLOB NOT NULL, "
                                            "kind TEXT NOT NULL, at_us INTEGER NOT NULL,"
                                            " body TEXT NOT NULL, prev_hash BLOB NOT NULL, hash "
                                            "BLOB NOT NULL) STRICT;"
                                            "CREATE INDEX event_change ON event(change_id);"
                                            "CREATE TRIGGER event_no_update BEFORE UPDATE ON event"
                                            " BEGIN SELECT RAISE(ABORT, 'the ledger is "
                                            "append-only'); END;"
                                            "CREATE TRIGGER event_no_delete BEFORE DELETE ON event"
                                            " WHEN OLD.seq > (SELECT value FROM meta WHERE key = "
                                            "'sealed_upto')"
                                            " BEGIN SELECT RAISE(ABORT, 'the ledger is "
                                            "append-only'); END;"
                                            /* Also what stops INSERT OR REPLACE, which deletes
                                               without asking the trigger above. */
                                            "CREATE TRIGGER event_in_order BEFORE INSERT ON event"
                                            " WHEN NEW.seq IS NOT 1 + coalesce((SELECT max(seq) "
                                            "FROM event),"
                                            "                                  (SELECT value FROM "
                                            "meta WHERE key = 'sealed_upto'))"
                                            " BEGIN SELECT RAISE(ABORT, 'the ledger has no gaps "
                                            "and no order but its own'); END;"
                                            "CREATE TABLE change("
                                            " first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT "
                                            "NULL, change_id BLOB NOT NULL UNIQUE,"
                                            " at_us INTEGER NOT NULL, state TEXT, database TEXT, "
                                            "user TEXT, application TEXT,"
                                            " json TEXT NOT NULL) STRICT;"
                                            "CREATE INDEX change_last ON change(last_seq);"
                                            "CREATE INDEX change_at ON change(at_us);"
                                            "CREATE INDEX change_state ON change(state, at_us);"
                                            "CREATE INDEX change_database ON change(database, "
                                            "at_us);"
                                            "CREATE INDEX change_user ON change(user, at_us);"
                                            "CREATE INDEX change_application ON "
                                            "change(application, at_us);"
                                            "CREATE TABLE object("
                                            " first_seq INTEGER NOT NULL, ord INTEGER NOT NULL, "
                                            "action TEXT, kind TEXT, schema TEXT,"
                                            " name TEXT, PRIMARY KEY(first_seq, ord)) STRICT, "
                                            "WITHOUT ROWID;"
                                            "CREATE INDEX object_name ON object(name, schema);"
                                            "INSERT INTO meta VALUES('sealed_upto', 0);";

void schema_why(sqlite3 *db, const char *doing, const char *path, char **why)
{
    int code = sqlite3_extended_errcode(db);
    int kind = code & 0xFF;
    if (kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN) {
        /* The message says no more than "disk I/O error"; the code says in what
         * (sqlite.org/rescode). The system's own reason is not kept for commits, or is an older
         * one. */
        why_set(why, "cannot %s the ledger %s: %s (SQLite code %d)", doing, path,
                sqlite3_errmsg(db), code);
    } else {
        why_set(why, "cannot %s the ledger %s: %s", doing, path, sqlite3_errmsg(db));
    }
}

/* The one number that a pragma or a count gives. */
static bool read_number(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        return false;
    }
    bool read = sqlite3_step(statement) == SQLITE_ROW;
    if (read) {
        *out = sqlite3_column_int64(statement, 0);
    }
    return sqlite3_finalize(statement) == SQLITE_OK && read;
}

bool schema_check(sqlite3 *db, const char *path, char **why)
{
    int64_t application = 0;
    int64_t version = 0;
    if (!read_number(db, "PRAGMA application_id", &application) ||
        !read_number(db, "PRAGMA user_version", &version)) {
        schema_why(db, "read", path, why);
        return false;
    }
    if (application != APPLICATION_ID) {
        why_set(why, "%s is not a ledger of ddlguard; set ledger.path to another file", path);
        return false;
    }
    if (version != SCHEMA_VERSION) {
        why_set(why,
                "the ledger %s is of version %lld, this ddlguard reads version %d: use the newer "
                "ddlguard, or set ledger.path to another file",
                path, (long long)version, SCHEMA_VERSION);
        return false;
    }
    return true;
}

/* A UUID of version 4 (RFC 9562, 5.4). */
static bool make_instance_id(char out[CHANGE_ID_TEXT + 1])
{
    struct change_id id;
    if (RAND_bytes(id.bytes, sizeof id.bytes) != 1) {
        return false;
    }
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0F) | 0x40);
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3F) | 0x80);
    change_id_text(&id, out);
    return true;
}

/* All or nothing: a crash in the middle leaves an empty file, which the next start fills again. */
static bool create(sqlite3 *db, const char *path, char **why)
{
    char instance[CHANGE_ID_TEXT + 1];
    if (!make_instance_id(instance)) {
        why_set(why, "no random numbers for the ledger's instance id");
        return false;
    }
    char tail[sizeof "INSERT INTO meta VALUES('instance_id', ''); COMMIT;" + CHANGE_ID_TEXT];
    snprintf(tail, sizeof tail, "INSERT INTO meta VALUES('instance_id', '%s'); COMMIT;", instance);
    if (sqlite3_exec(db, schema_sql, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db, tail, NULL, NULL, NULL) != SQLITE_OK) {
        schema_why(db, "create", path, why);
        return false;
    }
    return true;
}

bool schema_prepare(sqlite3 *db, const char *path, char **why)
{
    int64_t application = 0;
    int64_t tables = 0;
    if (!read_number(db, "PRAGMA application_id", &application) ||
        !read_number(db, "SELECT count(*) FROM sqlite_master", &tables)) {
        schema_why(db, "read", path, why);
        return false;
    }
    if (application == 0 && tables == 0 && !create(db, path, why)) {
        return false;
    }
    return schema_check(db, path, why);
}
