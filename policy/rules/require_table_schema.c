/* A matter of style: the same migration makes different tables for different roles. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return statement->kind == STATEMENT_CREATE_TABLE && statement->object_count > 0 &&
           statement->objects[0].name.schema[0] == '\0' && !(statement->flags & FLAG_TEMPORARY);
}

const struct rule rule_require_table_schema = {
    .id = "require-table-schema",
    .why = "which schema it lands in depends on search_path",
    .on = "CREATE TABLE without a schema",
    .hint = "Name the schema.",
    .guard = ACTION_ALLOW,
    .strict = ACTION_ALLOW,
    .matches = matches,
};
