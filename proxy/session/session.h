/* One client and its server, as a state machine: bytes and events go in, effects come out. It owns
 * no socket, clock, thread or file. The shell (proxy/net) moves the bytes and obeys the effects.
 *
 *      client bytes --> session_client_bytes --> effects --> server
 *      client       <-- effects <-- session_server_bytes <-- server bytes
 *                       session_event: connected, lost, durable, timer, cancel, shutdown …
 *
 * How the shell calls it, for either side:
 *
 *      do {
 *          again = session_client_bytes(session, rest of the input, now, effects);
 *          obey the effects in the order of their fields;
 *          rest = rest without its first effects->consumed bytes;
 *      } while (again);
 *      keep the rest (in a buffer that this side owns), read more when session_reads says so
 *
 * After every call, for either side or event, a side's rest is offered again when
 * effects->offer_client or offer_server is set, also when it is empty: the session then learns that
 * there is nothing left. */
#ifndef PROXY_SESSION_SESSION_H
#define PROXY_SESSION_SESSION_H

#include "policy/settings.h"
#include "protocol/buffer.h"
#include "protocol/startup.h"

struct session;

enum session_side { SIDE_CLIENT, SIDE_SERVER };

enum session_event {
    /* the server leg stands; text: the database's name over there, empty: as the client gave it */
    SESSION_CONNECTED,
    SESSION_UNREACHABLE,    /* it cannot be had; text: why, with the address */
    SESSION_CLIENT_CLOSED,  /* the client's side of the socket is at its end (it may still read) */
    SESSION_SERVER_CLOSED,  /* the server's side is at its end, or reset */
    SESSION_CLIENT_LOST,    /* reset, or its socket cannot be written: nobody listens any more */
    SESSION_LEDGER_DURABLE, /* every record handed out so far with ledger_wait is on disk */
    SESSION_LEDGER_FAILED,  /* … cannot be written; text: why */
    SESSION_TIMER,          /* effects->deadline_us has come */
    SESSION_CANCEL,         /* a CancelRequest with this session's key came in */
    SESSION_BLOCKERS, /* text: who stands in the way, one line, from the maintenance connection */
    /* The answer to REQUEST_TURN: the table is this session's until REQUEST_TURN_BACK. Text: empty
     * when nobody stood before it. */
    SESSION_TURN,
    /* The answer to REQUEST_ASIDE: it can be built; and to REQUEST_ASIDE_GO: it is. Or not, text:
     * an SQLSTATE, a blank, and why. */
    SESSION_ASIDE_DONE,
    SESSION_ASIDE_FAILED,
    SESSION_QUEUED, /* … or not yet; text: who is first, one line */
    /* Another session is about to build an index, and would wait for snapshots: let go of one that
     * is of no use. Answered by REQUEST_YIELD_ANSWER, unless the session ends. */
    SESSION_YIELD,
    SESSION_YIELDED,  /* the answer to REQUEST_YIELD */
    SESSION_SHUTDOWN, /* end when idle */
    SESSION_KILL,     /* end now */
};

/* What the shell has to do besides moving bytes. */
enum session_request {
    REQUEST_DIAL = 1u << 0,          /* connect to the server for session_database() */
    REQUEST_REGISTER_KEY = 1u << 1,  /* session_cancel_key() is known now */
    REQUEST_CANCEL_SERVER = 1u << 2, /* send a CancelRequest with that key to this server */
    REQUEST_FORWARD_CANCEL =
        1u << 3,             /* this connection is a CancelRequest: find its session, then
                                close this connection when that server has closed its own */
    REQUEST_WATCH = 1u << 4, /* tell SESSION_BLOCKERS for session_server_pid() from time to time */
    REQUEST_UNWATCH = 1u << 5,
    REQUEST_HALF_CLOSE_SERVER = 1u
                                << 6, /* shutdown(SHUT_WR) the server leg, behind what is queued */
    REQUEST_CLOSE_SERVER = 1u << 7,   /* at once, unsent bytes dropped: a message must stay torn */
    /* Wait for the turn at session_turn_table(), or give the turn, or the place, back. Both at
     * once: back first. */
    REQUEST_TURN_BACK = 1u << 8,
    REQUEST_TURN = 1u << 9,
    /* Get ready to build session_aside() over the maintenance connection; build it; or do not. The
     * first two are answered, and answered once, also when they are given up. */
    REQUEST_ASIDE = 1u << 10,
    REQUEST_ASIDE_GO = 1u << 11,
    REQUEST_ASIDE_CANCEL = 1u << 12,
    /* Tell SESSION_YIELD to all other sessions of this server and database, and SESSION_YIELDED to
     * this one when they have answered. */
    REQUEST_YIELD = 1u << 13,
    REQUEST_YIELD_ANSWER = 1u << 14,
    REQUEST_CLOSE = 1u << 15, /* both legs, the client's after its output is flushed */
};

struct effects {
    /* 1. Append to the ledger: JSON objects, one per line. With ledger_wait the session does
     * nothing more until SESSION_LEDGER_DURABLE or SESSION_LEDGER_FAILED. */
    struct buffer ledger;
    bool ledger_wait;
    size_t forward; /* 2. the first `forward` bytes of the input go to the other side as they are */
    size_t consumed;                    /*    done with that many bytes of the input (>= forward) */
    struct buffer to_server, to_client; /* 3. then these */
    unsigned requests;                  /* 4. enum session_request */
    uint64_t deadline_us; /* 5. SESSION_TIMER when the clock passes this; 0: no timer wanted */
    bool offer_client, offer_server; /* 6. offer this side's rest again */
    struct buffer log;               /* 7. lines for the log, "level text\n"; empty nearly always */
};

void effects_reset(struct effects *effects); /* keeps the memory; before each call */
void effects_free(struct effects *effects);

/* Constant for the life of the program or of a configuration; borrowed, must outlive the session.
 */
struct session_options {
    const struct settings *settings;
    const struct override *overrides;
    size_t override_count;
    uint32_t inspect_limit;     /* bytes of a Query or Parse that are held back to be read whole */
    uint32_t parse_limit;       /* bytes of a statement that are given to the grammar */
    bool refuse_without_ledger; /* DDL is refused when the ledger cannot be written */
    bool aside;                 /* there is a maintenance connection that can build indexes */
    const char *instance;       /* for "ddlguard" texts; the ledger's instance id */
};

/* `seed`: random; for change ids and jitter. `client_address`: "127.0.0.1:51234" or "unix", copied.
 * NULL when there is no memory. */
struct session *session_new(const struct session_options *options, const char *client_address,
                            uint64_t seed);
void session_free(struct session *session);

/* `now_us`: any clock that does not go back, except that change ids and times in the ledger are
 * taken from `wall_us`, microseconds since 1970. Both in struct session_clock. */
struct session_clock {
    uint64_t now_us, wall_us;
};

/* True: call again with the rest. */
bool session_client_bytes(struct session *session, struct span in,
                          const struct session_clock *clock, struct effects *effects);
bool session_server_bytes(struct session *session, struct span in,
                          const struct session_clock *clock, struct effects *effects);
void session_event(struct session *session, enum session_event event, struct span text,
                   const struct session_clock *clock, struct effects *effects);

/* Whether the shell should read this side now. False: leave its bytes in the socket. */
bool session_reads(const struct session *session, enum session_side side);

/* Valid from REQUEST_DIAL on, as long as the session lives. */
struct span session_database(const struct session *session);
struct span session_user(const struct session *session);
/* From REQUEST_REGISTER_KEY on; for a cancel connection (REQUEST_FORWARD_CANCEL) the key it
 * carries. */
uint32_t session_server_pid(const struct session *session);
struct span session_cancel_key(const struct session *session);
/* At REQUEST_TURN: the table, as schema.name, and what is to be done to it, for who has to wait. */
struct span session_turn_table(const struct session *session);
struct span session_turn_what(const struct session *session);
/* At REQUEST_ASIDE: the texts to be run, in this order; each ends before the next begins, and each
 * wants another answer. See STEP_ASIDE in policy/plan.h. */
struct session_aside {
    struct span settings, obstacle, gate, build;
    uint32_t total_ms; /* for how long a gate that is shut is tried again */
};
struct session_aside session_aside(const struct session *session);
/* No transaction open, no change under way, nothing unanswered: it may be closed without loss. */
bool session_is_idle(const struct session *session);
/* For the log and for tests: "startup", "ready/streaming" … */
const char *session_phase_name(const struct session *session);

#endif
