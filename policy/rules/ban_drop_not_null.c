/* DROP NOT NULL is instant, but programs that never saw a NULL there will. */
#include "policy/rule.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    const struct action_facts *known = &facts->actions[at];
    return action->kind == ALTER_DROP_NOT_NULL &&
           !(known->known && known->column_exists && !known->column_not_null);
}

const struct rule rule_ban_drop_not_null = {
    .id = "ban-drop-not-null",
    .why = "programs that read the column may not expect a NULL",
    .on = "DROP NOT NULL",
    .hint = "Deploy programs that can take a NULL in {column} first.",
    .guard = ACTION_WARN,
    .strict = ACTION_WARN,
    .concerns = concerns,
};
