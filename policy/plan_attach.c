/* ATTACH PARTITION that has nothing to read: what it would look for in the partition and in the
 * default partition is proved beforehand (plan_bound.c), where they are not small. So are the
 * foreign keys that the partition would be given, whose rows it would look up under a lock that
 * keeps writers off the referenced tables: an equal one that is valid is taken over as it is.
 *
 *      (the proofs)
 *      ALTER TABLE p ADD CONSTRAINT f … NOT VALID      UNDO: drop it, while it is p's own
 *      ALTER TABLE p VALIDATE CONSTRAINT f
 *      ALTER TABLE pt ATTACH PARTITION p … */
#include "policy/plan_moves.h"

static void attach_foreign_keys(struct moves *moves, const struct object_name *partition)
{
    const struct facts *facts = moves->request->facts;
    for (size_t i = 0; facts->foreign_keys_known && i < facts->foreign_key_count; i++) {
        const struct foreign_key_facts *key = &facts->foreign_keys[i];
        if (key->incoming || !key->valid || !key->may_be_given || key->definition[0] == '\0') {
            continue;
        }
        struct buffer *out = moves_part(moves);
        buffer_append_text(out, "ALTER TABLE ");
        sql_append_name(out, partition);
        buffer_append_text(out, " ADD CONSTRAINT ");
        sql_append_identifier(out, key->name);
        buffer_append_format(out, " %s NOT VALID", key->definition);
        moves_validate_own(moves, partition, key->name);
    }
}

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
    if (within != NULL && known->other_kind == 'r') {
        attach_foreign_keys(moves, within);
    }
    bound_attach(moves, moves->text, within, outside);
    return why;
}
