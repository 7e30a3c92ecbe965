/* SET ACCESS METHOD writes the table anew under ACCESS EXCLUSIVE, unless it is the one it has. */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    struct effect effect = effect_of_action(statement, at, facts, 0);
    return action->kind == ALTER_SET_ACCESS_METHOD && effect_blocks_long(&effect);
}

const struct rule rule_set_access_method = {
    .id = "set-access-method",
    .why = "the table is rewritten, which blocks reads and writes",
    .on = "SET ACCESS METHOD",
    .hint = "Create a table with the other access method, copy the rows over in batches, and swap "
            "the names.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .heavy = true,
    .concerns = concerns,
};
