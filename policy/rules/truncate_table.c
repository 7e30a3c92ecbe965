/* TRUNCATE destroys the rows of a table under ACCESS EXCLUSIVE, for transactions with older
 * snapshots too. */
#include "policy/rules/concurrent.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)settings;
    return statement->kind == STATEMENT_TRUNCATE && !(statement->flags & FLAG_CASCADE) &&
           !concurrent_is_harmless(statement, now, facts);
}

const struct rule rule_truncate_table = {
    .id = "truncate-table",
    .why = "the rows of the table are gone",
    .on = "TRUNCATE",
    .hint = "Where only some rows are to go: DELETE FROM {table} WHERE ..., in batches.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .matches = matches,
};
