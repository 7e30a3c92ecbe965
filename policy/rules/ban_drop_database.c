/* DROP DATABASE destroys all that is in it. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return statement->form == FORM_DROP_DATABASE;
}

const struct rule rule_ban_drop_database = {
    .id = "ban-drop-database",
    .why = "everything in the database is gone",
    .on = "DROP DATABASE",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .matches = matches,
};
