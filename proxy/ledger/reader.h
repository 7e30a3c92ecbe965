/* Reading the journal, from another process too: `ddlguard ledger list | show | tail`. */
#ifndef PROXY_LEDGER_READER_H
#define PROXY_LEDGER_READER_H

#include "protocol/buffer.h"

struct ledger_reader;

/* Opens read-only. NULL and *why (malloc'd) when it cannot be. */
struct ledger_reader *ledger_reader_open(const char *path, char **why);
void ledger_reader_close(struct ledger_reader *reader);

struct ledger_filter {
    const char *database, *user, *application, *table, *state, *text; /* NULL: any */
    uint64_t since_us, until_us;                                      /* 0: any */
    uint32_t limit;                                                   /* newest first; 0: all */
    int64_t after_seq; /* only changes whose last event is later than this; 0: all. For tail */
};

/* Calls `row` with the change's JSON object (fields of `ledger list --json`) and the seq of its
 * last event; stops when it returns false. False when the journal cannot be read: *why. */
bool ledger_reader_changes(struct ledger_reader *reader, const struct ledger_filter *filter,
                           bool (*row)(void *who, const char *json, int64_t seq), void *who,
                           char **why);
/* The events of one change, oldest first, each with seq, kind, at and body. `id`: the whole change
 * id or an unambiguous beginning of it. */
bool ledger_reader_events(struct ledger_reader *reader, const char *id,
                          bool (*row)(void *who, const char *json, int64_t seq), void *who,
                          char **why);

#endif
