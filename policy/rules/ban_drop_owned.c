/* DROP OWNED destroys all that a role owns in the database, tables included. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return statement->form == FORM_DROP_OWNED;
}

const struct rule rule_ban_drop_owned = {
    .id = "ban-drop-owned",
    .why = "everything that the role owns in this database is gone",
    .on = "DROP OWNED",
    .hint = "REASSIGN OWNED BY ... TO ... keeps it.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .matches = matches,
};
