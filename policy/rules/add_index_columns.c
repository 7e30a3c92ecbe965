/* A matter of style: beyond three columns an index is rarely worth its writes. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return statement->kind == STATEMENT_CREATE_INDEX && statement->key_columns > 3 &&
           !(statement->flags & FLAG_UNIQUE);
}

const struct rule rule_add_index_columns = {
    .id = "add-index-columns",
    .why = "an index over many columns is large and seldom used whole",
    .on = "CREATE INDEX over more than three columns",
    .hint = "Put the columns with the most different values first, and leave out the rest.",
    .guard = ACTION_ALLOW,
    .strict = ACTION_ALLOW,
    .matches = matches,
};
