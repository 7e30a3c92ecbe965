/* ADD CHECK reads the whole table under ACCESS EXCLUSIVE: not even readers pass. NOT VALID
 * leaves that out; VALIDATE makes up for it under a lock that nobody minds. ADD COLUMN with a
 * CHECK reads the table too, although every row has the same value there. PostgreSQL 18 has NOT
 * NULL constraints of that kind. */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    struct effect effect = effect_of_action(statement, at, facts, 0);
    bool check = action->kind == ALTER_ADD_CHECK || action->kind == ALTER_ADD_NOT_NULL ||
                 (action->kind == ALTER_ADD_COLUMN && (action->flags & COLUMN_CHECK));
    return check && effect.scans != ANSWER_NO;
}

const struct rule rule_constraint_missing_not_valid = {
    .id = "constraint-missing-not-valid",
    .why = "adding a constraint blocks reads and writes of the table while every row is checked",
    .on = "ADD CHECK, ADD NOT NULL; ADD COLUMN … CHECK",
    .hint = NOT_VALID_HINT,
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .concerns = concerns,
    .may_rewrite = steps_may_rewrite,
};
