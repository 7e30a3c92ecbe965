/* ADD UNIQUE and ADD PRIMARY KEY of a partitioned table. USING INDEX is for plain tables alone: so
 * the partitions get their keys that way, and the partitioned table has an empty one, which becomes
 * valid when all of them are attached to it.
 *
 *      ALTER TABLE ONLY pt ADD CONSTRAINT u …      UNDO: drop it, and with it what is attached
 *      for each partition
 *          CREATE UNIQUE INDEX CONCURRENTLY, ADD CONSTRAINT … USING INDEX
 *                                                  or ONLY, when it is partitioned itself
 *      for each partition, from below to above
 *          ALTER INDEX … ATTACH PARTITION
 *
 * All have the names that PostgreSQL would have given them. */
#include "policy/plan_moves.h"

static const char not_proved[] = "the key of one table could not be proved to be the same";
/* What is attached goes with its parent. */
static const char own[] = " AND k.conparentid OPERATOR(pg_catalog.=) 0::pg_catalog.oid";

static size_t key_count(const struct statement *statement)
{
    size_t count = 0;
    for (size_t i = 0; i < statement->action_count; i++) {
        enum alter_kind kind = statement->actions[i].kind;
        count += kind == ALTER_ADD_UNIQUE || kind == ALTER_ADD_PRIMARY_KEY;
    }
    return count;
}

static const char *key_obstacle(const struct moves *moves, size_t action)
{
    const struct facts *facts = moves->request->facts;
    enum alter_kind kind = moves->statement->actions[action].kind;
    if (!facts->partitions_known || facts->partition_count == 0) {
        return "its partitions are not known";
    }
    if (moves->statement->flags & FLAG_ONLY) {
        return "it is for the partitioned table alone";
    }
    if (kind == ALTER_ADD_COLUMN || key_count(moves->statement) != 1) {
        return "a key of a partitioned table is made by a statement that adds nothing but one";
    }
    if (kind == ALTER_ADD_PRIMARY_KEY && facts->server_version >= 180000) {
        return "PostgreSQL 18 would take NOT NULL for the partitions' own";
    }
    for (size_t i = 0; i < facts->partition_count; i++) {
        const struct partition_facts *partition = &facts->partitions[i];
        if (partition->kind != 'r' && partition->kind != 'p') {
            return "one of its partitions is a foreign table";
        }
        if (partition->index_name[0] == '\0') {
            return "no free name for the index of a partition was found";
        }
        if (partition->has_own_key) {
            return "one of its partitions has a key of its own, which may be the one";
        }
    }
    return NULL;
}

static bool key_of_partition(struct moves *moves, size_t action,
                             const struct partition_facts *partition)
{
    const struct object_name *table = &partition->name;
    const char *name = partition->index_name;
    struct span text = moves->text;
    bool made = false;
    if (partition->kind == 'p') {
        made = alter_text_key_only(text, moves->statement, action, name, table, moves_part(moves));
    } else {
        made = alter_text_key_index_on(text, moves->statement, action, name, table,
                                       moves_build(moves, table, name)) &&
               alter_text_key_using_index_on(text, moves->statement, action, name, table,
                                             moves_part(moves));
    }
    undo_append_constraint_of(moves->request->facts, table, name, own, moves_undo(moves, false));
    return made;
}

const char *recipe_key_by_leaf(struct moves *moves, size_t action, const char *name)
{
    const struct facts *facts = moves->request->facts;
    const char *why = key_obstacle(moves, action);
    moves->draft->how = "CREATE UNIQUE INDEX CONCURRENTLY and ADD CONSTRAINT … USING INDEX on each"
                        " partition";
    if (why == NULL && name[0] == '\0') {
        why = "no free name for the constraint was found";
    }
    why = why != NULL ? why : moves_name(moves, name);
    if (why != NULL) {
        return why;
    }
    if (!alter_text_key_only(moves->text, moves->statement, action, name, NULL,
                             moves_part(moves))) {
        return not_proved;
    }
    undo_append_constraint(facts, name, "", moves_undo(moves, false));
    for (size_t i = 0; i < facts->partition_count; i++) {
        if (!key_of_partition(moves, action, &facts->partitions[i])) {
            return not_proved;
        }
    }
    for (size_t i = facts->partition_count; i-- > 0;) {
        moves_attach_index(moves, name, &facts->partitions[i]);
    }
    moves->draft->plan->tag = moves->statement->tag;
    return NULL;
}
