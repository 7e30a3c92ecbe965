/* What a link is made of: private to link.c, link_io.c, link_obey.c and letter.c. */
#ifndef PROXY_NET_LINK_STATE_H
#define PROXY_NET_LINK_STATE_H

#include "proxy/net/cancel.h"
#include "proxy/net/dial.h"
#include "proxy/net/letter.h"
#include "proxy/net/link.h"
#include "proxy/net/queue.h"

struct yield_asked;

enum link_state { LINK_OPEN, LINK_FLUSHING, LINK_LINGERING, LINK_DEAD };

/* What the session has yet to be told, as bits; told lowest first, when no call of it is running.
 */
enum link_due {
    DUE_OFFER_CLIENT = 1u << 0,
    DUE_OFFER_SERVER = 1u << 1,
    DUE_UNREACHABLE = 1u << 2, /* text: link->unreachable */
    DUE_LEDGER_FAILED = 1u << 3,
    DUE_CLIENT_LOST = 1u << 4,
    DUE_TURN = 1u << 5,
    DUE_QUEUED = 1u << 6, /* text: link->ahead */
    DUE_ASIDE_FAILED = 1u << 7,
};

/* What every event looks at comes first, so that it shares cache lines. */
struct link {
    struct worker *worker;
    struct session *session;
    enum link_state state;
    unsigned due;             /* enum link_due */
    uint64_t deadline_us;     /* the session's; 0: none */
    uint64_t limit_us;        /* our own, for logging in, flushing, lingering; 0: none */
    uint64_t alarm_us;        /* what the alarm is set to: the earlier of the two above */
    struct stream streams[2]; /* by enum session_side */

    struct link *next, *previous; /* in worker->links; `next` also in worker->dead */
    atomic_uint pins;             /* letters on their way */
    unsigned ledger_waits;        /* of those, from the ledger */
    bool registered;              /* in the cancel map */
    bool counted;                 /* in proxy->pairs */
    bool watched;                 /* by the maintenance connection */
    bool aside;                   /* an index is being built beside it, or may be */
    bool dialled;                 /* the session knows user and database */
    uint64_t id, began_us;
    const char *reason;      /* why it ends, as far as we see; constant text */
    const char *unreachable; /* constant text, for DUE_UNREACHABLE */
    struct dial *dial;
    const struct upstream *upstream;
    struct letter *canceller; /* the cancel that the session is being told of */
    struct cancel_entry cancel;
    struct turn turn;
    uint64_t lock, locks; /* the lock that goes with it, 0: none; and how many there have been */
    struct yield_asked *yields; /* who have asked us to, until we have answered */
    struct buffer ahead;        /* who is first at the table we wait for */
    struct event alarm;
};

/* The only way to another state; logged. States only go forward. */
void link_enter(struct link *link, enum link_state state);
/* Tells the session and obeys. */
void link_tell(struct link *link, enum session_event event, struct span text);
/* Delivers what is due and arms streams and alarm: the last thing in every callback. */
void link_settle(struct link *link);
/* Ends the link: the client gets what is queued for it, the server nothing more. */
void link_close(struct link *link, const char *reason);
/* At once. */
void link_die(struct link *link, const char *reason);
void link_unpin(struct link *link);
/* As the server calls it; only of a link that has been dialled. */
struct span link_database(const struct link *link);
/* Begins a line about this link. */
struct buffer link_log(const struct link *link, enum log_level level, const char *event);

/* Obeys worker->effects, which came from the session's answer to `side`; `forward`: the bytes of
 * that side that go on as they are. */
void link_obey(struct link *link, enum session_side side, struct span forward);
void link_on_client_io(evutil_socket_t fd, short what, void *who);
void link_on_server_io(evutil_socket_t fd, short what, void *who);
void link_on_alarm(evutil_socket_t fd, short what, void *who);

#endif
