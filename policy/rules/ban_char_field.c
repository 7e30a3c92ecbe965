/* A matter of style, with surprises: trailing blanks come and go. */
#include "policy/rule.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)facts;
    (void)settings;
    return (statement->types & TYPE_CHAR) != 0;
}

const struct rule rule_ban_char_field = {
    .id = "ban-char-field",
    .why = "char pads with blanks, which then do not count in comparisons",
    .on = "columns of type char",
    .hint = "Use text.",
    .guard = ACTION_ALLOW,
    .strict = ACTION_ALLOW,
    .matches = matches,
};
