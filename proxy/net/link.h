/* A link: a client, its server and the session between them. It moves the bytes and obeys the
 * session's effects (proxy/session/session.h); it never looks into a message itself.
 *
 *      accept --> OPEN --> FLUSHING --> LINGERING --> DEAD --> freed after the turn
 *                  |  REQUEST_CLOSE    what the client    until the client has closed too
 *                  |                   has yet to take    (else it could lose the last words)
 *                  +-- lost, out of memory, killed ----------> DEAD
 *
 * A link belongs to one worker, and only that worker's thread may call what is declared here. Other
 * threads send letters (letter.h). */
#ifndef PROXY_NET_LINK_H
#define PROXY_NET_LINK_H

#include "proxy/net/address.h"
#include "proxy/net/worker.h"

/* Takes over `fd`, a client's connected, non-blocking socket. */
void link_accept(struct worker *worker, int fd, const struct address *client);
/* SESSION_SHUTDOWN or SESSION_KILL, to every link of the worker. */
void link_tell_all(struct worker *worker, enum session_event event);
/* Between two turns of the loop: what has died, as far as no letter holds it. */
void link_free_dead(struct worker *worker);
/* The end of the worker's loop: nothing shared knows any of its links afterwards. */
void link_die_all(struct worker *worker);
/* The memory of dead links, pinned or not: when no thread is left that could deliver a letter. */
void link_free_all(struct worker *worker);

#endif
