/* DETACH PARTITION, made CONCURRENTLY: two transactions of its own, between which it waits for all
 * who use the partitioned table. One that is cut off in between has detached the partition for
 * everybody, but both tables stay marked until FINALIZE: so that is its UNDO, forward.
 *
 *      GATE      nobody is at work on the table, and its users of now have ended
 *      RUN       DETACH PARTITION … CONCURRENTLY; not tried again, a second one would be refused
 *      UNDO      DETACH PARTITION … FINALIZE, where it is marked */
#include "policy/plan_moves.h"

static void detach_append_undo(const struct moves *moves, const struct object_name *partition,
                               struct buffer *out)
{
    const struct object_name *table = &moves->request->facts->table;
    buffer_append_text(
        out, "/* ddlguard */ SELECT pg_catalog.format('/* ddlguard */ ALTER TABLE %I.%I DETACH"
             " PARTITION %I.%I FINALIZE', n.nspname, t.relname, pn.nspname, p.relname)"
             " FROM pg_catalog.pg_inherits AS i"
             " JOIN pg_catalog.pg_class AS t ON t.oid OPERATOR(pg_catalog.=) i.inhparent"
             " JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) t.relnamespace"
             " JOIN pg_catalog.pg_class AS p ON p.oid OPERATOR(pg_catalog.=) i.inhrelid"
             " JOIN pg_catalog.pg_namespace AS pn ON pn.oid OPERATOR(pg_catalog.=) p.relnamespace"
             " WHERE i.inhdetachpending AND n.nspname OPERATOR(pg_catalog.=) ");
    sql_append_literal(out, span_text(table->schema));
    buffer_append_text(out, " AND t.relname OPERATOR(pg_catalog.=) ");
    sql_append_literal(out, span_text(table->name));
    buffer_append_text(out, " AND p.relname OPERATOR(pg_catalog.=) ");
    sql_append_literal(out, span_text(partition->name));
}

const char *recipe_detach(struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const struct facts *facts = moves->request->facts;
    struct buffer name = {0}, tail = {0};
    moves->draft->how = "DETACH PARTITION … CONCURRENTLY";
    if (alter->flags & ALTER_CONCURRENTLY) {
        return "it is concurrent already";
    }
    if (facts->server_version < 140000) {
        return "PostgreSQL has DETACH CONCURRENTLY from version 14 on";
    }
    sql_append_name(&name, &alter->other);
    buffer_append_text(&tail, "DETACH PARTITION ");
    buffer_append_span(&tail, buffer_span(&name));
    buffer_append_text(&tail, " CONCURRENTLY");
    struct buffer *out = moves_long_part(moves, NULL);
    moves->draft->last->retry = false;
    bool done = alter_text_append(moves->text, moves->statement, buffer_span(&tail), out);
    out->failed = out->failed || name.failed || tail.failed;
    buffer_free(&name);
    buffer_free(&tail);
    detach_append_undo(moves, &alter->other, moves_undo(moves, true));
    return done ? NULL : "DETACH CONCURRENTLY could not be written for it";
}
