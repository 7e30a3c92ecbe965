/* A table that moves to another schema, and a schema with another name, are gone for every
 * program that names the old one. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return statement->form == FORM_RENAME_SCHEMA;
}

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    (void)facts;
    return action->kind == ALTER_SET_SCHEMA;
}

const struct rule rule_rename_schema = {
    .id = "rename-schema",
    .why = "programs that use the old schema fail",
    .on = "ALTER SCHEMA … RENAME TO; ALTER TABLE … SET SCHEMA",
    .hint = "Put the new schema into search_path first, or leave a view in the old place.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .matches = matches,
    .concerns = concerns,
};
