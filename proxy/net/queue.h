/* Who may change which table now: one session at a time per server, database and table, across all
 * workers, first come first served. It knows links by their turn only and calls nobody: whose turn
 * has come is told by a letter.
 *
 *      A joins t: first          B joins t: waits for A         C joins u: first
 *      A leaves t: a letter to B                                                          */
#ifndef PROXY_NET_QUEUE_H
#define PROXY_NET_QUEUE_H

#include "protocol/buffer.h"

struct link;
struct queue;

/* A link's place. Part of the link; all zero when it has none. Touched under the queue's lock only.
 */
struct turn {
    struct turn *next;
    struct buffer key, what;
    struct link *link; /* NULL: not in the queue */
};

/* NULL: no memory. */
struct queue *queue_new(void);
void queue_free(struct queue *queue); /* nobody may be in it any more; NULL is allowed */

/* Takes a place behind all that have the same key; `what` is said to those who come later. Gives
 * who is first in *first (appended, when it is somebody else): nothing appended: it is our turn.
 * False: no memory, and no place. A link has one place at a time. */
MUST_USE bool queue_join(struct queue *queue, struct turn *turn, struct link *link, struct span key,
                         struct span what, struct buffer *first);
/* Whether it is this one's turn: a letter that says so may have crossed with a queue_leave. */
bool queue_is_first(struct queue *queue, const struct turn *turn);
/* Gives the turn or the place back, if there is one; the next in line gets SESSION_TURN. */
void queue_leave(struct queue *queue, struct turn *turn);

#endif
