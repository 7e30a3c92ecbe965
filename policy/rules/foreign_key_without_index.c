/* Every DELETE and every change of a key in the referenced table looks for rows that refer to it:
 * without an index on this side it reads the whole table, once for each row. A new column has no
 * index unless it is a key itself. Nothing is said without a server, where the index may well come
 * in the next file. */
#include "policy/rule.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    if (action->kind == ALTER_ADD_COLUMN) {
        return facts->actions[at].known && (action->flags & COLUMN_REFERENCES) &&
               !(action->flags & (COLUMN_UNIQUE | COLUMN_PRIMARY_KEY));
    }
    return action->kind == ALTER_ADD_FOREIGN_KEY && facts->actions[at].unindexed;
}

const struct rule rule_foreign_key_without_index = {
    .id = "foreign-key-without-index",
    .why = "deleting from the referenced table reads all of this one, which has no index for it",
    .on = "ADD FOREIGN KEY, ADD COLUMN … REFERENCES over columns that no index begins with",
    .hint = "CREATE INDEX CONCURRENTLY ON {table} ({column}).",
    .guard = ACTION_WARN,
    .strict = ACTION_WARN,
    .concerns = concerns,
};
