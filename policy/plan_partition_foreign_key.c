/* A foreign key of a partitioned table before PostgreSQL 18, which has no NOT VALID for one: every
 * partition gets its own first, and the partitioned table's takes them over without reading a row.
 *
 *      for each leaf
 *          ADD CONSTRAINT f … NOT VALID    UNDO: drop it, while it is the leaf's own
 *          VALIDATE CONSTRAINT f
 *      ADD CONSTRAINT f …                  of the partitioned table
 *
 * A leaf's is called like the parent's, as PostgreSQL would call it where that name is free. */
#include "policy/plan_moves.h"

static const char *foreign_key_obstacle(const struct moves *moves, size_t action)
{
    const struct facts *facts = moves->request->facts;
    if (!facts->partitions_known) {
        return "its partitions are not known";
    }
    if (facts->actions[action].other_kind != 'r') {
        return "the referenced table is partitioned, too, or not known";
    }
    for (size_t i = 0; i < facts->partition_count; i++) {
        if (facts->partitions[i].kind != 'r' && facts->partitions[i].kind != 'p') {
            return "one of its partitions is a foreign table";
        }
        if (facts->partitions[i].constraint_taken) {
            return "one of its partitions has a constraint of that name";
        }
    }
    return NULL;
}

void moves_validate_own(struct moves *moves, const struct object_name *table, const char *name)
{
    undo_append_constraint_of(moves->request->facts, table, name,
                              " AND k.conparentid OPERATOR(pg_catalog.=) 0::pg_catalog.oid",
                              moves_undo(moves, false));
    struct buffer *out = moves_part(moves);
    buffer_append_text(out, "ALTER TABLE ");
    sql_append_name(out, table);
    buffer_append_text(out, " VALIDATE CONSTRAINT ");
    sql_append_identifier(out, name);
}

static const char *foreign_key_of_leaf(struct moves *moves, size_t action, const char *name,
                                       const struct object_name *leaf)
{
    struct buffer *out = moves_part(moves);
    if (!alter_text_not_valid_on(moves->text, moves->statement, action, name, leaf, out)) {
        return "the form with NOT VALID could not be proved to be the same";
    }
    moves_validate_own(moves, leaf, name);
    return NULL;
}

const char *recipe_foreign_key_by_leaf(struct moves *moves, size_t action, const char *name)
{
    const struct facts *facts = moves->request->facts;
    const char *why = foreign_key_obstacle(moves, action);
    moves->draft->how = "a foreign key of each partition, NOT VALID and then validated, and that of"
                        " the partitioned table, which takes them over";
    why = why != NULL ? why : moves_name(moves, name);
    for (size_t i = 0; why == NULL && i < facts->partition_count; i++) {
        const struct partition_facts *partition = &facts->partitions[i];
        if (partition->kind == 'r') {
            why = foreign_key_of_leaf(moves, action, name, &partition->name);
        }
    }
    if (why != NULL) {
        return why;
    }
    if (!alter_text_named(moves->text, moves->statement, action, name, moves_part(moves))) {
        return "the foreign key of the partitioned table could not be proved to be the same";
    }
    undo_append_constraint(facts, name, "", moves_undo(moves, false));
    return NULL;
}
