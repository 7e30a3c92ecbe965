/* CREATE INDEX of a partitioned table, partition by partition, because CONCURRENTLY is for plain
 * tables alone.
 *
 *      CREATE INDEX i ON ONLY pt           invalid until it has all its parts; UNDO: drop it, and
 *                                          with it what is attached
 *      for each partition
 *          CREATE INDEX CONCURRENTLY …     or ON ONLY, when it is partitioned itself
 *      for each partition
 *          ALTER INDEX … ATTACH PARTITION  the last one makes i valid
 *
 * All have the names that PostgreSQL would have given them. */
#include "policy/plan_moves.h"
#include "policy/sql/partition_text.h"

#include <stdio.h>

#define NOT_PROVED "the index of one table could not be proved to be the same"

static const char *index_name(const struct plan_request *request)
{
    const char *own = request->statements[0].index.name;
    return own[0] != '\0' ? own : request->facts->index_name;
}

static const char *index_obstacle(const struct plan_request *request)
{
    const struct facts *facts = request->facts;
    if (!facts->partitions_known || facts->partition_count == 0) {
        return "its partitions are not known";
    }
    if (request->statements[0].flags & FLAG_ONLY) {
        return "it is for the partitioned table alone";
    }
    for (size_t i = 0; i < facts->partition_count; i++) {
        char kind = facts->partitions[i].kind;
        if (kind != 'r' && kind != 'p') {
            return "one of its partitions is a foreign table";
        }
        if (facts->partitions[i].index_name[0] == '\0') {
            return "no free name for the index of a partition was found";
        }
    }
    return index_name(request)[0] == '\0' ? "no free name for the index was found" : NULL;
}

/* Drops an index of a partitioned table that has never become valid. */
static void index_append_undo(const struct facts *facts, const struct object_name *table,
                              const char *name, struct buffer *out)
{
    buffer_append_text(
        out, "/* ddlguard */ SELECT pg_catalog.format('/* ddlguard */ DROP INDEX %I.%I', n.nspname,"
             " c.relname) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid"
             " OPERATOR(pg_catalog.=) c.relnamespace JOIN pg_catalog.pg_index AS x ON x.indexrelid"
             " OPERATOR(pg_catalog.=) c.oid JOIN pg_catalog.pg_class AS t ON t.oid"
             " OPERATOR(pg_catalog.=) x.indrelid");
    undo_append_table(facts, "n", table, out);
    buffer_append_text(
        out,
        " AND NOT x.indisvalid AND NOT c.relispartition AND c.relname OPERATOR(pg_catalog.=) ");
    sql_append_literal(out, span_text(name));
}

static const char *index_parent(struct moves *moves)
{
    const char *name = index_name(moves->request);
    struct buffer *out = moves_part(moves);
    const struct facts *facts = moves->request->facts;
    index_append_undo(facts, &facts->table, name, moves_undo(moves, false));
    return partition_text_index_only(moves->text, moves->statement, name, out) ? NULL : NOT_PROVED;
}

static const char *index_build(struct moves *moves, const struct partition_facts *partition)
{
    const char *name = partition->index_name;
    bool only = partition->kind == 'p';
    struct buffer *out = only ? moves_part(moves) : moves_build(moves, &partition->name, name);
    if (only) {
        index_append_undo(moves->request->facts, &partition->name, name, moves_undo(moves, false));
    }
    return partition_text_index_on(moves->text, moves->statement, name, &partition->name, only, out)
               ? NULL
               : NOT_PROVED;
}

/* The index of the partitioned table right above. */
static struct object_name index_above(const struct facts *facts, const char *root_index,
                                      const struct partition_facts *partition)
{
    struct object_name above = facts->table;
    snprintf(above.name, sizeof above.name, "%s", root_index);
    for (size_t i = 0; i < facts->partition_count; i++) {
        if (facts->partitions[i].oid == partition->parent) {
            above = facts->partitions[i].name;
            memcpy(above.name, facts->partitions[i].index_name, NAME_BYTES);
        }
    }
    return above;
}

void moves_attach_index(struct moves *moves, const char *root_index,
                        const struct partition_facts *partition)
{
    struct object_name above = index_above(moves->request->facts, root_index, partition);
    struct object_name below = partition->name;
    memcpy(below.name, partition->index_name, NAME_BYTES);
    struct buffer *out = moves_part(moves);
    buffer_append_text(out, "ALTER INDEX ");
    sql_append_name(out, &above);
    buffer_append_text(out, " ATTACH PARTITION ");
    sql_append_name(out, &below);
}

const char *plan_partition_index(const struct plan_request *request, struct draft *draft)
{
    const struct facts *facts = request->facts;
    struct moves moves;
    moves_start(&moves, request, draft);
    const char *why = index_obstacle(request);
    why = why != NULL ? why : index_parent(&moves);
    for (size_t i = 0; why == NULL && i < facts->partition_count; i++) {
        why = index_build(&moves, &facts->partitions[i]);
    }
    /* From below to above: an index that is attached should have its own parts already. */
    for (size_t i = facts->partition_count; why == NULL && i-- > 0;) {
        moves_attach_index(&moves, index_name(request), &facts->partitions[i]);
    }
    if (why == NULL) {
        moves_finish(&moves);
        draft->plan->tag = request->statements[0].tag;
        draft->how = "CREATE INDEX CONCURRENTLY on each partition";
    }
    moves_end(&moves, why);
    return why;
}
