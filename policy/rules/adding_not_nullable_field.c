/* SET NOT NULL reads the whole table under ACCESS EXCLUSIVE, unless a validated CHECK has
 * proved the column (PostgreSQL 12). That constraint can be had without blocking anybody.
 * Dropping it must be a statement of its own: in the same ALTER TABLE the drop comes first, and
 * with it goes the proof. */
#include "policy/rules/steps.h"

static bool concerns(const struct statement *statement, size_t at, const struct facts *facts)
{
    const struct alter_action *action = &statement->actions[at];
    struct effect effect = effect_of_action(statement, at, facts, 0);
    return action->kind == ALTER_SET_NOT_NULL && effect.scans != ANSWER_NO;
}

static bool may_rewrite(const struct statement *statement, const struct situation *now,
                        const struct facts *facts, const struct settings *settings,
                        const char **reason)
{
    return steps_may_rewrite_since(120000,
                                   "PostgreSQL takes a CHECK for a proof from version 12 on",
                                   statement, now, facts, settings, reason);
}

const struct rule rule_adding_not_nullable_field = {
    .id = "adding-not-nullable-field",
    .why = "a column that becomes NOT NULL blocks reads and writes while every row is checked",
    .on = "SET NOT NULL without a proof",
    .hint = STEPS_HINT
    "ALTER TABLE {table} ADD CONSTRAINT ddlguard_nn CHECK ({column} IS NOT NULL) NOT VALID; ALTER "
    "TABLE {table} VALIDATE CONSTRAINT ddlguard_nn; ALTER TABLE {table} ALTER COLUMN {column} SET "
    "NOT NULL; ALTER TABLE {table} DROP CONSTRAINT ddlguard_nn; each in a transaction of its own.",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .concerns = concerns,
    .may_rewrite = may_rewrite,
};
