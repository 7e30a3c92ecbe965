/* PostgreSQL cuts a longer name with a notice that nobody reads. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return (statement->flags & FLAG_LONG_NAME) != 0;
}

const struct rule rule_identifier_too_long = {
    .id = "identifier-too-long",
    .why = "a name is cut to 63 bytes, and two long ones may become one",
    .on = "names of more than 63 bytes",
    .hint = "Use a shorter name.",
    .guard = ACTION_ALLOW,
    .strict = ACTION_ALLOW,
    .matches = matches,
};
