/* json has no equality: SELECT DISTINCT, GROUP BY and UNION over all columns of the table fail
 * from then on. */
#include "policy/rule.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    (void)facts;
    return action->kind == ALTER_ADD_COLUMN && strcmp(action->type, "json") == 0;
}

const struct rule rule_adding_json_field = {
    .id = "adding-json-field",
    .why = "queries with DISTINCT or GROUP BY over all columns fail: json cannot be compared",
    .on = "ADD COLUMN … json",
    .hint = "ALTER TABLE {table} ADD COLUMN {column} jsonb.",
    .guard = ACTION_WARN,
    .strict = ACTION_WARN,
    .concerns = concerns,
};
