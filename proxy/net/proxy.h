/* What all workers share: constant while they run, or safe for threads by itself. */
#ifndef PROXY_NET_PROXY_H
#define PROXY_NET_PROXY_H

#include <stdatomic.h>

#include "config/config.h"
#include "proxy/ledger/ledger.h"
#include "proxy/net/log.h"
#include "proxy/session/session.h"

struct worker;

struct proxy {
    const struct config *config; /* borrowed */
    struct worker **workers;
    unsigned worker_count;
    struct session_options options; /* of every session */
    enum log_level log_level;
    struct ledger *ledger;
    struct cancel_map *cancels;
    struct queue *queue;
    struct resolver *resolver;
    struct maintenance_line *maintenance; /* NULL: none is configured */
    unsigned pairs_max;                   /* clients with a server connection, at most */
    atomic_uint pairs;                    /* … now */
    atomic_uint links;    /* clients, with or without one, and those that are being closed */
    atomic_ulong last_id; /* of a link, for the log */
};

#endif
