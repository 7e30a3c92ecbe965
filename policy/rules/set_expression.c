/* SET EXPRESSION computes a stored generated column anew in every row (PostgreSQL 17). A
 * virtual one is stored nowhere. */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    struct effect effect = effect_of_action(statement, at, facts, 0);
    return action->kind == ALTER_SET_EXPRESSION && effect_blocks_long(&effect);
}

const struct rule rule_set_expression = {
    .id = "set-expression",
    .why = "the table is rewritten to compute the column anew, which blocks reads and writes",
    .on = "ALTER COLUMN … SET EXPRESSION",
    .hint = "Add a column with the new expression in a quiet hour, or a plain column filled by a "
            "trigger and in batches.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .heavy = true,
    .concerns = concerns,
};
