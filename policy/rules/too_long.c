/* A schema change longer than the parse limit, which is there because the grammar needs stack in
 * proportion to the text. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)settings;
    (void)now;
    (void)facts;
    return statement->kind == STATEMENT_TOO_LONG;
}

const struct rule rule_too_long = {
    .id = "too-long",
    .why = "the statement is longer than the parse limit and was not checked",
    .on = "a statement longer than limits.parse",
    .hint = "Split it, or raise the parse limit in ddlguard's configuration.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .matches = matches,
};
