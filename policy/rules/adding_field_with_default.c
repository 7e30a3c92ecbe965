/* A default that is the same for all rows is kept in the catalog (PostgreSQL 11); one that
 * differs from row to row, and a stored generated column, are written into every row under
 * ACCESS EXCLUSIVE. The former can be filled row by row (policy/fill.h). */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    struct effect effect = effect_of_action(statement, at, facts, 0);
    const unsigned counted = COLUMN_SERIAL | COLUMN_IDENTITY;
    bool differs =
        (action->flags & COLUMN_GENERATED) ||
        ((action->flags & COLUMN_HAS_DEFAULT) && !(action->flags & COLUMN_DEFAULT_CONSTANT));
    return action->kind == ALTER_ADD_COLUMN && differs && !(action->flags & counted) &&
           effect.rewrites != ANSWER_NO;
}

const struct rule rule_adding_field_with_default = {
    .id = "adding-field-with-default",
    .why = "the table is rewritten to fill the column, which blocks reads and writes",
    .on = "ADD COLUMN with a volatile DEFAULT or GENERATED … STORED",
    .hint = FILL_HINT
    "ALTER TABLE {table} ADD COLUMN {column} {type}; ALTER TABLE {table} ALTER COLUMN "
    "{column} SET DEFAULT ...; then fill the rows that are there in batches.",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .heavy = true,
    .concerns = concerns,
    .may_rewrite = steps_may_rewrite,
};
