/* A link's turn at a table: first among the sessions of this process (queue.h), then among proxies
 * (maintenance_lock.h).
 *
 *      turn_ask --> queue --> turn_come --> lock --> SESSION_TURN … turn_give_back          */
#ifndef PROXY_NET_TURN_H
#define PROXY_NET_TURN_H

#include <stdbool.h>

struct link;

/* Takes a place in the queue, and leaves what has come of it in link->due. */
void turn_ask(struct link *link);
/* Its turn has come among the sessions of this process. Tells the session, now or when other
 * proxies have done. `waited`: it was not the first. */
void turn_come(struct link *link, bool waited);
/* The turn or the place; nothing when there is none. */
void turn_give_back(struct link *link);

#endif
