/* When a change may be made in several steps. It never asks anybody anything. */
#include "policy/rules/steps.h"

/* Every row is written anew: no step before or after makes that shorter. */
static bool rewrites(const struct statement *statement, const struct facts *facts)
{
    return effect_of(statement, facts, 0).rewrites == ANSWER_YES;
}

static const char *obstacle(const struct statement *statement, const struct situation *now,
                            const struct facts *facts)
{
    if (facts->target_known && facts->system) {
        return "it belongs to a system catalog";
    }
    if (now->in_transaction) {
        return "the safe way takes several transactions, and a transaction block is open";
    }
    if (!now->alone) {
        return "the safe way takes several transactions, and other statements are in the same "
               "message or pipeline";
    }
    if (!facts->target_known) {
        return "the server could not be asked about the table";
    }
    if (statement->kind == STATEMENT_ALTER_TABLE && facts->kind != 'r' && facts->kind != 'p') {
        return "it is no table";
    }
    /* A constraint of a child that is not valid is an error for a valid one of the parent's, and
     * none for one that is not valid either (regression test inherit.sql). */
    if (statement->kind == STATEMENT_ALTER_TABLE && facts->kind == 'r' &&
        facts->table_has_children) {
        return "other tables inherit from it";
    }
    if (statement->action_count > STATEMENT_ACTIONS_MAX) {
        return "it has more actions than ddlguard takes apart";
    }
    if (statement->kind == STATEMENT_ALTER_TABLE && rewrites(statement, facts)) {
        return "it also rewrites the whole table";
    }
    return NULL;
}

bool steps_may_rewrite(const struct statement *statement, const struct situation *now,
                       const struct facts *facts, const struct settings *settings,
                       const char **reason)
{
    return concurrent_verdict(obstacle(statement, now, facts), facts, settings, reason);
}

bool steps_may_rewrite_since(uint32_t version, const char *why, const struct statement *statement,
                             const struct situation *now, const struct facts *facts,
                             const struct settings *settings, const char **reason)
{
    if (facts->server_version != 0 && facts->server_version < version) {
        return concurrent_verdict(why, facts, settings, reason);
    }
    return steps_may_rewrite(statement, now, facts, settings, reason);
}
