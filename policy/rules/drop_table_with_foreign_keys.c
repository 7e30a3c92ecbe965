/* DROP TABLE takes ACCESS EXCLUSIVE on every table that it references, one after the other,
 * holding the first while it waits for the next. Its foreign keys can be dropped before it, one
 * at a time. With a single such table nothing would be gained: DROP CONSTRAINT takes the same two
 * locks as DROP TABLE. */
#include "policy/rules/steps.h"

/* Of several tables: the first one and another. */
static bool references_several(const struct facts *facts)
{
    const struct object_name *first = NULL;
    bool several = false;
    for (size_t i = 0; facts->foreign_keys_known && i < facts->foreign_key_count; i++) {
        const struct object_name *table = &facts->foreign_keys[i].table;
        if (!foreign_key_leads_out(facts, i)) {
            continue;
        }
        first = first == NULL ? table : first;
        several = several || strcmp(first->name, table->name) != 0 ||
                  strcmp(first->schema, table->schema) != 0;
    }
    return several;
}

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)settings;
    /* A partition's foreign keys are its table's: drop-partition. */
    return statement->kind == STATEMENT_DROP_TABLE && references_several(facts) &&
           facts->partitioned.name[0] == '\0' && !concurrent_is_harmless(statement, now, facts);
}

static bool may_rewrite(const struct statement *statement, const struct situation *now,
                        const struct facts *facts, const struct settings *settings,
                        const char **reason)
{
    if (statement->flags & FLAG_CASCADE) {
        return concurrent_verdict("with CASCADE it cannot be told beforehand what else goes", facts,
                                  settings, reason);
    }
    if (facts->kind == 'p') {
        return concurrent_verdict("its foreign keys are its partitions', too", facts, settings,
                                  reason);
    }
    /* What the server will not drop must not lose its foreign keys either. */
    bool refused = facts->dropped_count != 1 || !facts->dropped[0].droppable || !facts->may_change;
    return !refused && steps_may_rewrite(statement, now, facts, settings, reason);
}

const struct rule rule_drop_table_with_foreign_keys = {
    .id = "drop-table-with-foreign-keys",
    .why = "dropping a table also blocks every table that it references, all at once",
    .on = "DROP TABLE of a table with foreign keys to several others",
    .hint = STEPS_HINT "ALTER TABLE {table} DROP CONSTRAINT ... for each foreign key, each in a "
                       "transaction of its own; then DROP TABLE {table}.",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .matches = matches,
    .may_rewrite = may_rewrite,
};
