/* REFRESH blocks readers of the view while its query runs. CONCURRENTLY lets them read the old
 * contents, if the view was filled before and has a unique index over all of its rows. */
#include "policy/rules/concurrent.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)settings;
    return statement->form == FORM_REFRESH && !concurrent_is_harmless(statement, now, facts) &&
           !(statement->flags & (FLAG_CONCURRENTLY | FLAG_NO_DATA));
}

static const char *obstacle(const struct situation *now, const struct facts *facts)
{
    if (facts->target_known && !facts->populated) {
        return "it has never been filled";
    }
    if (facts->target_known && !facts->has_full_unique_index) {
        return "it has no unique index on plain columns over all of its rows";
    }
    struct situation outside = *now;
    outside.in_transaction = false; /* no matter: REFRESH CONCURRENTLY is possible inside */
    outside.alone = now->alone || now->may_save; /* where nothing else is in the batch */
    return concurrent_obstacle(&outside, facts);
}

static bool may_rewrite(const struct statement *statement, const struct situation *now,
                        const struct facts *facts, const struct settings *settings,
                        const char **reason)
{
    (void)statement;
    return concurrent_verdict(obstacle(now, facts), facts, settings, reason);
}

const struct rule rule_refresh_matview = {
    .id = "refresh-matview",
    .why = "a plain REFRESH blocks readers of the view while its query runs",
    .on = "REFRESH MATERIALIZED VIEW",
    .hint = "REFRESH MATERIALIZED VIEW CONCURRENTLY {table}; it needs a unique index: CREATE "
            "UNIQUE INDEX CONCURRENTLY ON {table} (...).",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .matches = matches,
    .may_rewrite = may_rewrite,
};
