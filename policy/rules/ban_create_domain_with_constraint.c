/* A column of a domain with constraints cannot be added, and the domain not be changed, without
 * going through whole tables under a lock. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return statement->form == FORM_CREATE_CONSTRAINED_DOMAIN;
}

const struct rule rule_ban_create_domain_with_constraint = {
    .id = "ban-create-domain-with-constraint",
    .why = "a later change of the domain locks and reads every table that uses it",
    .on = "CREATE DOMAIN with CHECK or NOT NULL",
    .hint = "Use the base type, and CHECK constraints on the tables.",
    .guard = ACTION_ALLOW,
    .strict = ACTION_WARN,
    .matches = matches,
};
