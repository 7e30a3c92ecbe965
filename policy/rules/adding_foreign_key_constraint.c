/* ADD FOREIGN KEY takes SHARE ROW EXCLUSIVE on both tables and looks up every row of one in the
 * other. NOT VALID leaves that out; VALIDATE makes up for it while everybody reads and writes.
 * As part of ADD COLUMN nothing is looked up, but ACCESS EXCLUSIVE on the table is held while
 * the lock on the other one is waited for. */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    (void)facts;
    return (action->kind == ALTER_ADD_FOREIGN_KEY && !(action->flags & ALTER_NOT_VALID)) ||
           (action->kind == ALTER_ADD_COLUMN && (action->flags & COLUMN_REFERENCES));
}

const struct rule rule_adding_foreign_key_constraint = {
    .id = "adding-foreign-key-constraint",
    .why = "adding a foreign key blocks writes to both tables while every row is looked up",
    .on = "ADD FOREIGN KEY; ADD COLUMN … REFERENCES",
    .hint = NOT_VALID_HINT,
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .concerns = concerns,
    .may_rewrite = steps_may_rewrite,
};
