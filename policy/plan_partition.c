/* CREATE TABLE … PARTITION OF takes ACCESS EXCLUSIVE on the whole partitioned table. A table that
 * is made like it and then attached ends up the same, under a lock that readers and writers pass.
 *
 *      CREATE TABLE p (LIKE pt …)          UNDO: drop it, while it is no partition
 *      (a proof that the default partition holds no row of its: plan_bound.c)
 *      ALTER TABLE pt ATTACH PARTITION p   it is empty: nothing to be read */
#include "policy/plan_moves.h"
#include "policy/sql/partition_text.h"

static const char not_proved[] = "the table could not be proved to be the same when attached";

static void partition_append_undo(const struct object_name *name, struct buffer *out)
{
    struct buffer quoted = {0};
    sql_append_name(&quoted, name);
    buffer_append_text(
        out, "/* ddlguard */ SELECT pg_catalog.format('/* ddlguard */ DROP TABLE %I.%I', n.nspname,"
             " c.relname) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid"
             " OPERATOR(pg_catalog.=) c.relnamespace WHERE NOT c.relispartition AND c.oid"
             " OPERATOR(pg_catalog.=) pg_catalog.to_regclass(");
    sql_append_literal(out, buffer_span(&quoted));
    buffer_append_text(out, ")");
    out->failed = out->failed || quoted.failed;
    buffer_free(&quoted);
}

/* Attaches it. That the default partition holds no row of its is proved where it can be; elsewhere
 * that partition is read meanwhile, as the plain statement would, but not the others. */
static const char *partition_attach(struct moves *moves)
{
    const struct partition_facts *others = facts_default_partition(moves->request->facts);
    const struct object_name *outside = NULL;
    const char *why = NULL;
    struct buffer attach = {0};
    const int64_t small = moves->request->settings->small_table_bytes;
    if (others != NULL && !partition_is_small(others, small) && bound_obstacle(moves) == NULL) {
        outside = &others->name;
        why = bound_prove(moves, outside, BOUND_OUTSIDE);
    }
    if (!partition_text_attach(moves->text, moves->statement, &attach)) {
        why = not_proved;
    }
    bound_attach(moves, buffer_span(&attach), NULL, outside);
    moves->undo.failed = moves->undo.failed || attach.failed;
    buffer_free(&attach);
    return why;
}

const char *plan_partition_of(const struct plan_request *request, struct draft *draft)
{
    const struct statement *statement = &request->statements[0];
    struct moves moves;
    const char *why = NULL;
    moves_start(&moves, request, draft);
    if (request->facts->kind != 'p') {
        why = "the table is not partitioned";
    } else if (request->facts->index.exists) {
        /* It would be attached in the new one's place, and dropped when that fails. */
        why = "there is another relation of its name";
    } else if (!partition_text_like(moves.text, statement, moves_part(&moves))) {
        why = not_proved;
    } else {
        partition_append_undo(&statement->objects[0].name, moves_undo(&moves, false));
        why = partition_attach(&moves);
    }
    if (why == NULL) {
        moves_finish(&moves);
        draft->plan->tag = statement->tag;
        draft->how = "CREATE TABLE … (LIKE …), then ATTACH PARTITION";
    }
    moves_end(&moves, why);
    return why;
}
