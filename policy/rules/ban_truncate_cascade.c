/* TRUNCATE CASCADE empties every table that references the one it names, however far away. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return statement->kind == STATEMENT_TRUNCATE && (statement->flags & FLAG_CASCADE);
}

const struct rule rule_ban_truncate_cascade = {
    .id = "ban-truncate-cascade",
    .why = "the rows of the table and of every table that references it are gone",
    .on = "TRUNCATE … CASCADE",
    .hint = "Name the tables that are meant: TRUNCATE {table}, and the others by name.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .matches = matches,
};
