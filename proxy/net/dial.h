/* Connects to a server without blocking: its name is resolved elsewhere, every address of it is
 * tried in turn, and each try is bounded in time. Speaks no protocol: the result is a socket. */
#ifndef PROXY_NET_DIAL_H
#define PROXY_NET_DIAL_H

#include "proxy/net/address.h"
#include "proxy/net/worker.h"

struct dial;

/* `fd`: connected and non-blocking, now the callee's; `address`: of its peer. -1: `why` is
 * "HOST:PORT: reason", one for each address that was tried. The dial is gone when this is called;
 * it is never called from within dial_host or dial_address. */
typedef void dial_done(void *who, int fd, const struct address *address, struct span why);

/* `host`: a name, a number, or the folder of a unix socket if it begins with '/'. `timeout_ms` per
 * address, as libpq's connect_timeout. NULL: no memory, `done` will not be called. */
struct dial *dial_host(struct worker *worker, const char *host, uint16_t port, uint32_t timeout_ms,
                       dial_done *done, void *who);
struct dial *dial_address(struct worker *worker, const struct address *address, uint32_t timeout_ms,
                          dial_done *done, void *who);
/* Gives up: `done` is not called any more. NULL is fine. */
void dial_cancel(struct dial *dial);

#endif
