/* An exclusion constraint builds its index under ACCESS EXCLUSIVE, and PostgreSQL has no other
 * way to make one: neither CONCURRENTLY nor USING INDEX. */
#include "policy/rule.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    (void)facts;
    return action->kind == ALTER_ADD_EXCLUSION;
}

const struct rule rule_add_exclusion_constraint = {
    .id = "add-exclusion-constraint",
    .why = "adding an exclusion constraint blocks reads and writes of the table while its index is "
           "built",
    .on = "ADD EXCLUDE",
    .hint = "There is no concurrent form. Create a new table with the constraint, copy the rows "
            "over in batches, and swap the names.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .heavy = true,
    .concerns = concerns,
};
