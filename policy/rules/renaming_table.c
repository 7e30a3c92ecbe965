/* A renamed table is gone for every program with the old name. */
#include "policy/rule.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    (void)facts;
    return action->kind == ALTER_RENAME_TABLE;
}

const struct rule rule_renaming_table = {
    .id = "renaming-table",
    .why = "programs that use the old name of the table fail",
    .on = "RENAME TO",
    .hint =
        "In one transaction: ALTER TABLE {table} RENAME TO ...; CREATE VIEW {table} AS SELECT * "
        "FROM the new name. The view takes SELECT, INSERT, UPDATE and DELETE.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .concerns = concerns,
};
