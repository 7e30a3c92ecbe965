/* A renamed value is gone for every program with the old word. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return statement->form == FORM_RENAME_VALUE;
}

const struct rule rule_rename_enum_value = {
    .id = "rename-enum-value",
    .why = "programs that use the old value fail",
    .on = "ALTER TYPE … RENAME VALUE",
    .hint = "Add the new value, move programs and rows over, and leave the old one.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .matches = matches,
};
