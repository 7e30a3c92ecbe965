/* Private to journal.c and journal_open.c: what an open journal consists of. */
#ifndef PROXY_LEDGER_JOURNAL_STATE_H
#define PROXY_LEDGER_JOURNAL_STATE_H

#include <sqlite3.h>

#include "proxy/ledger/journal.h"

#define JOURNAL_STATEMENTS(X)                                                                      \
    X(STATEMENT_INSERT_EVENT, "INSERT INTO event VALUES(?,?,?,?,?,?,?)")                           \
    X(STATEMENT_SELECT_CHANGE, "SELECT first_seq, at_us, json FROM change WHERE change_id = ?")    \
    X(STATEMENT_UPSERT_CHANGE,                                                                     \
      "INSERT INTO change VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(first_seq) DO UPDATE SET"          \
      " last_seq = excluded.last_seq, state = excluded.state, database = excluded.database,"       \
      " user = excluded.user, application = excluded.application, json = excluded.json")           \
    X(STATEMENT_CLEAR_OBJECTS, "DELETE FROM object WHERE first_seq = ?")                           \
    X(STATEMENT_INSERT_OBJECT, "INSERT INTO object VALUES(?,?,?,?,?,?)")

enum journal_statement {
#define JOURNAL_STATEMENT_VALUE(value, sql) value,
    JOURNAL_STATEMENTS(JOURNAL_STATEMENT_VALUE)
#undef JOURNAL_STATEMENT_VALUE
        STATEMENT_COUNT
};

struct journal {
    char *path;
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    struct journal_head head;
    int log_pages; /* in the log as of the last commit */
};

#endif
