/* Without its primary key or unique constraint a table loses what replication, ON CONFLICT and
 * object mappers stand on. Offline only the name tells what it is: PostgreSQL's own end with
 * _pkey and _key. */
#include "policy/rule.h"

static bool ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);
    return length > tail && strcmp(name + length - tail, ending) == 0;
}

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    const struct action_facts *known = &facts->actions[at];
    bool key = known->known ? known->constraint_kind == 'p' || known->constraint_kind == 'u'
                            : ends_with(action->constraint, "_pkey") ||
                                  ends_with(action->constraint, "_key");
    return action->kind == ALTER_DROP_CONSTRAINT && (key || (action->flags & ALTER_CASCADE));
}

const struct rule rule_drop_key_constraint = {
    .id = "drop-key-constraint",
    .why = "dropping a key breaks ON CONFLICT, replication and foreign keys that rely on it",
    .on = "DROP CONSTRAINT of a primary key or unique constraint, or CASCADE",
    .hint = "Add the new key first, deploy what uses it, and drop the old one last.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .concerns = concerns,
};
