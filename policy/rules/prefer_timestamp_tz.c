/* A matter of style: what a timestamp without time zone means depends on who reads it. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return (statement->types & TYPE_TIMESTAMP) != 0;
}

const struct rule rule_prefer_timestamp_tz = {
    .id = "prefer-timestamp-tz",
    .why = "a timestamp without time zone is no moment in time",
    .on = "columns of type timestamp",
    .hint = "Use timestamptz.",
    .guard = ACTION_ALLOW,
    .strict = ACTION_ALLOW,
    .matches = matches,
};
