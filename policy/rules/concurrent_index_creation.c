/* CREATE INDEX takes a SHARE lock for as long as the build takes: nobody writes meanwhile.
 * CONCURRENTLY scans the table twice and lets everybody go on. */
#include "policy/rules/concurrent.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)settings;
    if (statement->kind != STATEMENT_CREATE_INDEX || (statement->flags & FLAG_CONCURRENTLY) ||
        concurrent_is_harmless(statement, now, facts) || concurrent_is_there(statement, facts)) {
        return false;
    }
    if (!facts->target_known) {
        return true;
    }
    /* ON ONLY a partitioned table makes an empty shell: no scan. */
    bool shell = facts->kind == 'p' && (statement->flags & FLAG_ONLY);
    /* Whatever else it is, the server refuses it: views, foreign tables, sequences. */
    return !shell && (facts->kind == 'r' || facts->kind == 'm' || facts->kind == 'p');
}

static const char *obstacle(const struct statement *statement, const struct situation *now,
                            const struct facts *facts)
{
    if (facts->target_known && facts->kind == 'p' && facts->partition_count == 0) {
        return "the table is partitioned: create the index ON ONLY it, then concurrently on each "
               "partition, and attach these";
    }
    const char *general = concurrent_obstacle(now, facts);
    if (general != NULL) {
        return general;
    }
    /* Without a name of ours a failed build could not be found again and removed. */
    if ((statement->flags & FLAG_UNNAMED) && facts->index_name[0] == '\0') {
        return "no free name for the index was found: give it one";
    }
    return NULL;
}

/* Beside an open transaction: the build knows the table by its name alone, renaming an index asks
 * for little from version 12 on, and what is small is built sooner than another connection made. */
static bool may_build_aside(const struct situation *now, const struct facts *facts,
                            const struct settings *settings)
{
    return now->aside != 0 && facts->known && facts->server_version >= 120000 &&
           facts->target_known && facts->kind == 'r' && !facts->index.exists &&
           facts->bytes > settings->small_table_bytes;
}

static bool may_rewrite(const struct statement *statement, const struct situation *now,
                        const struct facts *facts, const struct settings *settings,
                        const char **reason)
{
    struct situation as_if = *now;
    if (may_build_aside(now, facts, settings)) {
        as_if.in_transaction = false;
        as_if.alone = true;
    }
    return concurrent_verdict(obstacle(statement, &as_if, facts), facts, settings, reason);
}

const struct rule rule_concurrent_index_creation = {
    .id = "require-concurrent-index-creation",
    .why = "a plain CREATE INDEX blocks writes to the table while it builds",
    .on = "CREATE INDEX, unique or not",
    .hint = CONCURRENT_HINT,
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .matches = matches,
    .may_rewrite = may_rewrite,
};
