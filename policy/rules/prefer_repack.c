/* VACUUM FULL and CLUSTER write the table anew under ACCESS EXCLUSIVE. The table_rewrite event
 * trigger does not see them. */
#include "policy/rules/concurrent.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)settings;
    return !concurrent_is_harmless(statement, now, facts) &&
           (statement->form == FORM_VACUUM_FULL || statement->form == FORM_CLUSTER);
}

const struct rule rule_prefer_repack = {
    .id = "prefer-repack",
    .why = "the table is rewritten, which blocks reads and writes",
    .on = "VACUUM FULL, CLUSTER",
    .hint = "pg_repack and pg_squeeze do the same while everybody goes on; so does REPACK "
            "(CONCURRENTLY) {table} from PostgreSQL 19 on.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .heavy = true,
    .matches = matches,
};
