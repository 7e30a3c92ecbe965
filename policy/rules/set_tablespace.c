/* SET TABLESPACE copies the table under ACCESS EXCLUSIVE; ALTER TABLE ALL IN TABLESPACE copies
 * them all. */
#include "policy/rules/steps.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return statement->form == FORM_MOVE_ALL;
}

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    struct effect effect = effect_of_action(statement, at, facts, 0);
    return action->kind == ALTER_SET_TABLESPACE && effect_blocks_long(&effect);
}

const struct rule rule_set_tablespace = {
    .id = "set-tablespace",
    .why = "the table is copied to the other tablespace, which blocks reads and writes",
    .on = "SET TABLESPACE, ALL IN TABLESPACE",
    .hint = "pg_repack moves a table while everybody goes on; indexes move by REINDEX (TABLESPACE "
            "..., CONCURRENTLY).",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .heavy = true,
    .matches = matches,
    .concerns = concerns,
};
