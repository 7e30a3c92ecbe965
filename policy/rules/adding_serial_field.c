/* A serial or identity column gives every row that is there a number of its own: the table is
 * rewritten under ACCESS EXCLUSIVE. It can be filled row by row (policy/fill.h). */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    (void)facts;
    return action->kind == ALTER_ADD_COLUMN && (action->flags & (COLUMN_SERIAL | COLUMN_IDENTITY));
}

const struct rule rule_adding_serial_field = {
    .id = "adding-serial-field",
    .why = "the table is rewritten to number its rows, which blocks reads and writes",
    .on = "ADD COLUMN of a serial type or AS IDENTITY",
    .hint = FILL_HINT
    "ALTER TABLE {table} ADD COLUMN {column} bigint; create a sequence OWNED BY "
    "{table}.{column}; ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT nextval(...); "
    "then number the rows that are there in batches.",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .heavy = true,
    .concerns = concerns,
    .may_rewrite = steps_may_rewrite,
};
