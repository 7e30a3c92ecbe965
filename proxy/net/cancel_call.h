/* A CancelRequest on its way to a server: connects, sends, and waits until the server has closed
 * the connection, because only then has it acted on it (libpq and PostgreSQL agree on that order).
 * Bounded in time. */
#ifndef PROXY_NET_CANCEL_CALL_H
#define PROXY_NET_CANCEL_CALL_H

#include "proxy/net/address.h"
#include "proxy/net/worker.h"

/* Starts one. When it has ended, however, `done` is posted to `waiter` (both NULL: nobody waits;
 * without memory that is at once). */
void cancel_call_start(struct worker *worker, const struct address *server, uint32_t pid,
                       struct span key, struct worker *waiter, struct mail *done);
/* When the worker has ended. */
void cancel_call_free_all(struct worker *worker);

#endif
