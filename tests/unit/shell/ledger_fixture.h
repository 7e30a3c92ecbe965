/* What the ledger's tests share: a folder of their own with real files, lines as a session would
 * hand them over, waiting for their durability, and looking into the file by another connection. */
#ifndef TESTS_UNIT_SHELL_LEDGER_FIXTURE_H
#define TESTS_UNIT_SHELL_LEDGER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proxy/ledger/ledger.h"

struct fixture {
    char folder[64];
    char path[96]; /* of a journal that does not exist yet */
};

static inline int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/ddlguard-ledger-XXXXXX");
    if (mkdtemp(fixture->folder) == NULL) {
        return -1;
    }
    snprintf(fixture->path, sizeof fixture->path, "%s/ledger.db", fixture->folder);
    *state = fixture;
    return 0;
}

static inline int remove_entry(const char *path, const struct stat *found, int kind,
                               struct FTW *walk)
{
    (void)found;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    nftw(fixture->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

/* One event: `number` names the change, `more` is "" or further keys that begin with a comma. */
static inline char *event_line(unsigned number, const char *kind, const char *more)
{
    char *line = NULL;
    int length = asprintf(&line,
                          "{\"change_id\":\"0199c3f0-0000-7000-8000-%012x\",\"kind\":\"%s\","
                          "\"at\":%llu%s}\n",
                          number, kind, 1760000000000000ull + number, more);
    assert_true(length > 0);
    return line;
}

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    unsigned reported, failed;
    char why[512]; /* of the last that failed */
};

#define WAITER_INIT                                                                                \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER                        \
    }

static inline void waiter_done(void *who, bool ok, const char *why)
{
    struct waiter *waiter = who;
    pthread_mutex_lock(&waiter->lock);
    waiter->reported++;
    waiter->failed += !ok;
    if (!ok) {
        snprintf(waiter->why, sizeof waiter->why, "%s", why);
    }
    pthread_cond_broadcast(&waiter->wake);
    pthread_mutex_unlock(&waiter->lock);
}

/* False: they did not come within ten seconds. */
static inline bool waiter_wait(struct waiter *waiter, unsigned reports)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    int error = 0;
    pthread_mutex_lock(&waiter->lock);
    while (waiter->reported < reports && error == 0) {
        error = pthread_cond_timedwait(&waiter->wake, &waiter->lock, &until);
    }
    pthread_mutex_unlock(&waiter->lock);
    return error == 0;
}

/* Hands over lines (which it frees) and waits for them. The result is what `done` said. */
static inline bool submit_and_wait(struct ledger *ledger, char *lines)
{
    struct waiter waiter = WAITER_INIT;
    ledger_submit(ledger, span_text(lines), waiter_done, &waiter);
    free(lines);
    return waiter_wait(&waiter, 1) && waiter.failed == 0;
}

static inline struct ledger *open_or_fail(const char *path)
{
    char *why = NULL;
    struct ledger *ledger = ledger_open(path, &why);
    if (ledger == NULL) {
        fail_msg("%s", why);
    }
    return ledger;
}

/* The first column of the first row as text, "" when there is none; the caller frees. */
static inline char *query(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    const char *found = "";
    if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0) != NULL) {
        found = (const char *)sqlite3_column_text(statement, 0);
    }
    char *copy = strdup(found);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return copy;
}

static inline long query_number(const char *path, const char *sql)
{
    char *text = query(path, sql);
    long number = strtol(text, NULL, 10);
    free(text);
    return number;
}

/* Runs SQL as a person with the sqlite3 shell might; what it said, or "" ; the caller frees. */
static inline char *tamper(const char *path, const char *sql)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    sqlite3_exec(db, sql, NULL, NULL, &message);
    char *copy = strdup(message != NULL ? message : "");
    sqlite3_free(message);
    sqlite3_close(db);
    return copy;
}

/* Whether `text` (freed) says `part`. */
static inline void assert_says(char *text, const char *part)
{
    if (text == NULL || strstr(text, part) == NULL) {
        fail_msg("expected \"… %s …\", got \"%s\"", part, text != NULL ? text : "(nothing)");
    }
    free(text);
}

#endif
