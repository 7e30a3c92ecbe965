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
 * All have the names that PostgreSQL would have given them. A partition that has an equal index
 * keeps that, as with the plain statement:
 *
 *      CREATE INDEX CONCURRENTLY …         only if there is none
 *      …
 *      RUN: DO, ALTER INDEX … ATTACH PARTITION of the equal one, for each such partition
 *
 * What is attached is dropped with its parent. So that comes last and in one transaction: a change
 * that fails must not take an index with it that it has not made. */
#include "policy/plan_moves.h"
#include "policy/sql/partition_text.h"

#include <stdio.h>
#include <string.h>

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
    if ((request->statements[0].flags & FLAG_IF_NOT_EXISTS) && facts->index.exists) {
        return "something of its name is there: PostgreSQL builds nothing then";
    }
    for (size_t i = 0; i < facts->partition_count; i++) {
        char kind = facts->partitions[i].kind;
        if (kind != 'r' && kind != 'p') {
            return "one of its partitions is a foreign table";
        }
        if (facts->partitions[i].index_name[0] == '\0') {
            return "no free name for the index of a partition was found";
        }
        if (strcmp(facts->partitions[i].index_name, index_name(request)) == 0) {
            return "its name is that which the index of a partition would get";
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

/* A leaf that may have an equal index. For one that is partitioned itself, with an index of its own
 * and parts of that, another one is made. */
static bool index_may_be_there(const struct partition_facts *partition)
{
    return partition->kind == 'r' && partition->has_own_index;
}

/* What PostgreSQL compares of two indexes, x of class c (CompareIndexInfo of index.c; of operator
 * classes it asks only for the family), as a text: equal texts are equal indexes. Sort order is not
 * compared. indnullsnotdistinct came with PostgreSQL 15. */
#define INDEX_SAYS(x, c)                                                                           \
    "pg_catalog.concat_ws(' ', " c ".relam, " x ".indisunique, " x ".indnkeyatts, " x              \
    ".indclass, " x ".indcollation, ARRAY(SELECT pg_catalog.pg_get_indexdef(" x                    \
    ".indexrelid, n, false) FROM pg_catalog.generate_series(1, " x ".indnatts) AS n)::"            \
    "pg_catalog.text, pg_catalog.to_jsonb(" x ") OPERATOR(pg_catalog.->>) 'indnullsnotdistinct',"  \
    " '/', pg_catalog.pg_get_expr(" x ".indpred, " x ".indrelid))"

/* A query: the partition's indexes that are equal to that of the partitioned table `above`. */
static void index_append_equal(const struct object_name *above,
                               const struct partition_facts *partition, struct buffer *out)
{
    buffer_append_text(out,
                       "SELECT x.indexrelid::pg_catalog.regclass FROM pg_catalog.pg_index AS x"
                       " JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) x.indexrelid"
                       " JOIN pg_catalog.pg_index AS u ON u.indexrelid OPERATOR(pg_catalog.=) ");
    draft_append_regclass(above, out);
    buffer_append_text(out, " JOIN pg_catalog.pg_class AS o ON o.oid OPERATOR(pg_catalog.=)"
                            " u.indexrelid WHERE x.indrelid OPERATOR(pg_catalog.=) ");
    draft_append_regclass(&partition->name, out);
    buffer_append_text(out, " AND x.indisvalid AND NOT x.indisexclusion AND NOT c.relispartition"
                            " AND " INDEX_SAYS("x", "c") " OPERATOR(pg_catalog.=) " INDEX_SAYS(
                                "u", "o") " ORDER BY x.indexrelid LIMIT 1");
}

static bool index_append_build(const struct moves *moves, const struct partition_facts *partition,
                               struct buffer *out)
{
    return partition_text_index_on(moves->text, moves->statement, partition->index_name,
                                   &partition->name, partition->kind == 'p', out);
}

/* Builds it unless there is an equal one: the part lists one statement or none. */
static bool index_build_unless_there(struct moves *moves, const struct partition_facts *partition)
{
    struct object_name above =
        index_above(moves->request->facts, index_name(moves->request), partition);
    struct buffer sql = {0};
    struct buffer *out = moves_build(moves, &partition->name, partition->index_name);
    moves->draft->last->lists = true;
    buffer_append_text(&sql, "/* ddlguard */ ");
    bool done = index_append_build(moves, partition, &sql);
    buffer_append_text(out, "SELECT ");
    sql_append_literal(out, buffer_span(&sql));
    buffer_append_text(out, " WHERE NOT EXISTS (");
    index_append_equal(&above, partition, out);
    buffer_append_text(out, ")");
    out->failed = out->failed || sql.failed;
    buffer_free(&sql);
    return done;
}

static const char *index_build(struct moves *moves, const struct partition_facts *partition)
{
    const char *name = partition->index_name;
    if (index_may_be_there(partition)) {
        return index_build_unless_there(moves, partition) ? NULL : NOT_PROVED;
    }
    struct buffer *out = NULL;
    if (partition->kind == 'p') {
        out = moves_part(moves);
        index_append_undo(moves->request->facts, &partition->name, name, moves_undo(moves, false));
    } else {
        out = moves_build(moves, &partition->name, name);
    }
    return index_append_build(moves, partition, out) ? NULL : NOT_PROVED;
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

/* The last part: attaches what was there before, or what was built for want of that. */
static void index_attach_equal(struct moves *moves)
{
    const struct facts *facts = moves->request->facts;
    struct buffer body = {0};
    for (size_t i = 0; i < facts->partition_count; i++) {
        const struct partition_facts *partition = &facts->partitions[i];
        if (index_may_be_there(partition)) {
            struct object_name above = index_above(facts, index_name(moves->request), partition);
            buffer_append_text(&body, body.length == 0 ? "DECLARE equal pg_catalog.regclass; BEGIN "
                                                       : " ");
            index_append_equal(&above, partition, &body);
            buffer_append_text(&body, " INTO STRICT equal; EXECUTE pg_catalog.format('ALTER INDEX"
                                      " %s ATTACH PARTITION %s', ");
            draft_append_regclass(&above, &body);
            buffer_append_text(&body, ", equal);");
        }
    }
    if (body.length > 0 || body.failed) {
        buffer_append_text(&body, " END");
        draft_append_do(&body, moves_part(moves));
    }
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
        if (!index_may_be_there(&facts->partitions[i])) {
            moves_attach_index(&moves, index_name(request), &facts->partitions[i]);
        }
    }
    if (why == NULL) {
        index_attach_equal(&moves);
        moves_finish(&moves);
        draft->plan->tag = request->statements[0].tag;
        draft->how = "CREATE INDEX CONCURRENTLY on each partition";
    }
    moves_end(&moves, why);
    return why;
}
