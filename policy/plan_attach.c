/* ATTACH PARTITION that has nothing to read: what it would look for in the partition and in the
 * default partition is proved beforehand (plan_bound.c), where they are not small. */
#include "policy/plan_moves.h"

const char *recipe_attach(struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const struct facts *facts = moves->request->facts;
    const struct action_facts *known = &facts->actions[action];
    const char *why = bound_obstacle(moves);
    moves->draft->how =
        "ATTACH PARTITION of a table that a CHECK has proved to hold what it should";
    if (why != NULL) {
        return why;
    }
    if (!known->known || !known->other_exists || known->other_kind == 'f') {
        return "the table to be attached is a foreign table, or none at all";
    }
    const struct partition_facts *others = facts_default_partition(facts);
    const struct object_name *within = NULL;
    const struct object_name *outside = NULL;
    const int64_t small = moves->request->settings->small_table_bytes;
    if (known->other_bytes < 0 || known->other_bytes > small) {
        within = &alter->other;
        why = bound_prove(moves, within, BOUND_WITHIN);
    }
    if (why == NULL && others != NULL && !partition_is_small(others, small)) {
        outside = &others->name;
        why = bound_prove(moves, outside, BOUND_OUTSIDE);
    }
    bound_attach(moves, moves->text, within, outside);
    return why;
}
