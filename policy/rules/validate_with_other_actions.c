/* VALIDATE lets everybody read and write, but an ALTER TABLE holds the strongest lock that any
 * of its actions needs from the first to the last, and a transaction holds all of its locks to the
 * end: so what NOT VALID was for is lost where both are in one. */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    return action->kind == ALTER_VALIDATE &&
           (facts->locked_here ||
            effect_of(statement, facts, 0).lock > LOCK_SHARE_UPDATE_EXCLUSIVE);
}

const struct rule rule_validate_with_other_actions = {
    .id = "validate-with-other-actions",
    .why = "the constraint is validated under the lock of another change, which blocks the table "
           "meanwhile",
    .on = "VALIDATE CONSTRAINT together with actions that take stronger locks, or in the "
          "transaction that added the constraint",
    .hint = STEPS_HINT "ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}, as a statement and "
                       "in a transaction of its own.",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .concerns = concerns,
    .may_rewrite = steps_may_rewrite,
};
