/* Changes that wait for the end of their transaction. See transaction.h. */
#include "proxy/session/transaction.h"

#include <stdlib.h>

void transaction_free(struct transaction *transaction)
{
    free(transaction->changes);
    free(transaction->savepoints);
    *transaction = (struct transaction){0};
}

struct change_id transaction_id(struct transaction *transaction, uint64_t *random, uint64_t wall_us)
{
    if (!transaction->has_id) {
        transaction->id = change_id_new(random, wall_us);
        transaction->has_id = true;
    }
    return transaction->id;
}

bool transaction_add(struct transaction *transaction, struct change_id change)
{
    struct change_id *grown =
        realloc(transaction->changes, (transaction->count + 1) * sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    transaction->changes = grown;
    transaction->changes[transaction->count++] = change;
    return true;
}

void transaction_end(struct transaction *transaction, enum change_kind kind,
                     const struct change_outcome *outcome, struct buffer *ledger, uint64_t wall_us)
{
    for (size_t i = 0; i < transaction->count; i++) {
        bool doubtful = transaction->uncertain ||
                        (kind == CHANGE_ROLLED_BACK && i < transaction->perhaps_committed);
        change_write(ledger, doubtful ? CHANGE_UNKNOWN : kind, &transaction->changes[i], outcome,
                     wall_us);
    }
    transaction_free(transaction);
}

bool transaction_savepoint(struct transaction *transaction, const char *name)
{
    struct savepoint *grown =
        realloc(transaction->savepoints, (transaction->savepoint_count + 1) * sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    transaction->savepoints = grown;
    struct savepoint *savepoint = &grown[transaction->savepoint_count++];
    savepoint->changes_before = transaction->count;
    memcpy(savepoint->name, name, NAME_BYTES);
    return true;
}

/* The youngest savepoint of that name; savepoint_count when it is older than every change. */
static size_t savepoint_find(const struct transaction *transaction, const char *name)
{
    for (size_t i = transaction->savepoint_count; i > 0; i--) {
        if (strncmp(transaction->savepoints[i - 1].name, name, NAME_BYTES) == 0) {
            return i - 1;
        }
    }
    return transaction->savepoint_count;
}

void transaction_release(struct transaction *transaction, const char *name)
{
    /* Releasing a savepoint releases all younger ones; one that we do not know is older than all.
     */
    size_t found = savepoint_find(transaction, name);
    transaction->savepoint_count = found < transaction->savepoint_count ? found : 0;
}

void transaction_rollback_to(struct transaction *transaction, const char *name,
                             struct buffer *ledger, uint64_t wall_us)
{
    size_t found = savepoint_find(transaction, name);
    bool known = found < transaction->savepoint_count;
    size_t keep = known ? transaction->savepoints[found].changes_before : 0;
    for (size_t i = keep; i < transaction->count; i++) {
        change_write(ledger, CHANGE_UNDONE, &transaction->changes[i], NULL, wall_us);
    }
    transaction->count = keep;
    transaction->savepoint_count = known ? found + 1 : 0; /* the savepoint itself stays */
}
