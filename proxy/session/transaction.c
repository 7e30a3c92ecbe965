/* Changes that wait for the end of their transaction. See transaction.h. */
#include "proxy/session/transaction.h"

#include <stdlib.h>

void transaction_free(struct transaction *transaction)
{
    for (size_t i = 0; i < transaction->undo_count; i++) {
        buffer_free(&transaction->undos[i].queries);
    }
    free(transaction->undos);
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

static bool add_undo(struct transaction *transaction, struct change_id change,
                     const struct change_undo *undo)
{
    struct pending_undo *grown =
        realloc(transaction->undos, (transaction->undo_count + 1) * sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    transaction->undos = grown;
    struct pending_undo *added = &grown[transaction->undo_count++];
    *added = (struct pending_undo){.change = change, .table = *undo->table};
    buffer_append_span(&added->queries, undo->queries);
    return !added->queries.failed;
}

bool transaction_add(struct transaction *transaction, struct change_id change,
                     const struct change_undo *undo)
{
    if (undo->queries.length > 0 && !add_undo(transaction, change, undo)) {
        return false;
    }
    struct change_id *grown =
        realloc(transaction->changes, (transaction->count + 1) * sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    transaction->changes = grown;
    transaction->changes[transaction->count++] = change;
    return true;
}

/* The queries, each with a NUL behind it, as psql would run them. */
static void append_for_people(struct span queries, struct buffer *out)
{
    for (size_t i = 0; i < queries.length; i++) {
        if (queries.at[i] == '\0') {
            buffer_append_text(out, "\\gexec\n");
        } else {
            buffer_append_u8(out, queries.at[i]);
        }
    }
}

/* The end of one change; unless it is certain that it has committed, also what it may have left. */
static void write_end(const struct transaction *transaction, size_t i, enum change_kind kind,
                      const struct change_outcome *outcome, struct buffer *ledger, uint64_t wall_us)
{
    const struct change_id *id = &transaction->changes[i];
    change_write(ledger, kind, id, outcome, wall_us);
    for (size_t k = 0; kind != CHANGE_COMMITTED && k < transaction->undo_count; k++) {
        const struct pending_undo *undo = &transaction->undos[k];
        struct buffer text = {0};
        if (memcmp(&undo->change, id, sizeof(*id)) == 0) {
            append_for_people(buffer_span(&undo->queries), &text);
            change_write(
                ledger, CHANGE_NEEDS_CLEANUP, id,
                &(struct change_outcome){.cleanup = buffer_span(&text),
                                         .undo = {buffer_span(&undo->queries), &undo->table}},
                wall_us);
        }
        buffer_free(&text);
    }
}

void transaction_end(struct transaction *transaction, enum change_kind kind,
                     const struct change_outcome *outcome, struct buffer *ledger, uint64_t wall_us)
{
    for (size_t i = 0; i < transaction->count; i++) {
        bool doubtful = transaction->uncertain ||
                        (kind == CHANGE_ROLLED_BACK && i < transaction->perhaps_committed);
        write_end(transaction, i, doubtful ? CHANGE_UNKNOWN : kind, outcome, ledger, wall_us);
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
        write_end(transaction, i, CHANGE_UNDONE, NULL, ledger, wall_us);
    }
    transaction->count = keep;
    transaction->savepoint_count = known ? found + 1 : 0; /* the savepoint itself stays */
}
