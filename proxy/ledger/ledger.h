/* The journal: an append-only list of events in SQLite, and the change table that is folded from
 * it. One writer thread; events of many sessions are committed together (group commit), and each
 * submission hears of its own durability. Readers (the command line) open the file by themselves.
 *
 * When the disk fails, submissions hear false at once, and what happened is kept in memory
 * (bounded) and written, in order, as soon as the journal can be opened and its end verified again;
 * an `intended` that nothing came of is forgotten. */
#ifndef PROXY_LEDGER_LEDGER_H
#define PROXY_LEDGER_LEDGER_H

#include "protocol/buffer.h"

struct ledger;

/* Called on the writer thread when the events are on disk (ok) or cannot be (why: a text that is
 * valid during the call). Must not block: it is meant to post to a worker. */
typedef void ledger_done(void *who, bool ok, const char *why);

/* Opens or creates the journal at `path` and starts the writer. NULL: cannot be opened, *why
 * (malloc'd, the caller frees) says what was expected, what came and what to do. Changes that an
 * earlier run left open (intended, in_flight, stmt_ok) get an `unknown` event. */
struct ledger *ledger_open(const char *path, char **why);

/* Hands over events: JSON objects, one per line (docs/ledger-events.md), copied. `done` is called
 * exactly once, with `who`; NULL: nobody waits. Thread safe. Never blocks on the disk. A line that
 * is no event makes the whole submission fail, and nothing of it is written. (With no memory left,
 * done is called before this returns.) */
void ledger_submit(struct ledger *ledger, struct span lines, ledger_done *done, void *who);

/* Writes what is queued, stops the thread, closes the file. NULL is fine. No submission may come in
 * meanwhile. */
void ledger_close(struct ledger *ledger);

/* True as long as the last write succeeded. Thread safe. */
bool ledger_is_healthy(const struct ledger *ledger);

#endif
