/* LOCK TABLE holds its lock to the end of the transaction, whatever the client does meanwhile.
 * From SHARE on nobody can write. */
#include "policy/rules/steps.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)settings;
    return !concurrent_is_harmless(statement, now, facts) && statement->kind == STATEMENT_LOCK &&
           statement->lock_mode >= LOCK_SHARE;
}

const struct rule rule_explicit_lock = {
    .id = "explicit-lock",
    .why = "the table is blocked until the transaction ends",
    .on = "LOCK TABLE in SHARE mode or stronger",
    .hint =
        "SELECT ... FOR UPDATE locks only the rows that matter; pg_advisory_xact_lock() locks no "
        "table at all.",
    .guard = ACTION_WARN,
    .strict = ACTION_WARN,
    .matches = matches,
};
