/* DISABLE TRIGGER ALL and USER switch off what keeps the data right; ALL includes the checks of
 * foreign keys. */
#include "policy/rule.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    (void)facts;
    return action->kind == ALTER_DISABLE_TRIGGER && (action->flags & ALTER_ALL);
}

const struct rule rule_disable_trigger = {
    .id = "disable-trigger",
    .why = "foreign keys and other triggers are not checked until they are enabled again, and what "
           "was missed is never made up for",
    .on = "DISABLE TRIGGER ALL, USER",
    .hint = "SET LOCAL session_replication_role = replica does the same for one transaction and "
            "without a lock on the table.",
    .guard = ACTION_WARN,
    .strict = ACTION_WARN,
    .concerns = concerns,
};
