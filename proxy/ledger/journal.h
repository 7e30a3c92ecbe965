/* The journal file: appends events in transactions, keeps the chain and the folded changes. Not
 * thread safe; one thread owns it. After any function has returned false the journal is of no use
 * but to be closed: an fsync that failed is never repeated, the file is opened and read anew. */
#ifndef PROXY_LEDGER_JOURNAL_H
#define PROXY_LEDGER_JOURNAL_H

#include "proxy/ledger/chain.h"
#include "proxy/ledger/event.h"

struct journal;

/* The end of the chain: number and hash of the last event. */
struct journal_head {
    int64_t seq; /* 0: no event yet, and the hash is the genesis */
    struct chain_hash hash;
};

/* Opens an existing file (an empty one becomes a journal), brings what its log holds into it,
 * verifies its last event and proves with a write that it can be written. `expected`: a head that
 * this journal is known to have had, NULL: none. NULL: *why (malloc'd, the caller frees). */
struct journal *journal_open(const char *path, const struct journal_head *expected, char **why);
void journal_close(struct journal *journal); /* NULL is fine */

/* One transaction: begin, any number of appends, commit. Durable when commit has returned true. */
MUST_USE bool journal_begin(struct journal *journal, char **why);
/* Adds "seq" and "v" to the event's body, links it to the chain and folds it into its change. */
MUST_USE bool journal_append(struct journal *journal, struct event *event, char **why);
MUST_USE bool journal_commit(struct journal *journal, char **why);

/* In a transaction of its own: an `unknown` event for each change whose outcome an earlier run did
 * not write down. */
MUST_USE bool journal_settle(struct journal *journal, int64_t now_us, char **why);

/* Whether the log has grown so that it should be moved into the file when nobody waits. */
bool journal_wants_checkpoint(const struct journal *journal);
/* Moves it. `idle`: nobody waits; else it is done only when the log has become long. Never waits
 * for readers. */
MUST_USE bool journal_checkpoint(struct journal *journal, bool idle, char **why);

struct journal_head journal_head(const struct journal *journal);

#endif
