/* SET LOGGED and SET UNLOGGED write the table anew under ACCESS EXCLUSIVE, unless it is so
 * already. */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    struct effect effect = effect_of_action(statement, at, facts, 0);
    return (action->kind == ALTER_SET_LOGGED || action->kind == ALTER_SET_UNLOGGED) &&
           effect_blocks_long(&effect);
}

const struct rule rule_set_logged = {
    .id = "set-logged",
    .why = "the table is rewritten, which blocks reads and writes",
    .on = "SET LOGGED, SET UNLOGGED",
    .hint = "Create a table of the wanted kind, copy the rows over in batches, and swap the names.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .heavy = true,
    .concerns = concerns,
};
