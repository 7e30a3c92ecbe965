/* The maintenance connection: a role of the proxy's own on each server. It runs on a thread of its
 * own, with libpq, and never holds up a worker: without it, or while it is down, all else works.
 *
 *      maintenance_watch -----> every 400 ms: pg_blocking_pids --> letter --> session
 *      maintenance_aside.h ---> an index is built beside a client's transaction --> letter
 *      maintenance_lock.h ----> a table is locked against other proxies --> letter
 *      maintenance_read_ledger --> needs_cleanup --> tried until done --> cleaned_up, in the ledger
 *      at the start: the journal's open needs_cleanup --^                                      */
#ifndef PROXY_NET_MAINTENANCE_H
#define PROXY_NET_MAINTENANCE_H

#include "config/config.h"
#include "proxy/net/log.h"

struct maintenance_line;
struct ledger;
struct link;

/* `config`, `ledger`: borrowed; maintenance.user is set. NULL: *why (malloc'd, the caller frees). A
 * server that cannot be reached is no failure: it is tried again when it is needed. */
struct maintenance_line *maintenance_new(const struct config *config, struct ledger *ledger,
                                         enum log_level log_level, char **why);
/* Stops the thread, within a second; what is not cleaned up yet is left for the next start. After
 * the workers have been joined, before they are freed and the ledger is closed. NULL is fine. */
void maintenance_free(struct maintenance_line *line);

/* From now on SESSION_BLOCKERS is posted to `link` while the server process `pid` waits for others.
 * False: no memory. */
MUST_USE bool maintenance_watch(struct maintenance_line *line, struct link *link,
                                const struct upstream *upstream, uint32_t pid);
/* No letter is made for the link any more when this returns. */
void maintenance_unwatch(struct maintenance_line *line, struct link *link);

/* What a session of this database (as its client calls it) has submitted to the ledger: the changes
 * among it that need a clean-up are cleaned up, now or later. Copies what it keeps. */
void maintenance_read_ledger(struct maintenance_line *line, struct span database,
                             struct span lines);

#endif
