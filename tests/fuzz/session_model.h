/* A server for the session's fuzz target: as much of PostgreSQL as it takes to answer every message
 * in its turn, with the right shape, in the right transaction status. It holds no data; whether a
 * statement fails is the input's choice. */
#ifndef TESTS_FUZZ_SESSION_MODEL_H
#define TESTS_FUZZ_SESSION_MODEL_H

#include "protocol/buffer.h"

#define MODEL_NAMES 8

/* In notices about the copies of the shadow probe: no client may read it. */
#define MODEL_SECRET "ATRewriteTable"

struct model_name {
    char name[16];
    char sql[64]; /* its beginning */
    bool spent;   /* a portal that has been executed to its end */
};

struct model {
    struct buffer in; /* not answered yet */
    struct buffer out;
    char status; /* as ReadyForQuery has it */
    bool skips;  /* up to Sync, after an error */
    bool copy_in;
    bool copy_simple; /* the COPY came in a Query: its end is answered with ReadyForQuery */
    bool ended;       /* it has read Terminate */
    bool misused;     /* a message that has no place in a COPY: its account is beyond the session */
    bool confused;    /* it has read what no client may send */
    struct model_name statements[MODEL_NAMES], portals[MODEL_NAMES];
    unsigned next_statement, next_portal;
};

/* Answers the next message, if there is a whole one. `choice`: bit 0, it fails (if it can); the
 * other bits, how. */
MUST_USE bool model_serve(struct model *model, uint8_t choice);
/* Whether the unnamed portal is there and may have more to give. */
bool model_has_open_portal(const struct model *model);

#endif
