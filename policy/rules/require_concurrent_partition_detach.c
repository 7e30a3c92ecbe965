/* DETACH PARTITION takes ACCESS EXCLUSIVE on the partitioned table and on the partition.
 * CONCURRENTLY lets everybody pass (PostgreSQL 14), where there is no default partition. */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    (void)facts;
    return action->kind == ALTER_DETACH_PARTITION && !(action->flags & ALTER_CONCURRENTLY);
}

static bool may_rewrite(const struct statement *statement, const struct situation *now,
                        const struct facts *facts, const struct settings *settings,
                        const char **reason)
{
    if (facts->target_known && facts->default_partition) {
        return concurrent_verdict("CONCURRENTLY is not possible beside a default partition", facts,
                                  settings, reason);
    }
    return steps_may_rewrite_since(140000, "PostgreSQL has DETACH CONCURRENTLY from version 14 on",
                                   statement, now, facts, settings, reason);
}

const struct rule rule_require_concurrent_partition_detach = {
    .id = "require-concurrent-partition-detach",
    .why = "a plain DETACH blocks reads and writes of the whole partitioned table",
    .on = "DETACH PARTITION",
    .hint = STEPS_HINT "ALTER TABLE {table} DETACH PARTITION {other} CONCURRENTLY.",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .concerns = concerns,
    .may_rewrite = may_rewrite,
};
