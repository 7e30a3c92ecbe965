/* CREATE TABLE PARTITION OF takes ACCESS EXCLUSIVE on the whole partitioned table, and reads
 * its default partition. A table that is made like it and then attached has the same, under a
 * lock that lets everybody pass (PostgreSQL 12). */
#include "policy/rules/steps.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)settings;
    return statement->form == FORM_PARTITION_OF && !concurrent_is_harmless(statement, now, facts);
}

static bool may_rewrite(const struct statement *statement, const struct situation *now,
                        const struct facts *facts, const struct settings *settings,
                        const char **reason)
{
    return steps_may_rewrite_since(120000,
                                   "ATTACH PARTITION takes the same lock before PostgreSQL 12",
                                   statement, now, facts, settings, reason);
}

const struct rule rule_create_partition_of = {
    .id = "create-partition-of",
    .why = "it blocks reads and writes of the whole partitioned table",
    .on = "CREATE TABLE … PARTITION OF",
    .hint = STEPS_HINT "CREATE TABLE ... (LIKE {table} INCLUDING ALL EXCLUDING IDENTITY); ALTER "
                       "TABLE {table} ATTACH PARTITION ... FOR VALUES ...; in one transaction.",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .matches = matches,
    .may_rewrite = may_rewrite,
};
