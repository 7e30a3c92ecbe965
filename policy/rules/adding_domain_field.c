/* A new column of a domain with constraints is checked, and for that written, in every row.
 * Whether a type is such a domain only the server can tell. */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    struct effect effect = effect_of_action(statement, at, facts, 0);
    const unsigned filled = COLUMN_SERIAL | COLUMN_IDENTITY | COLUMN_GENERATED;
    bool same = !(action->flags & COLUMN_HAS_DEFAULT) || (action->flags & COLUMN_DEFAULT_CONSTANT);
    return action->kind == ALTER_ADD_COLUMN && same && !(action->flags & filled) &&
           effect.rewrites != ANSWER_NO;
}

const struct rule rule_adding_domain_field = {
    .id = "adding-domain-field",
    .why = "if the type is a domain with constraints, the table is rewritten, which blocks reads "
           "and writes",
    .on = "ADD COLUMN of a domain with constraints, or of a type that may be one",
    .hint =
        "By hand, with the domain's base type and its checks, which \\dD {type} shows: ALTER TABLE "
        "{table} ADD COLUMN {column} <base type>; ALTER TABLE {table} ADD CONSTRAINT <name> CHECK "
        "(<its check, with {column} for VALUE>) NOT VALID; ALTER TABLE {table} VALIDATE CONSTRAINT "
        "<name>; each in a transaction of its own.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .heavy = true,
    .concerns = concerns,
};
