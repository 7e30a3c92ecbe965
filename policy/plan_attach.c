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
    if (!known->known || !known->other_exists || known->other_kind != 'r') {
        return "the table to be attached is no plain table";
    }
    const struct partition_facts *others = facts_default_partition(facts);
    const struct object_name *within = NULL;
    const struct object_name *outside = NULL;
    if (bound_is_long(moves, known->other_bytes)) {
        within = &alter->other;
        why = bound_prove(moves, within, BOUND_WITHIN);
    }
    if (why == NULL && others != NULL && bound_is_long(moves, others->bytes)) {
        outside = &others->name;
        why = bound_prove(moves, outside, BOUND_OUTSIDE);
    }
    bound_attach(moves, moves->text, within, outside);
    return why;
}
