/* What the rules share whose rewrite makes a change in several steps, each a transaction of its
 * own: when that is possible here. Which steps is the plan's business, and the plan may still find
 * that it cannot prove them. */
#ifndef POLICY_RULES_STEPS_H
#define POLICY_RULES_STEPS_H

#include "policy/effect.h"
#include "policy/rules/concurrent.h"

/* In front of a hint with statements: what would make ddlguard run them. */
#define STEPS_HINT "Run alone and " RULE_HINT_OUTSIDE " it is made safe. By hand: "

/* For a constraint that NOT VALID takes the scan away from. */
#define NOT_VALID_HINT                                                                             \
    STEPS_HINT "{ALTER TABLE ... NOT VALID}; then, in a transaction of its own, "                  \
               "ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}."

/* The same for a new column. */
#define FILL_HINT                                                                                  \
    "Run alone and " RULE_HINT_OUTSIDE                                                             \
    " it is filled in batches, on a table where an UPDATE does "                                   \
    "nothing but write. By hand: "

/* may_rewrite of a rule without conditions of its own. */
bool steps_may_rewrite(const struct statement *statement, const struct situation *now,
                       const struct facts *facts, const struct settings *settings,
                       const char **reason);
/* The same for a server from `version` on (server_version_num); `why`: the reason below it. */
bool steps_may_rewrite_since(uint32_t version, const char *why, const struct statement *statement,
                             const struct situation *now, const struct facts *facts,
                             const struct settings *settings, const char **reason);

#endif
