/* ALTER TABLE takes its lock before it looks: programs that make sure of their schema at every
 * start wait for ACCESS EXCLUSIVE, and everybody behind them, for nothing. */
#include "policy/effect.h"
#include "policy/rules/concurrent.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)settings;
    bool table =
        facts->target_known && !facts->system && (facts->kind == 'r' || facts->kind == 'p');
    bool nothing = table && statement->kind == STATEMENT_ALTER_TABLE &&
                   statement->action_count > 0 && statement->action_count <= STATEMENT_ACTIONS_MAX;
    for (size_t i = 0; nothing && i < statement->action_count; i++) {
        nothing = effect_is_nothing(statement, i, facts);
    }
    return nothing;
}

const struct rule rule_nothing_to_change = {
    .id = "nothing-to-change",
    .why = "it would change nothing, and PostgreSQL would wait for a lock to find out",
    .on = "ALTER TABLE whose actions are all satisfied: IF [NOT] EXISTS, SET NOT NULL, VALIDATE",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .noop = true,
    .matches = matches,
    .may_rewrite = concurrent_may_answer,
};
