/* A constraint that is added to a domain, SET NOT NULL and VALIDATE lock every table with a
 * column of the domain against writes and read it whole. NOT VALID takes no lock, but the
 * VALIDATE that must follow does. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return (statement->form == FORM_ADD_DOMAIN_CONSTRAINT &&
            !(statement->flags & FLAG_NOT_VALID)) ||
           statement->form == FORM_SET_DOMAIN_NOT_NULL ||
           statement->form == FORM_VALIDATE_DOMAIN_CONSTRAINT;
}

const struct rule rule_ban_alter_domain_with_add_constraint = {
    .id = "ban-alter-domain-with-add-constraint",
    .why =
        "every table that uses the domain is blocked for writes while all of its rows are checked",
    .on = "ALTER DOMAIN … ADD CONSTRAINT, SET NOT NULL, VALIDATE CONSTRAINT",
    .hint = "Add the check to the tables instead, each NOT VALID at first and then validated.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
    .matches = matches,
};
