/* What the maintenance connection is made of: private to maintenance*.c. All but the list of
 * watches and the mailbox is the maintenance thread's own.
 *
 *      maintenance.c           the thread and its loop, start and end
 *      maintenance_call.c      one connection to one database
 *      maintenance_watch.c     who stands in the way of a change that waits
 *      maintenance_cleanup.c   what failed changes have left
 *      maintenance_orders.c    … from the sessions and from the journal
 *      maintenance_build.c     indexes that are built beside a client's transaction
 *      maintenance_aside.c     … as its worker orders them
 *      maintenance_claim.c     … the texts that the server is sent for it
 *      maintenance_lock.c      the turn at a table across proxies                             */
#ifndef PROXY_NET_MAINTENANCE_STATE_H
#define PROXY_NET_MAINTENANCE_STATE_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

#include "proxy/ledger/ledger.h"
#include "proxy/net/mailbox.h"
#include "proxy/net/maintenance.h"
#include "proxy/net/maintenance_call.h"

struct build;
struct cleanup;
struct letter;
struct lock_server;
struct watch;

/* Where blockers are asked for: one connection per host and port, made when it is needed. */
struct watched_server {
    const struct upstream *upstream; /* the first with this host and port */
    struct maintenance_line *line;
    struct call *call; /* NULL: none */
    bool ready;        /* it may be asked */
    uint64_t retry_ms; /* not before */
    uint32_t backoff_ms;
};

struct maintenance_line {
    const struct config *config;
    enum log_level log_level;
    struct ledger *ledger;
    struct event_base *base;
    struct mailbox mailbox;
    pthread_t thread;
    atomic_bool stopping;

    struct watched_server *servers;
    size_t server_count;
    struct event sample;  /* pending while there is something to watch */
    pthread_mutex_t lock; /* of the watches */
    struct watch *watches;

    struct cleanup *cleanups;
    struct build *builds;
    struct lock_server *lock_servers;
};

enum aside_kind { ASIDE_PREPARE, ASIDE_GO, ASIDE_CANCEL };

struct aside_order {
    struct mail mail;
    struct maintenance_line *line;
    enum aside_kind kind;
    uint64_t link_id;
    struct letter *letter; /* NULL: ASIDE_CANCEL */
    const struct upstream *upstream;
    struct buffer database, settings, obstacle, gate, build; /* each with its NUL */
    uint32_t client_pid, total_ms;
};

uint64_t maintenance_now_ms(void); /* of the monotonic clock */
/* Doubles *ms, from 1 s up to `most_ms`; gives the moment at which it will have passed. */
uint64_t maintenance_back_off(uint32_t *ms, uint32_t most_ms);

/* maintenance_watch.c. False: no memory. */
MUST_USE bool watch_init(struct maintenance_line *line);
void watch_free(struct maintenance_line *line);

/* maintenance_orders.c: takes up what earlier runs have left, as the journal tells. */
void orders_take_up(struct maintenance_line *line);
/* What the journal says of a change. */
enum orders_state {
    ORDERS_SETTLED,  /* it knows what became of it, or cannot be read */
    ORDERS_UNKNOWN,  /* it does not */
    ORDERS_ANSWERED, /* nor that, but the server has said that the statement has run */
};
enum orders_state orders_state_of(const struct maintenance_line *line, const char *change_id);

/* maintenance_cleanup.c: a change, or an event of one, that may have left something; of this
 * database. One that does not say how it is found is for people only. */
void cleanup_take(struct maintenance_line *line, const json_t *change, const char *database);
void cleanup_free_all(struct maintenance_line *line);

/* maintenance_build.c. The letter is answered; the texts may be taken. */
void build_start(struct maintenance_line *line, struct aside_order *order);
void build_go(struct maintenance_line *line, struct aside_order *order);
void build_cancel(struct maintenance_line *line, uint64_t link_id);
void build_free_all(struct maintenance_line *line);

/* maintenance_lock.c */
void lock_free_all(struct maintenance_line *line);

#endif
