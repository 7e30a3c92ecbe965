/* The turn at a table across proxies: where there is a maintenance connection, who changes a table
 * holds a session advisory lock on the server meanwhile. Another proxy asks for the same one, and
 * asks again: it never waits in the server, where a waiter's snapshot would hold up, or kill, the
 * very build that it waits for.
 *
 *      worker: lock_take --> the maintenance thread asks --> SESSION_TURN
 *                              \--> held elsewhere: SESSION_QUEUED, once, and it asks again
 *      worker: lock_give_back
 *
 * It is a courtesy among proxies: without the connection, or when it is lost, changes go on. */
#ifndef PROXY_NET_MAINTENANCE_LOCK_H
#define PROXY_NET_MAINTENANCE_LOCK_H

#include "proxy/net/proxy.h"

struct link;

struct lock_target {
    const struct upstream *upstream;
    struct span database, table; /* as the server calls them */
    uint64_t link_id, number;    /* of the link's locks, from 1: letter.lock of the answers */
    bool waited;                 /* for others of this process: SESSION_TURN says so */
};

/* On the link's worker. Answered by one SESSION_TURN unless it is given back before. False: no
 * memory, and nothing is ordered. */
MUST_USE bool lock_take(struct maintenance_line *line, struct link *link,
                        const struct lock_target *target);
/* Held or not yet. Without memory it stays locked until the connection ends. */
void lock_give_back(struct maintenance_line *line, const struct upstream *upstream,
                    uint64_t link_id, uint64_t number);

#endif
