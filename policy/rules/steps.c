/* When a change may be made in several steps. It never asks anybody anything. */
#include "policy/rules/steps.h"
#include "policy/fill.h"

/* Every row is written anew: no step before or after makes that shorter, unless it is only to fill
 * a new column, which can be done row by row. NULL: nothing is in the way. */
static const char *rewrite_obstacle(const struct statement *statement, const struct facts *facts)
{
    for (size_t i = 0; i < statement->action_count; i++) {
        const struct alter_action *alter = &statement->actions[i];
        const struct effect effect = effect_of_action(statement, i, facts, 0);
        bool unknown = alter->kind == ALTER_ADD_COLUMN &&
                       (alter->flags & COLUMN_HAS_DEFAULT) != 0 &&
                       effect.rewrites == ANSWER_UNKNOWN;
        if (unknown) {
            return "nobody could tell whether its default is another one for each row";
        }
        const char *why = "it also rewrites the whole table";
        if (fill_is_asked(alter, &facts->actions[i])) {
            why = fill_obstacle(statement, i, facts);
        }
        if (effect.rewrites == ANSWER_YES && why != NULL) {
            return why;
        }
    }
    return NULL;
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
    return rewrite_obstacle(statement, facts);
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
