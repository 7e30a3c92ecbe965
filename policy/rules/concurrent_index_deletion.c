/* DROP INDEX takes ACCESS EXCLUSIVE on the table: instant once granted, but while it waits for the
 * last reader everybody behind it waits too. CONCURRENTLY waits without standing in anyone's way.
 */
#include "policy/rules/concurrent.h"

/* Of several: the server refuses to drop one of them, and therefore all. */
static bool is_refused(const struct statement *statement, const struct facts *facts)
{
    bool refused = false;
    for (size_t i = 0; i < facts->dropped_count; i++) {
        const struct dropped_facts *index = &facts->dropped[i];
        bool good = index->exists ? index->droppable && (index->kind == 'i' || index->kind == 'I')
                                  : (statement->flags & FLAG_IF_EXISTS) != 0;
        refused = refused || !good;
    }
    return refused;
}

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)settings;
    if (statement->kind != STATEMENT_DROP_INDEX || (statement->flags & FLAG_CONCURRENTLY) ||
        concurrent_is_harmless(statement, now, facts)) {
        return false;
    }
    if (!facts->target_known) {
        return true;
    }
    if (statement->object_count > 1) {
        return !is_refused(statement, facts);
    }
    /* No index, an index that a constraint needs, one partition's part of an index: the server
     * refuses to drop it in either form. */
    return (facts->kind == 'i' || facts->kind == 'I') && !facts->index.backs_constraint &&
           !facts->index.partition;
}

static const char *obstacle_of_several(const struct statement *statement, const struct facts *facts)
{
    if (statement->object_count > STATEMENT_OBJECTS_MAX) {
        return "it names more indexes than ddlguard takes apart";
    }
    for (size_t i = 0; i < facts->dropped_count; i++) {
        const struct dropped_facts *index = &facts->dropped[i];
        if (index->kind == 'I') {
            return "one is the index of a partitioned table, which has no concurrent form";
        }
        for (size_t k = 0; k < i; k++) {
            if (index->exists && facts->dropped[k].oid == index->oid) {
                return "it names the same index twice";
            }
        }
    }
    return NULL;
}

static const char *obstacle(const struct statement *statement, const struct situation *now,
                            const struct facts *facts)
{
    const char *several =
        statement->object_count > 1 ? obstacle_of_several(statement, facts) : NULL;
    if (several != NULL) {
        return several;
    }
    if (statement->flags & FLAG_CASCADE) {
        return "CONCURRENTLY does not go with CASCADE";
    }
    if (facts->target_known && facts->kind == 'I') {
        return "it is the index of a partitioned table, which has no concurrent form";
    }
    return concurrent_obstacle(now, facts);
}

static bool may_rewrite(const struct statement *statement, const struct situation *now,
                        const struct facts *facts, const struct settings *settings,
                        const char **reason)
{
    return concurrent_verdict(obstacle(statement, now, facts), facts, settings, reason);
}

const struct rule rule_concurrent_index_deletion = {
    .id = "require-concurrent-index-deletion",
    .why = "a plain DROP INDEX blocks reads and writes of the table while it waits for them to end",
    .on = "DROP INDEX",
    .hint = CONCURRENT_HINT,
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .matches = matches,
    .may_rewrite = may_rewrite,
};
