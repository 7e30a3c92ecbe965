/* The maintenance connection: a role of the proxy's own on each server, used to say who stands in
 * the way of a change that waits. It runs on a thread of its own, with libpq, and never holds up a
 * worker: without it (or while it is down) the blockers are just not named.
 *
 *      maintenance_watch --> | list | --> every 400 ms: pg_blocking_pids --> letter --> session */
#ifndef PROXY_NET_MAINTENANCE_H
#define PROXY_NET_MAINTENANCE_H

#include "config/config.h"
#include "proxy/net/log.h"

struct maintenance_line;
struct link;

/* `config`: borrowed, with maintenance.user set. NULL: *why (malloc'd, the caller frees). A server
 * that cannot be reached is no failure: it is tried again when it is needed. */
struct maintenance_line *maintenance_new(const struct config *config, enum log_level log_level,
                                         char **why);
/* Stops the thread, within a second. After the workers have been joined, before they are freed.
 * NULL is fine. */
void maintenance_free(struct maintenance_line *line);

/* From now on SESSION_BLOCKERS is posted to `link` while the server process `pid` waits for others.
 * False: no memory. */
MUST_USE bool maintenance_watch(struct maintenance_line *line, struct link *link,
                                const struct upstream *upstream, uint32_t pid);
/* No letter is made for the link any more when this returns. */
void maintenance_unwatch(struct maintenance_line *line, struct link *link);

#endif
