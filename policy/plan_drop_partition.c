/* DROP TABLE of a partition takes ACCESS EXCLUSIVE on the partitioned table, too. Once it has been
 * detached CONCURRENTLY it is a table of its own, and nobody waits for its DROP.
 *
 *      GATE      nobody is at work on the partitioned table, the partition and the tables that its
 *                foreign keys lead to, and their users of now have ended
 *      PART      ALTER TABLE pt DETACH PARTITION p CONCURRENTLY
 *      PART      FINALIZE, where it is still marked; an error, where it is attached as before
 *      RUN       DROP TABLE p        with it the CHECK that CONCURRENTLY leaves
 *      UNDO      FINALIZE, where it is still marked
 *
 * Nothing is detached that the server would not drop (probe_drop.c). What has been detached is not
 * attached again when the DROP fails after all, for a reader of the partition's own: its rows were
 * to go, and the same DROP TABLE is then the rest of it. */
#include "policy/plan_moves.h"

static void drop_partition_append_detach(const struct facts *facts, struct buffer *out)
{
    buffer_append_text(out, "ALTER TABLE ");
    sql_append_name(out, &facts->partitioned);
    buffer_append_text(out, " DETACH PARTITION ");
    sql_append_name(out, &facts->table);
    buffer_append_text(out, " CONCURRENTLY");
}

static void drop_partition_append_end(const struct facts *facts, struct buffer *out)
{
    struct buffer body = {0};
    buffer_append_text(&body, "DECLARE link pg_catalog.pg_inherits; BEGIN ");
    detach_append_end(&facts->partitioned, &facts->table, &body);
    buffer_append_text(&body, "END");
    draft_append_do(&body, out);
}

const char *plan_drop_partition(const struct plan_request *request, struct draft *draft)
{
    struct moves moves;
    const struct facts *facts = request->facts;
    moves_start(&moves, request, draft);
    draft->how = "DETACH PARTITION … CONCURRENTLY, then DROP TABLE";
    for (size_t i = 0; i < facts->foreign_key_count; i++) {
        if (foreign_key_leads_out(facts, i)) {
            moves_gate(&moves, &facts->foreign_keys[i].table);
        }
    }
    drop_partition_append_detach(facts, moves_detach(&moves, &facts->partitioned, &facts->table));
    drop_partition_append_end(facts, moves_part(&moves));
    const char *why = NULL;
    if (!sql_drop_some(moves.text, moves.statement, 1u, false, moves_part(&moves))) {
        why = "the drop could not be proved to be the same";
    } else {
        moves_finish(&moves);
    }
    moves_end(&moves, why);
    return why;
}
