/* A matter of style: enums only ever grow. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return statement->form == FORM_CREATE_ENUM;
}

const struct rule rule_creating_enum = {
    .id = "creating-enum",
    .why = "values of an enum cannot be removed",
    .on = "CREATE TYPE … AS ENUM",
    .hint = "A table of values with a foreign key can be changed at will.",
    .guard = ACTION_ALLOW,
    .strict = ACTION_ALLOW,
    .matches = matches,
};
