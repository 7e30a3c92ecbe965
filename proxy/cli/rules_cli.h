/* The rules as a document: docs/rules.md is what this writes. */
#ifndef PROXY_CLI_RULES_CLI_H
#define PROXY_CLI_RULES_CLI_H

#include "policy/rule.h"

/* What the rule does in a profile, in the words of the documentation: "rewrite, else warn". */
const char *rules_describe_action(const struct rule *rule, enum profile profile);

/* Appends docs/rules.md: an introduction, a table of all rules, and each rule by itself. */
void rules_append_markdown(struct buffer *out);

#endif
