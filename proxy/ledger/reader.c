/* Finds changes and events in the journal. It never writes, and never keeps a row.
 *
 * A search is one SELECT that has only the clauses that were asked for, so that SQLite can pick the
 * index that serves them (schema.c). */
#include "proxy/ledger/reader.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "proxy/ledger/change_id.h"
#include "proxy/ledger/moment.h"
#include "proxy/ledger/schema.h"
#include "proxy/ledger/why.h"

struct ledger_reader {
    char *path;
    sqlite3 *db;
};

struct ledger_reader *ledger_reader_open(const char *path, char **why)
{
    struct ledger_reader *reader = calloc(1, sizeof *reader);
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    if (reader == NULL || (reader->path = strdup(path)) == NULL) {
        why_set(why, "out of memory");
    } else if (access(path, R_OK) != 0) {
        why_set(why, "cannot read the ledger %s: %s", path, strerror(errno));
    } else if (sqlite3_open_v2(path, &reader->db, flags, NULL) != SQLITE_OK ||
               sqlite3_busy_timeout(reader->db, SCHEMA_BUSY_MS) != SQLITE_OK) {
        schema_why(reader->db, "open", path, why);
    } else if (schema_check(reader->db, path, why)) {
        return reader;
    }
    ledger_reader_close(reader);
    return NULL;
}

void ledger_reader_close(struct ledger_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    sqlite3_close(reader->db);
    free(reader->path);
    free(reader);
}

/* The named parameters that a search has depend on the filter: those that are not there are
 * skipped. */
static void bind_text(sqlite3_stmt *select, const char *name, const char *text, size_t length)
{
    int place = sqlite3_bind_parameter_index(select, name);
    if (place != 0) {
        sqlite3_bind_text64(select, place, text, length, SQLITE_TRANSIENT, SQLITE_UTF8);
    }
}

static void bind_number(sqlite3_stmt *select, const char *name, int64_t number)
{
    int place = sqlite3_bind_parameter_index(select, name);
    if (place != 0) {
        sqlite3_bind_int64(select, place, number);
    }
}

static void bind_whole(sqlite3_stmt *select, const char *name, const char *text)
{
    bind_text(select, name, text, text != NULL ? strlen(text) : 0);
}

static void bind_id(sqlite3_stmt *select, const char *name, const struct change_id *id)
{
    int place = sqlite3_bind_parameter_index(select, name);
    if (place != 0) {
        sqlite3_bind_blob(select, place, id->bytes, CHANGE_ID_BYTES, SQLITE_TRANSIENT);
    }
}

static void append_clause(struct buffer *sql, bool wanted, const char *clause)
{
    if (wanted) {
        buffer_append_text(sql, clause);
    }
}

static void append_search(struct buffer *sql, const struct ledger_filter *filter)
{
    buffer_append_text(sql, "SELECT json, last_seq FROM change WHERE true");
    append_clause(sql, filter->id != NULL, " AND change_id BETWEEN :low AND :high");
    append_clause(sql, filter->database != NULL, " AND database = :database");
    append_clause(sql, filter->user != NULL, " AND user = :user");
    append_clause(sql, filter->application != NULL, " AND application = :application");
    append_clause(sql, filter->state != NULL, " AND state = :state");
    append_clause(sql, filter->since_us != 0, " AND at_us >= :since");
    append_clause(sql, filter->until_us != 0, " AND at_us < :until");
    append_clause(sql, filter->after_seq != 0, " AND last_seq > :after");
    append_clause(sql, filter->table != NULL,
                  " AND first_seq IN (SELECT first_seq FROM object WHERE name = :table UNION ALL"
                  " SELECT first_seq FROM object WHERE name = :name"
                  " AND (schema = :schema OR schema IS NULL))");
    append_clause(sql, filter->text != NULL,
                  " AND (json_extract(json, '$.original_sql') LIKE :text ESCAPE '\\'"
                  " OR json_extract(json, '$.message') LIKE :text ESCAPE '\\')");
    buffer_append_text(sql, filter->by_last_event ? " ORDER BY last_seq DESC"
                                                  : " ORDER BY at_us DESC, first_seq DESC");
    append_clause(sql, filter->limit != 0, " LIMIT :limit");
}

/* "schema.name"; a name alone has no such pair. */
static void bind_table(sqlite3_stmt *select, const char *table)
{
    const char *dot = strchr(table, '.');
    bind_whole(select, ":table", table);
    if (dot != NULL) {
        bind_text(select, ":schema", table, (size_t)(dot - table));
        bind_whole(select, ":name", dot + 1);
    }
}

/* What the person wrote is text, not a pattern. */
static bool bind_pattern(sqlite3_stmt *select, const char *text)
{
    struct buffer pattern = {0};
    buffer_append_u8(&pattern, '%');
    for (const char *at = text; *at != 0; at++) {
        if (strchr("%_\\", *at) != NULL) {
            buffer_append_u8(&pattern, '\\');
        }
        buffer_append_u8(&pattern, (uint8_t)*at);
    }
    buffer_append_u8(&pattern, '%');
    bool made = !pattern.failed;
    if (made) {
        bind_text(select, ":text", (const char *)pattern.at, pattern.length);
    }
    buffer_free(&pattern);
    return made;
}

static bool bind_search(sqlite3_stmt *select, const struct ledger_filter *filter)
{
    struct change_id low;
    struct change_id high;
    if (filter->id != NULL && change_id_range(filter->id, &low, &high)) {
        bind_id(select, ":low", &low); /* else nothing is bound, and nothing found */
        bind_id(select, ":high", &high);
    }
    bind_whole(select, ":database", filter->database);
    bind_whole(select, ":user", filter->user);
    bind_whole(select, ":application", filter->application);
    bind_whole(select, ":state", filter->state);
    bind_number(select, ":since", filter->since_us);
    bind_number(select, ":until", filter->until_us);
    bind_number(select, ":after", filter->after_seq);
    bind_number(select, ":limit", filter->limit);
    if (filter->table != NULL) {
        bind_table(select, filter->table);
    }
    return filter->text == NULL || bind_pattern(select, filter->text);
}

/* The fields of `ledger list --json`, in this order; a field that is not known is null, never
 * missing. */
static const char *const change_fields[] = {
    "change_id",        "state",           "tag",          "database", "user",
    "application_name", "client",          "original_sql", "encoding", "executed",
    "objects",          "rules",           "verdict",      "sqlstate", "message",
    "attempts",         "lock_timeout_ms", "progress",     "cleanup",  "remains",
};
static const char *const time_fields[] = {"intended", "started", "finished", "committed"};

static bool copy_field(json_t *to, const json_t *from, const char *name)
{
    json_t *value = json_object_get(from, name);
    return value != NULL ? json_object_set(to, name, value) == 0
                         : json_object_set_new(to, name, json_null()) == 0;
}

/* NULL: the text is no JSON, or no memory. */
static json_t *change_from_fold(const char *fold)
{
    json_t *from = json_loads(fold, 0, NULL);
    json_t *change = json_object();
    json_t *times = json_object();
    bool made = from != NULL && change != NULL && times != NULL;
    for (size_t i = 0; made && i < sizeof change_fields / sizeof change_fields[0]; i++) {
        made = copy_field(change, from, change_fields[i]);
    }
    for (size_t i = 0; made && i < sizeof time_fields / sizeof time_fields[0]; i++) {
        made = copy_field(times, json_object_get(from, "times"), time_fields[i]);
    }
    made = made && json_object_set(change, "times", times) == 0;
    json_decref(from);
    json_decref(times);
    if (!made) {
        json_decref(change);
        return NULL;
    }
    return change;
}

/* Hands over `made`, which it frees. False: it could not be made; *go_on: the row wants more. */
static bool hand_over(json_t *made, int64_t seq, ledger_row *row, void *who, bool *go_on)
{
    char *text = made != NULL ? json_dumps(made, JSON_COMPACT) : NULL;
    json_decref(made);
    if (text != NULL) {
        *go_on = row(who, text, seq);
    }
    free(text);
    return text != NULL;
}

typedef json_t *row_maker(sqlite3_stmt *row);

/* Runs the search to its end and frees it. */
static bool read_rows(struct ledger_reader *reader, sqlite3_stmt *select, int seq_column,
                      row_maker *make, ledger_row *row, void *who, char **why)
{
    int result = SQLITE_DONE;
    bool go_on = true;
    bool read = true;
    while (read && go_on && (result = sqlite3_step(select)) == SQLITE_ROW) {
        read = hand_over(make(select), sqlite3_column_int64(select, seq_column), row, who, &go_on);
        if (!read) {
            why_set(why, "the ledger %s is damaged: event or change %lld is not JSON", reader->path,
                    (long long)sqlite3_column_int64(select, seq_column));
        }
    }
    if (read && go_on && result != SQLITE_DONE) {
        schema_why(reader->db, "read", reader->path, why);
        read = false;
    }
    sqlite3_finalize(select);
    return read;
}

static json_t *make_change(sqlite3_stmt *row)
{
    const char *fold = (const char *)sqlite3_column_text(row, 0);
    return fold != NULL ? change_from_fold(fold) : NULL;
}

bool ledger_reader_changes(struct ledger_reader *reader, const struct ledger_filter *filter,
                           ledger_row *row, void *who, char **why)
{
    struct buffer sql = {0};
    sqlite3_stmt *select = NULL;
    append_search(&sql, filter);
    bool prepared = !sql.failed && sqlite3_prepare_v2(reader->db, (const char *)sql.at,
                                                      (int)sql.length, &select, NULL) == SQLITE_OK;
    buffer_free(&sql);
    if (!prepared || !bind_search(select, filter)) {
        schema_why(reader->db, "read", reader->path, why);
        sqlite3_finalize(select);
        return false;
    }
    return read_rows(reader, select, 1, make_change, row, who, why);
}

static json_t *make_event(sqlite3_stmt *row)
{
    char at[MOMENT_TEXT + 1];
    const char *body = (const char *)sqlite3_column_text(row, 3);
    moment_text(sqlite3_column_int64(row, 2), at);
    json_t *parsed = body != NULL ? json_loads(body, 0, NULL) : NULL;
    return parsed == NULL
               ? NULL
               : json_pack("{s:I, s:s, s:s, s:o}", "seq", (json_int_t)sqlite3_column_int64(row, 0),
                           "kind", (const char *)sqlite3_column_text(row, 1), "at", at, "body",
                           parsed);
}

/* The one change whose id is in the range. False: *why; *found: there is one. */
static bool find_one(struct ledger_reader *reader, const char *prefix, struct change_id *low,
                     struct change_id *high, bool *found, char **why)
{
    sqlite3_stmt *select;
    const char *sql = "SELECT min(change_id), count(*) FROM (SELECT change_id FROM change"
                      " WHERE change_id BETWEEN :low AND :high LIMIT 2)";
    *found = false;
    if (sqlite3_prepare_v2(reader->db, sql, -1, &select, NULL) != SQLITE_OK) {
        schema_why(reader->db, "read", reader->path, why);
        return false;
    }
    bind_id(select, ":low", low);
    bind_id(select, ":high", high);
    bool read = sqlite3_step(select) == SQLITE_ROW;
    int count = sqlite3_column_int(select, 1);
    if (!read) {
        schema_why(reader->db, "read", reader->path, why);
    } else if (count > 1) {
        why_set(why, "more than one change id begins with %s", prefix);
        read = false;
    } else if (count == 1 && sqlite3_column_bytes(select, 0) == CHANGE_ID_BYTES) {
        memcpy(low->bytes, sqlite3_column_blob(select, 0), CHANGE_ID_BYTES);
        *high = *low;
        *found = true;
    }
    sqlite3_finalize(select);
    return read;
}

bool ledger_reader_events(struct ledger_reader *reader, const char *id, ledger_row *row, void *who,
                          char **why)
{
    struct change_id low;
    struct change_id high;
    bool found;
    if (!change_id_range(id, &low, &high)) {
        return true; /* no id begins so */
    }
    if (!find_one(reader, id, &low, &high, &found, why)) {
        return false;
    }
    if (!found) {
        return true;
    }
    sqlite3_stmt *select;
    const char *sql = "SELECT seq, kind, at_us, body FROM event WHERE change_id = :id ORDER BY seq";
    if (sqlite3_prepare_v2(reader->db, sql, -1, &select, NULL) != SQLITE_OK) {
        schema_why(reader->db, "read", reader->path, why);
        return false;
    }
    bind_id(select, ":id", &low);
    return read_rows(reader, select, 0, make_event, row, who, why);
}

static json_t *make_cleanup(sqlite3_stmt *row)
{
    const char *fold = (const char *)sqlite3_column_text(row, 0);
    return fold != NULL ? json_loads(fold, 0, NULL) : NULL;
}

bool ledger_reader_cleanups(struct ledger_reader *reader, ledger_row *row, void *who, char **why)
{
    sqlite3_stmt *select;
    const char *sql =
        "SELECT json, last_seq FROM change WHERE json_extract(json, '$.undo.queries') IS NOT NULL"
        " AND (json_extract(json, '$.cleanup') IS NOT NULL OR (state = 'unknown'"
        " AND json_extract(json, '$.times.started') IS NOT NULL)) ORDER BY first_seq";
    if (sqlite3_prepare_v2(reader->db, sql, -1, &select, NULL) != SQLITE_OK) {
        schema_why(reader->db, "read", reader->path, why);
        return false;
    }
    return read_rows(reader, select, 1, make_cleanup, row, who, why);
}
