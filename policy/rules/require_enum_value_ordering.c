/* Without BEFORE or AFTER a new value stands behind all others, which is not always where it
 * belongs in an ORDER BY. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return statement->form == FORM_ADD_VALUE && !(statement->flags & FLAG_ORDERED);
}

const struct rule rule_require_enum_value_ordering = {
    .id = "require-enum-value-ordering",
    .why = "the value goes to the end of the order",
    .on = "ALTER TYPE … ADD VALUE without BEFORE or AFTER",
    .hint = "Say where it belongs: ADD VALUE ... BEFORE or AFTER another.",
    .guard = ACTION_ALLOW,
    .strict = ACTION_ALLOW,
    .matches = matches,
};
