/* The shell around a session, without sockets: it obeys proxy/session/session.h to the letter and
 * tells a listener everything that comes out, in the order in which it would reach the world. Used
 * by the dialogues and by the fuzz target.
 *
 *      shell_receive, shell_end --> socket --(session_reads)--> rest --> session --> effects
 *                                                                                      |
 *      listener <-- ledger lines, forwarded bytes, own bytes, requests <---------------+
 *
 * Whatever the session does against its own contract is kept as the first text in `broken`. */
#ifndef TESTS_UNIT_SESSION_DIALOGUE_SHELL_H
#define TESTS_UNIT_SESSION_DIALOGUE_SHELL_H

#include "proxy/session/session.h"

enum shell_place { PLACE_CLIENT, PLACE_SERVER, PLACE_LEDGER, PLACE_SHELL };
#define PLACES 4

/* `bytes`: of a stream (client, server), one ledger line, or the name of one request (shell). */
typedef void shell_listener(void *who, enum shell_place place, struct span bytes);

/* What becomes of the records that the session waits for. */
enum shell_ledger {
    LEDGER_WORKS, /* they are durable as soon as the effects have been obeyed */
    LEDGER_FAILS, /* they cannot be written */
    LEDGER_WAITS, /* the test itself tells SESSION_LEDGER_DURABLE or _FAILED */
};

struct shell {
    struct session *session;
    struct effects effects;
    struct session_clock clock;
    struct buffer socket[2]; /* arrived, not read; by enum session_side */
    struct buffer rest[2];   /* read, not consumed */
    bool ends[2];            /* the side has closed its direction behind what is in the socket */
    bool told_end[2];        /* … and the session knows */
    bool offers[2];
    bool server_open, server_finished;
    bool ledger_due, turn_due, yielded_due, closed;
    bool in_queue;    /* REQUEST_TURN, and not REQUEST_TURN_BACK yet */
    bool queue_waits; /* the test tells SESSION_TURN itself; else it is always our turn */
    bool others_wait; /* the test tells SESSION_YIELDED itself; else they answer at once */
    enum shell_ledger ledger;
    const char *ledger_why; /* of LEDGER_FAILS; constant text */
    uint64_t deadline_us;
    shell_listener *listener;
    void *who;
    const char *broken; /* NULL, or which promise the session has not kept; constant text */
};

/* A session with a fixed seed and a clock that stands still, so that every run gives the same. */
void shell_start(struct shell *shell, const struct session_options *options,
                 shell_listener *listener, void *who);
void shell_stop(struct shell *shell);

/* Bytes arrive at a side's socket; then everything happens that can. */
void shell_receive(struct shell *shell, enum session_side side, struct span bytes);
/* The side closes its direction. */
void shell_end(struct shell *shell, enum session_side side);
void shell_tell(struct shell *shell, enum session_event event, struct span text);
void shell_pass_time(struct shell *shell, uint64_t us);

#endif
