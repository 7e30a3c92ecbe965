/* ADD UNIQUE builds its index under ACCESS EXCLUSIVE: nobody reads or writes meanwhile. An
 * index that was built CONCURRENTLY becomes the constraint in an instant. */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    (void)facts;
    return (action->kind == ALTER_ADD_UNIQUE && !(action->flags & ALTER_USING_INDEX)) ||
           (action->kind == ALTER_ADD_COLUMN && (action->flags & COLUMN_UNIQUE));
}

const struct rule rule_disallowed_unique_constraint = {
    .id = "disallowed-unique-constraint",
    .why =
        "adding a unique constraint blocks reads and writes of the table while its index is built",
    .on = "ADD UNIQUE; ADD COLUMN … UNIQUE",
    .hint = STEPS_HINT
    "CREATE UNIQUE INDEX CONCURRENTLY {constraint} ON {table} ({column}); then ALTER TABLE {table} "
    "ADD CONSTRAINT {constraint} UNIQUE USING INDEX {constraint}.",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .concerns = concerns,
    .may_rewrite = steps_may_rewrite,
};
