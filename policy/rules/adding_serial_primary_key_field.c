/* ADD PRIMARY KEY builds its index under ACCESS EXCLUSIVE, and reads the whole table for NULLs
 * if one of the columns may hold them: the latter also USING an index that is there. */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    struct effect effect = effect_of_action(statement, at, facts, 0);
    bool key = action->kind == ALTER_ADD_PRIMARY_KEY ||
               (action->kind == ALTER_ADD_COLUMN && (action->flags & COLUMN_PRIMARY_KEY));
    return key && effect_blocks_long(&effect);
}

const struct rule rule_adding_serial_primary_key_field = {
    .id = "adding-serial-primary-key-field",
    .why = "adding a primary key blocks reads and writes of the table while its index is built and "
           "its columns are checked",
    .on = "ADD PRIMARY KEY, also USING INDEX with a column that may be NULL; ADD COLUMN … PRIMARY "
          "KEY",
    .hint = STEPS_HINT "CREATE UNIQUE INDEX CONCURRENTLY {constraint} ON {table} ({column}); make "
                       "the columns NOT NULL; then ALTER TABLE {table} ADD CONSTRAINT {constraint} "
                       "PRIMARY KEY USING INDEX {constraint}.",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .concerns = concerns,
    .may_rewrite = steps_may_rewrite,
};
