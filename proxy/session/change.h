/* One schema change and its fate, as the ledger tells it. Writes events (docs/ledger-events.md),
 * one JSON object per line; keeps nothing. */
#ifndef PROXY_SESSION_CHANGE_H
#define PROXY_SESSION_CHANGE_H

#include "policy/decide.h"
#include "protocol/buffer.h"

#define CHANGE_KINDS(X)                                                                            \
    X(INTENDED, "intended")                                                                        \
    X(DENIED, "denied")                                                                            \
    X(FORWARDED, "forwarded")                                                                      \
    X(RETRY, "retry")                                                                              \
    X(PROGRESS, "progress")                                                                        \
    X(STMT_OK, "stmt_ok")                                                                          \
    X(COMMITTED, "committed")                                                                      \
    X(ROLLED_BACK, "rolled_back")                                                                  \
    X(UNDONE, "undone_by_savepoint")                                                               \
    X(NO_OP, "no_op")                                                                              \
    X(FAILED, "failed")                                                                            \
    X(PREPARED, "prepared")                                                                        \
    X(UNKNOWN, "unknown")                                                                          \
    X(COMPLETED, "completed") /* failed, but a part that cannot be taken back is at its end */     \
    X(NEEDS_CLEANUP, "needs_cleanup") /* and what comes of it the maintenance connection writes */

enum change_kind {
#define X(name, text) CHANGE_##name,
    CHANGE_KINDS(X)
#undef X
};

struct change_id {
    uint8_t bytes[16]; /* UUID version 7 (RFC 9562): sorts by time */
};

/* `random` is the state of a small generator, stepped twice. */
struct change_id change_id_new(uint64_t *random, uint64_t wall_us);

/* Who asked: borrowed, NUL-terminated. */
struct change_who {
    const char *database, *user, *application, *client;
    uint32_t server_pid;
    bool extended;
};

/* How what is left of a change is found and removed by a program: queries whose rows are the
 * statements to run (policy/plan_undo.c), each with a NUL behind it; empty: by none. And the table
 * that they are about. */
struct change_undo {
    struct span queries;
    const struct object_name *table;
};

struct change_intent {
    struct change_id id, transaction;
    const struct change_who *who;
    const struct statement *statement;
    struct span sql;      /* the client's, redacted */
    struct span executed; /* what is sent instead, one text after the other, each with a NUL behind
                           * it; empty: the same */
    const char *encoding; /* client_encoding, of sql and executed; NULL or empty: UTF8 */
    const struct decision *decision;
    uint32_t lock_timeout_ms;
    struct change_undo undo;
};

/* INTENDED, or DENIED with why (sqlstate, message). */
void change_write_intent(struct buffer *out, enum change_kind kind,
                         const struct change_intent *intent, const char *sqlstate,
                         struct span message, uint64_t wall_us);

/* Everything that comes later. Empty spans and zeros are left out. */
struct change_outcome {
    struct span sqlstate, message;
    uint32_t attempts;
    struct span cleanup; /* NEEDS_CLEANUP: what a person should run, and the same for a program */
    struct change_undo undo;
    struct span remains; /* FAILED, COMPLETED: the statements of it that are done all the same */
    uint64_t rows;       /* PROGRESS: that have been written */
    int64_t rows_in_all; /* estimated; -1: nobody knows */
};
void change_write(struct buffer *out, enum change_kind kind, const struct change_id *id,
                  const struct change_outcome *outcome, uint64_t wall_us);

#endif
