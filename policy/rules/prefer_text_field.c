/* A matter of style: text with a CHECK can be changed without a rewrite in both directions. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return (statement->types & TYPE_VARCHAR) != 0;
}

const struct rule rule_prefer_text_field = {
    .id = "prefer-text-field",
    .why = "a limit on the length is hard to lower later on",
    .on = "columns of type varchar(n)",
    .hint = "Use text, with a CHECK where a limit matters.",
    .guard = ACTION_ALLOW,
    .strict = ACTION_ALLOW,
    .matches = matches,
};
