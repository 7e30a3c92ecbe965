/* DROP SCHEMA CASCADE destroys every table in the schema, and locks them all. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return statement->form == FORM_DROP_SCHEMA;
}

const struct rule rule_ban_drop_schema = {
    .id = "ban-drop-schema",
    .why = "everything in the schema is gone",
    .on = "DROP SCHEMA",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .matches = matches,
};
