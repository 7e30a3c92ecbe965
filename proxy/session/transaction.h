/* The changes of the transaction that is open: they wait for its end, which alone decides their
 * fate. The server's command tags say what happened; only the names of savepoints are read from
 * SQL, and only of those made after the first change (a rollback to any older one undoes every
 * change). */
#ifndef PROXY_SESSION_TRANSACTION_H
#define PROXY_SESSION_TRANSACTION_H

#include "proxy/session/change.h"

struct savepoint {
    char name[NAME_BYTES];
    size_t changes_before; /* how many changes were pending when it was set */
};

/* What is to be undone beside the server's own transaction unless it commits; owned. */
struct pending_undo {
    struct change_id change;
    struct object_name table;
    struct buffer queries;
};

struct transaction {
    struct change_id *changes;
    size_t count;
    bool has_id;
    bool uncertain;           /* a text that we could not read may have ended it, or part of it */
    size_t perhaps_committed; /* the first so many: a DO or CALL behind them may have committed */
    struct savepoint *savepoints;
    size_t savepoint_count;
    struct pending_undo *undos;
    size_t undo_count;
    struct change_id id; /* of the transaction, in the ledger; see has_id */
};

void transaction_free(struct transaction *transaction);

/* The transaction's id in the ledger; made when first asked for, new after every end. */
struct change_id transaction_id(struct transaction *transaction, uint64_t *random,
                                uint64_t wall_us);
/* `undo`: copied; without queries when the server undoes all of it. False: no memory; then the
 * change's fate can not be told and it is the caller's to write UNKNOWN.
 */
MUST_USE bool transaction_add(struct transaction *transaction, struct change_id change,
                              const struct change_undo *undo);
/* Writes `kind` (COMMITTED, ROLLED_BACK, PREPARED, UNKNOWN) for every pending change and forgets
 * them. */
void transaction_end(struct transaction *transaction, enum change_kind kind,
                     const struct change_outcome *outcome, struct buffer *ledger, uint64_t wall_us);

MUST_USE bool transaction_savepoint(struct transaction *transaction, const char *name);
void transaction_release(struct transaction *transaction, const char *name);
/* Writes UNDONE for what was changed since that savepoint. */
void transaction_rollback_to(struct transaction *transaction, const char *name,
                             struct buffer *ledger, uint64_t wall_us);

#endif
