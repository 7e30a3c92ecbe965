/* The conditions that the rules asking for CONCURRENTLY share. It never asks anybody anything: all
 * it knows is in its arguments. */
#include "policy/rules/concurrent.h"

bool concurrent_is_harmless(const struct statement *statement, const struct situation *now,
                            const struct facts *facts)
{
    if (statement->flags & FLAG_TEMPORARY) {
        return true;
    }
    /* The server refuses everything in a failed transaction. Only where more follows in the same
     * message may a ROLLBACK come before it. */
    if (now->transaction_failed && now->alone) {
        return true;
    }
    return facts->temporary || facts->new_here || (facts->target_known && !facts->exists);
}

bool concurrent_is_there(const struct statement *statement, const struct facts *facts)
{
    /* A unique one of a partitioned table must have the columns that it is partitioned by. */
    bool whole = facts->kind == 'p' && !(statement->flags & FLAG_UNIQUE);
    bool may_have = facts->kind == 'r' || facts->kind == 'm' || whole;
    return statement->kind == STATEMENT_CREATE_INDEX && (statement->flags & FLAG_IF_NOT_EXISTS) &&
           facts->target_known && may_have && facts->index.exists && facts->index.valid &&
           facts->index.same_columns;
}

const char *concurrent_obstacle(const struct situation *now, const struct facts *facts)
{
    /* Release notes of 14.4: "Prevent possible corruption of indexes created or rebuilt with the
     * CONCURRENTLY option". */
    if (facts->known && facts->server_version >= 140000 && facts->server_version <= 140003) {
        return "PostgreSQL 14.0 to 14.3 can corrupt an index that is built concurrently";
    }
    if (facts->target_known && facts->system) {
        return "it belongs to a system catalog";
    }
    if (now->in_transaction) {
        return "CONCURRENTLY is not possible inside a transaction block";
    }
    if (!now->alone) {
        return "CONCURRENTLY is not possible together with other statements in one message or "
               "pipeline";
    }
    if (!facts->target_known) {
        return "the server could not be asked about the table";
    }
    return NULL;
}

bool concurrent_verdict(const char *obstacle, const struct facts *facts,
                        const struct settings *settings, const char **reason)
{
    bool small =
        facts->target_known && facts->bytes >= 0 && facts->bytes <= settings->small_table_bytes;
    if (obstacle != NULL && !small) {
        *reason = obstacle;
    }
    return obstacle == NULL;
}

bool concurrent_may_answer(const struct statement *statement, const struct situation *now,
                           const struct facts *facts, const struct settings *settings,
                           const char **reason)
{
    (void)statement;
    (void)settings;
    (void)reason;
    /* One statement, one answer; and who may not change it hears so from the server. */
    return now->alone && facts->may_change;
}
