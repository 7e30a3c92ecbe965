/* A schema change that the grammar does not know: a syntax error, or a server newer than the
 * grammar. What cannot be read cannot be judged; it runs under the guard all schema changes get. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)settings;
    (void)now;
    (void)facts;
    return statement->kind == STATEMENT_UNPARSED;
}

const struct rule rule_unparsed = {
    .id = "unparsed",
    .why = "the statement is not in the grammar that ddlguard knows and was not checked",
    .on = "a statement that the grammar does not know",
    .hint = "If PostgreSQL accepts it, ddlguard needs a newer libpg_query to read it.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .matches = matches,
};
