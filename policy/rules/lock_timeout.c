/* Every schema change waits for a lock, and everybody who comes after it waits behind it. A lock
 * timeout bounds that wait. Its "rewrite" is the guard around the statement; the text stays. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)settings;
    (void)now;
    (void)facts;
    /* Plain VACUUM waits for a lock that no reader or writer of the table queues behind. */
    return statement_is_guarded(statement->kind) && statement->kind != STATEMENT_VACUUM;
}

const struct rule rule_lock_timeout = {
    .id = "lock-timeout",
    .why = "a schema change that waits for a lock makes everybody behind it wait",
    .on = "every other schema change, LOCK, TRUNCATE, DO, CALL",
    .guards = true,
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .matches = matches,
};
