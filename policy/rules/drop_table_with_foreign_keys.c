/* DROP TABLE takes ACCESS EXCLUSIVE on every table that it references, one after the other,
 * holding the first while it waits for the next. Its foreign keys can be dropped before it, one
 * at a time. */
#include "policy/rules/steps.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)settings;
    bool references = false;
    for (size_t i = 0; facts->foreign_keys_known && i < facts->foreign_key_count; i++) {
        references = references || !facts->foreign_keys[i].incoming;
    }
    return statement->kind == STATEMENT_DROP_TABLE && references &&
           !concurrent_is_harmless(statement, now, facts);
}

const struct rule rule_drop_table_with_foreign_keys = {
    .id = "drop-table-with-foreign-keys",
    .why = "dropping a table also blocks every table that it references, all at once",
    .on = "DROP TABLE of a table with foreign keys",
    .hint = STEPS_HINT "ALTER TABLE {table} DROP CONSTRAINT ... for each foreign key, each in a "
                       "transaction of its own; then DROP TABLE {table}.",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .matches = matches,
    .may_rewrite = steps_may_rewrite,
};
