/* ADD COLUMN NOT NULL without a default fails on a table with rows; on an empty one it
 * succeeds, and every INSERT that does not know the column fails from then on. */
#include "policy/rule.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    (void)facts;
    const unsigned filled =
        COLUMN_HAS_DEFAULT | COLUMN_SERIAL | COLUMN_IDENTITY | COLUMN_GENERATED | COLUMN_VIRTUAL;
    return action->kind == ALTER_ADD_COLUMN && (action->flags & COLUMN_NOT_NULL) &&
           !(action->flags & filled);
}

const struct rule rule_adding_required_field = {
    .id = "adding-required-field",
    .why = "it fails on a table with rows, and on an empty one breaks every INSERT that does not "
           "know the column",
    .on = "ADD COLUMN … NOT NULL without a default",
    .hint = "ALTER TABLE {table} ADD COLUMN {column} {type}; deploy programs that fill it; fill "
            "the old rows; then ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .concerns = concerns,
};
