/* A new type rewrites the table, or checks it, or builds its indexes anew, all under ACCESS
 * EXCLUSIVE; or it does nothing of that. It depends on both types, on expression indexes and
 * checks, and even on the time zone: only the server can tell. */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    struct effect effect = effect_of_action(statement, at, facts, 0);
    return action->kind == ALTER_COLUMN_TYPE && effect_blocks_long(&effect);
}

const struct rule rule_changing_column_type = {
    .id = "changing-column-type",
    .why = "changing the type of a column rewrites the table or builds its indexes anew, which "
           "blocks reads and writes",
    .on = "ALTER COLUMN … TYPE, unless the server says that it is instant",
    .hint = "Add a column of the new type, keep it in step by a trigger, fill it in batches, and "
            "swap the names: ALTER TABLE {table} ADD COLUMN {column}_new {type}.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .heavy = true,
    .concerns = concerns,
};
