/* One worker: a thread with an event loop of its own, its listeners, its links and its buffers. A
 * link never leaves its worker, so nothing here is locked but the mailbox, through which all other
 * threads speak to it:
 *
 *      ledger, resolver, maintenance, other workers --worker_post--> | mailbox | --eventfd--> loop
 *
 * Mail is delivered on the worker's thread, in order. */
#ifndef PROXY_NET_WORKER_H
#define PROXY_NET_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "proxy/net/mailbox.h"
#include "proxy/net/proxy.h"
#include "proxy/net/stream.h"

struct link;
struct cancel_call;

struct worker {
    struct proxy *proxy; /* borrowed; outlives the worker */
    unsigned number;     /* 1, 2 … for the log */
    struct event_base *base;
    struct receive receive;     /* of the stream that is being read */
    struct effects effects;     /* of the session that is being called */
    struct link *links;         /* every link of this worker, newest first */
    struct link *dead;          /* to be freed between two turns of the loop */
    struct session_clock clock; /* now_us 0: not read yet in this turn */
    struct cancel_call *cancel_calls;
    struct listener *listeners;

    pthread_t thread;
    bool started;
    atomic_bool stopping;
    struct mailbox mailbox;
};

/* NULL: *why (malloc'd, the caller frees) says what could not be had. */
struct worker *worker_new(struct proxy *proxy, unsigned number, char **why);
/* On a stack that is large enough for the grammar (policy/sql/sql.h). False: *why as above. */
MUST_USE bool worker_start(struct worker *worker, char **why);
/* Thread safe; never fails and never blocks. The mail is the worker's. */
void worker_post(struct worker *worker, struct mail *mail);
/* Ends the loop; thread safe. */
void worker_stop(struct worker *worker);
void worker_join(struct worker *worker);
/* After every worker has been joined: mail may point at links of others. NULL is fine. */
void worker_free(struct worker *worker);

/* The time, read at most once in each turn of the loop, of clocks that need neither a system call
 * nor the time-stamp counter: they move with the kernel's tick (1 to 4 ms), which is finer than any
 * time that is waited for. On the worker's thread. */
const struct session_clock *worker_clock(struct worker *worker);

#endif
