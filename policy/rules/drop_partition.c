/* DROP TABLE of a partition takes ACCESS EXCLUSIVE on the partitioned table. Once it is
 * detached CONCURRENTLY (PostgreSQL 14) it is a table of its own. */
#include "policy/rules/steps.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)settings;
    return statement->kind == STATEMENT_DROP_TABLE && facts->target_known &&
           facts->partitioned.name[0] != '\0' && !concurrent_is_harmless(statement, now, facts);
}

static bool may_rewrite(const struct statement *statement, const struct situation *now,
                        const struct facts *facts, const struct settings *settings,
                        const char **reason)
{
    if (statement->flags & FLAG_CASCADE) {
        *reason = "with CASCADE it cannot be told beforehand what else goes";
        return false;
    }
    if (facts->sibling_default) {
        *reason = "DETACH CONCURRENTLY is not possible beside a default partition";
        return false;
    }
    /* What the server will not drop must stay where it is; DROP TABLE is not for foreign tables. */
    bool is_table = facts->kind == 'r' || facts->kind == 'p';
    if (!is_table || facts->dropped_count != 1 || !facts->dropped[0].droppable) {
        return false;
    }
    if (!facts->may_change) {
        *reason = "who detaches it must own both tables, and no event trigger may hear of it";
        return false;
    }
    /* However small the partition is, the table that it belongs to need not be. */
    const char *why = "PostgreSQL has DETACH CONCURRENTLY from version 14 on";
    struct settings any = *settings;
    any.small_table_bytes = -1;
    return steps_may_rewrite_since(140000, why, statement, now, facts, &any, reason);
}

const struct rule rule_drop_partition = {
    .id = "drop-partition",
    .why = "dropping a partition blocks reads and writes of the whole partitioned table",
    .on = "DROP TABLE of a partition",
    .hint = STEPS_HINT "ALTER TABLE of the partitioned table DETACH PARTITION {table} "
                       "CONCURRENTLY; then DROP TABLE {table}.",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .matches = matches,
    .may_rewrite = may_rewrite,
};
