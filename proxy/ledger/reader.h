/* Reading the journal, from another process too: `ddlguard ledger list | show | tail`. Readers see
 * what is durable, wait for nobody and hold nobody up. */
#ifndef PROXY_LEDGER_READER_H
#define PROXY_LEDGER_READER_H

#include "protocol/buffer.h"

struct ledger_reader;

/* Opens read-only. NULL and *why (malloc'd) when it cannot be. */
struct ledger_reader *ledger_reader_open(const char *path, char **why);
void ledger_reader_close(struct ledger_reader *reader); /* NULL is fine */

struct ledger_filter {
    /* NULL: any. All of the name, but for these: `id` is the beginning of a change id; `table` is
     * the name of an object, with or without its schema (an object whose statement named no schema
     * is found under each); `text` is anywhere in the client's SQL or the error message, in any
     * case. */
    const char *id, *database, *user, *application, *table, *state, *text;
    int64_t since_us, until_us; /* 0: any */
    uint32_t limit;             /* 0: all */
    bool by_last_event;         /* newest first by last event instead of by first */
    int64_t after_seq; /* only changes whose last event is later than this; 0: all. For tail */
};

/* What is handed a row: stops the reading when it returns false. `json` is valid during the call.
 */
typedef bool ledger_row(void *who, const char *json, int64_t seq);

/* Calls `row` with each change's JSON object (fields of `ledger list --json`), newest first, and
 * the seq of its last event. False when the journal cannot be read: *why. */
MUST_USE bool ledger_reader_changes(struct ledger_reader *reader,
                                    const struct ledger_filter *filter, ledger_row *row, void *who,
                                    char **why);
/* The events of one change, oldest first, each an object with seq, kind, at (RFC 3339) and body.
 * `id`: the whole change id or an unambiguous beginning of it. No row: there is no such change.
 * False when the journal cannot be read, or the beginning is ambiguous: *why. */
MUST_USE bool ledger_reader_events(struct ledger_reader *reader, const char *id, ledger_row *row,
                                   void *who, char **why);

/* The changes that may have left something behind and that nobody has seen to since, as they are
 * folded, oldest first: those that `need_cleanup`, and those whose program was gone before it heard
 * of the end of a statement that it had sent. Only such that say how it is found ("undo"). */
MUST_USE bool ledger_reader_cleanups(struct ledger_reader *reader, ledger_row *row, void *who,
                                     char **why);

#endif
