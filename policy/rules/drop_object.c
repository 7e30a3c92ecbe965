/* What is dropped under programs that use it, they miss. DROP TRIGGER also takes ACCESS
 * EXCLUSIVE on the table. */
#include "policy/rule.h"

/* Of the many kinds of objects, those that queries and writes meet. */
static bool is_used(const char *kind)
{
    static const char *const kinds[] = {"view",      "materialized view", "function",
                                        "procedure", "sequence",          "trigger"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i], kind) == 0) {
            return true;
        }
    }
    return false;
}

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return statement->kind == STATEMENT_DDL && statement->object_count > 0 &&
           strcmp(statement->objects[0].action, "drop") == 0 &&
           is_used(statement->objects[0].kind) && !(statement->flags & FLAG_TEMPORARY);
}

const struct rule rule_drop_object = {
    .id = "drop-object",
    .why = "programs that still use it fail",
    .on = "DROP VIEW, MATERIALIZED VIEW, FUNCTION, PROCEDURE, SEQUENCE, TRIGGER",
    .hint = "CREATE OR REPLACE changes a view or a function in place.",
    .guard = ACTION_WARN,
    .strict = ACTION_WARN,
    .matches = matches,
};
