/* A new type rewrites the table, or checks it, or builds its indexes anew, all under ACCESS
 * EXCLUSIVE; or it does nothing of that. It depends on both types, on expression indexes and
 * checks, and even on the time zone: only the server can tell. Where it only checks, that can be
 * done behind the change (policy/plan_type.c). */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    struct effect effect = effect_of_action(statement, at, facts, 0);
    return action->kind == ALTER_COLUMN_TYPE && effect_blocks_long(&effect);
}

/* Why the CHECKs cannot be validated apart; NULL: they can. */
static const char *obstacle(const struct statement *statement, const struct facts *facts)
{
    const struct action_facts *known = &facts->actions[0];
    if (statement->action_count != 1) {
        return "there are other actions in its statement";
    }
    if (known->rewrites != ANSWER_NO || known->builds != ANSWER_NO) {
        return "nothing shows that its rows and indexes stay as they are";
    }
    if (facts->kind != 'r' || facts->partitioned.name[0] != '\0' || facts->target_oid == 0) {
        return "it is no plain table";
    }
    if (statement->actions[0].flags & COLUMN_COLLATED) {
        return "a row may break its CHECKs in the new collation";
    }
    if (facts->rebuilt.others || facts->rebuilt.count == 0) {
        return "a constraint on the column could not be made again just as it is, or a row may "
               "break it with the new type";
    }
    return NULL;
}

static bool may_rewrite(const struct statement *statement, const struct situation *now,
                        const struct facts *facts, const struct settings *settings,
                        const char **reason)
{
    const char *why = obstacle(statement, facts);
    return why != NULL ? concurrent_verdict(why, facts, settings, reason)
                       : steps_may_rewrite(statement, now, facts, settings, reason);
}

const struct rule rule_changing_column_type = {
    .id = "changing-column-type",
    .why = "changing the type of a column rewrites the table, reads it or builds its indexes anew, "
           "which blocks reads and writes",
    .on = "ALTER COLUMN … TYPE, unless the server says that it is instant",
    .hint = "If only its CHECKs are in the way, run it alone and " RULE_HINT_OUTSIDE
            ". Else add a column of the new type, keep it in step by a trigger, fill it in "
            "batches, and swap the names: ALTER TABLE {table} ADD COLUMN {column}_new {type}.",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .heavy = true,
    .concerns = concerns,
    .may_rewrite = may_rewrite,
};
