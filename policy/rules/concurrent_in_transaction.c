/* What commits on its way cannot be part of a transaction: PostgreSQL refuses it there with 25001,
 * and the migration ends half-way. At run time its own error passes; in a file it is found before.
 * Whether several statements of one flight of the extended protocol are a transaction is the
 * server's to say: nothing is said of those. */
#include "policy/rules/concurrent.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)facts;
    (void)settings;
    bool inside = now->alone ? now->in_transaction : !now->extended;
    return (statement->flags & FLAG_NO_TRANSACTION) && inside && !now->transaction_failed;
}

const struct rule rule_concurrent_in_transaction = {
    .id = "ban-concurrent-index-creation-in-transaction",
    .why = "PostgreSQL refuses it inside a transaction block",
    .on = "CONCURRENTLY, VACUUM, CREATE DATABASE and their like inside a transaction block",
    .hint = CONCURRENT_HINT,
    .guard = ACTION_WARN,
    .strict = ACTION_WARN,
    .matches = matches,
};
