/* A value that ALTER TYPE adds cannot be used before the transaction that added it has ended. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)facts;
    (void)settings;
    return statement->form == FORM_ADD_VALUE && now->in_transaction;
}

const struct rule rule_enum_value_in_transaction = {
    .id = "enum-value-in-transaction",
    .why = "the new value cannot be used before the transaction ends",
    .on = "ALTER TYPE … ADD VALUE inside a transaction block",
    .hint = "Add the value in a transaction of its own.",
    .guard = ACTION_WARN,
    .strict = ACTION_WARN,
    .matches = matches,
};
