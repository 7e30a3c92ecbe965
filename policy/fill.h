/* A new column that has to be written to every row, as a rewrite of the table does it under ACCESS
 * EXCLUSIVE: when the same can be had by updating the rows that are there, some at a time. Pure. */
#ifndef POLICY_FILL_H
#define POLICY_FILL_H

#include "policy/facts.h"

/* Does the action add a column with a value of its own for every row? For certain: a default of
 * which nobody knows is none. Not a domain's column, whose rows are only checked. */
bool fill_is_asked(const struct alter_action *action, const struct action_facts *known);

/* Why such a column cannot be filled row by row with the same result as the plain statement's, a
 * constant text; NULL: it can. */
const char *fill_obstacle(const struct statement *statement, size_t action,
                          const struct facts *facts);

/* What the table itself has against it, a constant text; NULL: nothing. */
const char *fill_obstacle_text(enum fill_obstacle obstacle);

#endif
