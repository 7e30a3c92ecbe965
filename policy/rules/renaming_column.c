/* RENAME COLUMN is instant, and from that instant on every program with the old name fails. */
#include "policy/rule.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    (void)facts;
    return action->kind == ALTER_RENAME_COLUMN;
}

const struct rule rule_renaming_column = {
    .id = "renaming-column",
    .why = "programs that use the old name of the column fail",
    .on = "RENAME COLUMN",
    .hint = "Add a new column, write both, fill it in batches, move the readers over, and drop "
            "{column} last.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .concerns = concerns,
};
