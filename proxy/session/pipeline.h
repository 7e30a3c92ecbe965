/* What is on the wire between us and the server: which exchanges still wait for their
 * ReadyForQuery, what has been sent since the last Sync, and whether the server is skipping. It is
 * told of every message that passes, in both directions, and looks at no body.
 *
 *      Query | P B E S | P B E S | P B E          an exchange ends at its ReadyForQuery
 *      \---- owed: 3 exchanges --/ \- batch -/     the batch is what no Sync has closed yet
 *
 * The connection is quiet when nothing is owed and every message of the batch is answered. */
#ifndef PROXY_SESSION_PIPELINE_H
#define PROXY_SESSION_PIPELINE_H

#include "protocol/message.h"
#include "protocol/server_message.h"

/* Owed exchanges of one kind are counted together; a client that alternates the two kinds more
 * often than this without reading is held back until answers come. */
#define PIPELINE_RUNS 8

enum pipeline_skip {
    SKIP_NONE,
    SKIP_SERVER, /* an error in the batch: the server ignores messages up to Sync */
    SKIP_OURS,   /* the same, but the server has not failed: we drop the messages ourselves */
};

/* The server drops it at the next Bind without a name, at a Query, and with its transaction. */
enum unnamed_portal {
    UNNAMED_NONE,
    UNNAMED_OPEN,     /* bound, and it may have more to give */
    UNNAMED_EXECUTED, /* and executed: when all is answered, to its end */
};

struct pipeline {
    struct {
        uint32_t count;
        bool sync; /* ended by Sync; else a Query or FunctionCall */
    } runs[PIPELINE_RUNS];
    uint8_t first, used;
    uint8_t status;  /* enum transaction_status of the last ReadyForQuery */
    uint8_t skip;    /* enum pipeline_skip */
    uint8_t unnamed; /* enum unnamed_portal */
    bool executed;   /* the batch holds an Execute */
    bool failed;     /* an ErrorResponse since the last ReadyForQuery */
    bool copy_in;    /* the server reads CopyData: Sync and Flush mean nothing */
    uint32_t sent;   /* messages in the batch */
    uint32_t due;    /* of them not answered yet */
    uint32_t names;  /* of them Parse and Close: they can change what a bound name stands for */
    uint32_t binds;  /* of them Bind: portals that a Sync of ours would drop */
    uint32_t batch;  /* counts batches: tells whether a portal was bound in this one */
};

void pipeline_start(struct pipeline *pipeline);

/* A message of the client's (or one of ours in its place) has gone to the server. `unnamed`: of a
 * Bind or Execute, whether it means the unnamed portal. */
void pipeline_client(struct pipeline *pipeline, uint8_t tag, bool unnamed);
/* A message of the server's has come. For ReadyForQuery use pipeline_ready. */
void pipeline_server(struct pipeline *pipeline, uint8_t tag, enum reply_role role);
/* ReadyForQuery with its status. */
void pipeline_ready(struct pipeline *pipeline, enum transaction_status status);

/* Room for one more exchange of either kind. */
static inline bool pipeline_has_room(const struct pipeline *pipeline)
{
    return pipeline->used < PIPELINE_RUNS;
}

static inline bool pipeline_is_quiet(const struct pipeline *pipeline)
{
    return pipeline->used == 0 && pipeline->due == 0 && !pipeline->copy_in;
}

/* Quiet, and nothing sent since the last Sync: an exchange of our own may be put in here. */
static inline bool pipeline_is_between(const struct pipeline *pipeline)
{
    return pipeline_is_quiet(pipeline) && pipeline->sent == 0;
}

/* The client is idle in a transaction, and its unnamed portal has given all that it had but is
 * still there: it may hold a snapshot, and nobody has any use for it. */
static inline bool pipeline_has_spent_portal(const struct pipeline *pipeline)
{
    return pipeline->unnamed == UNNAMED_EXECUTED && pipeline->status == STATUS_TRANSACTION &&
           pipeline_is_between(pipeline);
}

#endif
