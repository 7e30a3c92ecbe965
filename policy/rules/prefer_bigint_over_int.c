/* A matter of style, but a costly one: a table whose integers run out has to be rewritten. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return (statement->types & TYPE_INT4) != 0;
}

const struct rule rule_prefer_bigint_over_int = {
    .id = "prefer-bigint-over-int",
    .why = "an integer runs out at two thousand million",
    .on = "columns of type integer, serial",
    .hint = "Use bigint.",
    .guard = ACTION_ALLOW,
    .strict = ACTION_ALLOW,
    .matches = matches,
};
