/* DROP COLUMN is instant and cannot be taken back; programs that still name the column fail. */
#include "policy/rule.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    (void)facts;
    return action->kind == ALTER_DROP_COLUMN;
}

const struct rule rule_ban_drop_column = {
    .id = "ban-drop-column",
    .why = "programs that still use the column fail, and its data is gone",
    .on = "DROP COLUMN",
    .hint = "Deploy programs that do not use {column} first; keep it until nobody has missed it.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .concerns = concerns,
};
