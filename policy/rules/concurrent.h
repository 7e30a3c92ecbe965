/* What the rules that ask for CONCURRENTLY have in common: when the plain form does no harm, and
 * when the concurrent form is not to be had. The facts behind each condition were measured on
 * PostgreSQL 11 to 18. */
#ifndef POLICY_RULES_CONCURRENT_H
#define POLICY_RULES_CONCURRENT_H

#include "policy/rule.h"

/* The way out of a transaction block, in the words of the migration tool at hand or of all. */
#define CONCURRENT_HINT "Run it alone and outside a transaction block: " MIGRATION_TOOL_WAYS "."

/* Nobody else can be using it: a temporary table, one made in this transaction, or none at all
 * (then the server says so). */
bool concurrent_is_harmless(const struct statement *statement, const struct situation *now,
                            const struct facts *facts);

/* CREATE INDEX IF NOT EXISTS of an index that is there and valid, and of nothing that PostgreSQL
 * might find wrong before it finds that. */
bool concurrent_is_there(const struct statement *statement, const struct facts *facts);

/* Why no statement at all can be made concurrent here: NULL when one can. */
const char *concurrent_obstacle(const struct situation *now, const struct facts *facts);

/* What may_rewrite returns for `obstacle`: true without one; false with one, and then *reason is
 * it, unless the table is so small that the plain form stalls nobody. */
bool concurrent_verdict(const char *obstacle, const struct facts *facts,
                        const struct settings *settings, const char **reason);

/* may_rewrite of a rule whose statement would change nothing, and can be answered without it. */
bool concurrent_may_answer(const struct statement *statement, const struct situation *now,
                           const struct facts *facts, const struct settings *settings,
                           const char **reason);

#endif
