/* DROP TABLE destroys the table's rows. Its lock, ACCESS EXCLUSIVE, also falls on the tables
 * that it references and on the one that it is a partition of. */
#include "policy/rules/concurrent.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)settings;
    return !concurrent_is_harmless(statement, now, facts) &&
           statement->kind == STATEMENT_DROP_TABLE;
}

const struct rule rule_ban_drop_table = {
    .id = "ban-drop-table",
    .why = "the rows of the table are gone, and programs that still use it fail",
    .on = "DROP TABLE",
    .hint = "Rename it first and drop it when nobody has missed it: ALTER TABLE {table} RENAME TO "
            "{old_table}.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .matches = matches,
};
