/* ATTACH PARTITION reads the new partition under ACCESS EXCLUSIVE, and the default partition
 * too, unless CHECK constraints prove that they hold what they should. Such a constraint can be
 * had without blocking anybody. */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    struct effect effect = effect_of_action(statement, at, facts, 0);
    return action->kind == ALTER_ATTACH_PARTITION && effect.scans != ANSWER_NO;
}

/* So little is read that nobody waits for it. */
static bool is_short(const struct facts *facts, const struct settings *settings)
{
    const struct partition_facts *others = facts_default_partition(facts);
    const struct action_facts *known = &facts->actions[0]; /* it is alone in its statement */
    int64_t small = settings->small_table_bytes;
    bool short_read = known->other_bytes >= 0 && known->other_bytes <= small;
    bool short_others = others != NULL && partition_is_small(others, small);
    return known->other_exists && short_read && (!facts->default_partition || short_others);
}

static bool may_rewrite(const struct statement *statement, const struct situation *now,
                        const struct facts *facts, const struct settings *settings,
                        const char **reason)
{
    if (is_short(facts, settings)) {
        return false;
    }
    return steps_may_rewrite_since(120000,
                                   "ATTACH PARTITION locks the whole table before PostgreSQL 12",
                                   statement, now, facts, settings, reason);
}

const struct rule rule_attach_partition = {
    .id = "attach-partition",
    .why = "the partition, and a default partition, are read under a lock that blocks them",
    .on = "ATTACH PARTITION without a proof",
    .hint = STEPS_HINT
    "ALTER TABLE {other} ADD CONSTRAINT ddlguard_bound CHECK (the bound, and the key IS NOT NULL) "
    "NOT VALID; ALTER TABLE {other} VALIDATE CONSTRAINT ddlguard_bound; ALTER TABLE {table} ATTACH "
    "PARTITION {other} ...; ALTER TABLE {other} DROP CONSTRAINT ddlguard_bound.",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .concerns = concerns,
    .may_rewrite = may_rewrite,
};
