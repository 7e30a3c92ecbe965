/* Where clients come in. Every worker has its own listening socket for each TCP address
 * (SO_REUSEPORT: the kernel spreads the clients); a unix socket is one for all workers.
 *
 * Out of file descriptors: a reserve descriptor is given up for a moment so that each waiting
 * client hears why (53300), then accepting pauses; it never spins. */
#ifndef PROXY_NET_LISTENER_H
#define PROXY_NET_LISTENER_H

#include "config/config.h"
#include "proxy/net/address.h"
#include "proxy/net/worker.h"

/* One address to listen on; a name can stand for several. */
struct listen_point {
    struct address address; /* port 0: whatever is free; the first listener_open puts it in */
    int unix_fd;            /* a unix socket, while the workers take their share of it; else -1 */
    bool owned;             /* the path of that socket is ours to remove */
};

#define LISTEN_POINTS_MOST 64 /* more addresses than any machine's names stand for */

/* Adds the points of one configured address. False: *why (malloc'd, the caller frees). Blocks on
 * name look-ups: for start-up only. */
MUST_USE bool listen_point_add(struct listen_point points[LISTEN_POINTS_MOST], size_t *count,
                               const struct listen_address *address, char **why);
/* Before the worker runs. False: *why as above. */
MUST_USE bool listener_open(struct worker *worker, struct listen_point *point, char **why);
/* When every worker has been through listener_open, or one of them failed. */
void listen_point_opened(struct listen_point *points, size_t count);
/* Removes the paths of unix sockets. */
void listen_point_remove(const struct listen_point *points, size_t count);
/* On the worker's thread: no more clients. */
void listener_free_all(struct worker *worker);

#endif
