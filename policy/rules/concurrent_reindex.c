/* REINDEX takes SHARE on the table and ACCESS EXCLUSIVE on the index: writes wait, and so does
 * every query that is planned meanwhile, whether it would use the index or not. */
#include "policy/rules/concurrent.h"

static bool is_of_many(const struct statement *statement)
{
    return statement->reindex == REINDEX_SCHEMA || statement->reindex == REINDEX_DATABASE;
}

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)settings;
    if (statement->kind != STATEMENT_REINDEX || (statement->flags & FLAG_CONCURRENTLY) ||
        statement->reindex == REINDEX_NONE || concurrent_is_harmless(statement, now, facts)) {
        return false;
    }
    if (!facts->target_known || is_of_many(statement)) {
        return true;
    }
    const char *kinds = statement->reindex == REINDEX_INDEX ? "iI" : "rmpt";
    return facts->kind != '\0' && strchr(kinds, facts->kind) != NULL;
}

/* Where the concurrent form would not do what the plain one does. */
static const char *difference(const struct statement *statement, const struct facts *facts)
{
    if (facts->kind == 'p' || facts->kind == 'I') {
        return "it is partitioned: reindex its partitions one by one";
    }
    if (statement->reindex == REINDEX_INDEX) {
        return facts->index.exclusion ? "an exclusion constraint's index has no concurrent form"
                                      : NULL;
    }
    /* CONCURRENTLY passes over both with a warning. */
    if (facts->table_has_exclusion) {
        return "CONCURRENTLY would leave out the index of an exclusion constraint";
    }
    if (facts->table_has_invalid_index) {
        return is_of_many(statement) ? "CONCURRENTLY would not repair an invalid index"
                                     : "CONCURRENTLY would not repair the table's invalid index";
    }
    return NULL;
}

static const char *obstacle(const struct statement *statement, const struct situation *now,
                            const struct facts *facts)
{
    if (is_of_many(statement) && statement->concurrently_at == 0) {
        return "the system catalogs have no concurrent form";
    }
    if (statement->reindex == REINDEX_DATABASE && facts->known && facts->server_version < 160000) {
        return "CONCURRENTLY would leave out the system catalogs, which belong to it before "
               "PostgreSQL 16";
    }
    if (facts->known && facts->server_version < 120000) {
        return "PostgreSQL has REINDEX CONCURRENTLY from version 12 on";
    }
    const char *why = facts->target_known ? difference(statement, facts) : NULL;
    return why != NULL ? why : concurrent_obstacle(now, facts);
}

static bool may_rewrite(const struct statement *statement, const struct situation *now,
                        const struct facts *facts, const struct settings *settings,
                        const char **reason)
{
    return concurrent_verdict(obstacle(statement, now, facts), facts, settings, reason);
}

const struct rule rule_concurrent_reindex = {
    .id = "require-concurrent-reindex",
    .why = "a plain REINDEX blocks writes to the table, and most reads, while it builds",
    .on = "REINDEX",
    .hint = CONCURRENT_HINT,
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .matches = matches,
    .may_rewrite = may_rewrite,
};
