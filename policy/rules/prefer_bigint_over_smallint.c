/* A matter of style: what a smallint saves is mostly lost to alignment. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return (statement->types & TYPE_INT2) != 0;
}

const struct rule rule_prefer_bigint_over_smallint = {
    .id = "prefer-bigint-over-smallint",
    .why = "a smallint runs out at 32767",
    .on = "columns of type smallint",
    .hint = "Use bigint.",
    .guard = ACTION_ALLOW,
    .strict = ACTION_ALLOW,
    .matches = matches,
};
