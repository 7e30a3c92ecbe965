/* The runner carries out one client request that policy has a say in: it asks the server for facts,
 * decides, writes the intent, sends the plan's steps one by one, tries again after lock timeouts,
 * cleans up, writes the outcome, and gives the client exactly one reply of the shape it expects.
 *
 *      start -> PROBE -> SHADOW -> QUEUE -> INTENT -> STEP | GENERATED | RUN
 *      -> OUTCOME -> STEP (undo, restore) -> reply     ^                  |
 *                                                    PAUSE <- RESYNC <----+
 *
 * INTENT and OUTCOME wait for the ledger: the one before anything is done, the other before the
 * client hears. PAUSE is for a lock timeout, while tries are left.
 *
 * Exchanges of ours use a named statement and portal of our own, closed again; they end with Sync
 * where the batch may end, with Flush where it must stay open, and are one simple Query on a
 * replication connection, which knows nothing else. */
#ifndef PROXY_SESSION_RUNNER_H
#define PROXY_SESSION_RUNNER_H

#include "proxy/session/inspect.h"

enum request_shape {
    REQUEST_QUERY,   /* a Query message: the reply ends with ReadyForQuery */
    REQUEST_EXECUTE, /* an Execute message: the reply is what its portal gives */
};

struct request {
    enum request_shape shape;
    bool batch_open; /* something of the batch must not be torn off by a Sync of ours */
    bool may_close;  /* … but for an open transaction block there would be nothing of that kind */
    struct buffer message; /* the client's whole message; of a long one what is there */
    size_t message_left;   /* bytes of it still to come: they stream */
    struct buffer bind; /* REQUEST_EXECUTE: binds the portal again after our Sync has dropped it */
    struct buffer sql;  /* the text the statements were cut from */
    struct statement_list statements;
};

void request_free(struct request *request);

/* Takes over *request (empty afterwards). The wire must be quiet. */
void runner_start(struct session *session, struct request *request, struct effects *effects);
/* The session is idle and settings are owed: put them back, then give the client this
 * ReadyForQuery. */
void runner_pay_debt(struct session *session, struct effects *effects);
/* Is this name still that of a prepared statement? The server is asked, and the map of names put
 * right; then the client's bytes are offered again. `of_parse`: only one that a Parse has made
 * counts, as the one that we remember is. The wire must be quiet. */
void runner_ask_name(struct session *session, struct span name, bool of_parse,
                     struct effects *effects);
/* SESSION_YIELD: closes the client's unnamed portal if nobody can miss it. */
void runner_yield(struct session *session, struct effects *effects);
void runner_free(struct runner *runner);

bool runner_on_client(struct session *session, struct span in, struct effects *effects);
bool runner_on_server(struct session *session, struct span in, struct effects *effects);
void runner_on_ledger(struct session *session, bool durable, struct span why,
                      struct effects *effects);
void runner_on_timer(struct session *session, struct effects *effects);
void runner_on_cancel(struct session *session, struct effects *effects);
void runner_on_blockers(struct session *session, struct span text);
void runner_on_turn(struct session *session, struct span text, struct effects *effects);
void runner_on_aside(struct session *session, bool done, struct span text, struct effects *effects);
void runner_on_yielded(struct session *session, struct effects *effects);
void runner_on_queued(struct session *session, struct span who, struct effects *effects);
void runner_on_client_lost(struct session *session, struct effects *effects);
void runner_on_server_lost(struct session *session, struct effects *effects);

/* 0: none. */
uint64_t runner_deadline(const struct runner *runner);
/* Whether client bytes are part of what runs: CopyData, or the rest of a long message. */
bool runner_reads_client(const struct runner *runner);

#endif
