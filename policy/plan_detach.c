/* DETACH PARTITION, made CONCURRENTLY: two transactions of its own, between which it waits for all
 * who use the partitioned table. One that is cut off in between has detached the partition for
 * everybody, but both tables stay marked until FINALIZE: so it goes on, whoever cancels.
 *
 *      PART      notes the partition's CHECK constraints and its bound
 *      GATE      nobody is at work on the two tables, and their users of now have ended
 *      PART      DETACH PARTITION … CONCURRENTLY; not tried again, a second one would be refused
 *      PART      FINALIZE, where it is marked; an error, where it is attached as before. Drops the
 *                CHECK that CONCURRENTLY leaves in the place of the bound, which a plain DETACH
 *                does not: the one that was not there before and says just what the bound said
 *      RUN       forgets what was noted
 *      UNDO      FINALIZE, where it is still marked
 *
 * What was noted is kept in a setting of our own, for want of another place in the session. */
#include "policy/plan_moves.h"

#define NOTED "ddlguard.checks"

static void detach_append_undo(const struct facts *facts, const struct object_name *table,
                               const struct object_name *partition, struct buffer *out)
{
    buffer_append_text(
        out, "/* ddlguard */ SELECT pg_catalog.format('/* ddlguard */ ALTER TABLE %I.%I DETACH"
             " PARTITION %I.%I FINALIZE', n.nspname, t.relname, pn.nspname, p.relname)"
             " FROM pg_catalog.pg_inherits AS i"
             " JOIN pg_catalog.pg_class AS t ON t.oid OPERATOR(pg_catalog.=) i.inhparent"
             " JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) t.relnamespace"
             " JOIN pg_catalog.pg_class AS p ON p.oid OPERATOR(pg_catalog.=) i.inhrelid"
             " JOIN pg_catalog.pg_namespace AS pn ON pn.oid OPERATOR(pg_catalog.=) p.relnamespace");
    undo_append_table(facts, "n", table, out);
    buffer_append_text(out, " AND i.inhdetachpending AND p.relname OPERATOR(pg_catalog.=) ");
    sql_append_literal(out, span_text(partition->name));
}

/* The partition's CHECK constraints, as a condition on pg_constraint k. */
static void detach_append_checks(const struct object_name *partition, struct buffer *out)
{
    buffer_append_text(out, "k.contype OPERATOR(pg_catalog.=) 'c' AND k.conrelid"
                            " OPERATOR(pg_catalog.=) ");
    draft_append_regclass(partition, out);
}

/* "16400,16401;(a >= 1)": their oids, and the bound. */
static void detach_append_note(const struct object_name *partition, struct buffer *out)
{
    buffer_append_text(out, "SELECT pg_catalog.set_config('" NOTED
                            "', pg_catalog.concat(pg_catalog.string_agg(k.oid::pg_catalog.text,"
                            " ','), ';', pg_catalog.pg_get_partition_constraintdef(");
    draft_append_regclass(partition, out);
    buffer_append_text(out, ")), false) FROM pg_catalog.pg_constraint AS k WHERE ");
    detach_append_checks(partition, out);
}

void detach_append_end(const struct object_name *table, const struct object_name *partition,
                       struct buffer *out)
{
    buffer_append_text(out, "SELECT i.* INTO link FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid"
                            " OPERATOR(pg_catalog.=) ");
    draft_append_regclass(partition, out);
    buffer_append_text(out, " AND i.inhparent OPERATOR(pg_catalog.=) ");
    draft_append_regclass(table, out);
    buffer_append_text(
        out, "; IF link.inhdetachpending THEN EXECUTE pg_catalog.format('ALTER TABLE %s DETACH"
             " PARTITION %s FINALIZE', link.inhparent::pg_catalog.regclass,"
             " link.inhrelid::pg_catalog.regclass); ELSIF FOUND THEN RAISE EXCEPTION"
             " 'it is still a partition' USING ERRCODE = '55000'; END IF; ");
}

/* The partition keeps the foreign keys as its own: that takes locks on the tables that they lead
 * to, whose writers must not wait behind ours for longer than behind another. */
static bool detach_locks_others(const struct facts *facts)
{
    bool locks = !facts->foreign_keys_known;
    for (size_t i = 0; i < facts->foreign_key_count; i++) {
        locks = locks || foreign_key_leads_out(facts, i);
    }
    return locks;
}

struct buffer *moves_detach(struct moves *moves, const struct object_name *table,
                            const struct object_name *partition)
{
    const struct facts *facts = moves->request->facts;
    moves_gate(moves, partition);
    struct buffer *out = NULL;
    if (detach_locks_others(facts)) {
        moves_gate(moves, table);
        out = moves_part(moves);
    } else {
        out = moves_long_part(moves, table, NULL);
    }
    moves->draft->last->retry = false;
    moves->draft->last->is_final = true;
    detach_append_undo(facts, table, partition, moves_undo(moves, true));
    moves_keep(moves);
    return out;
}

/* The CHECK says what the bound said, but a list's array is one constant in it: what was
 * ARRAY['a'::text, 'b'::text] is '{a,b}'::text[]. So each array in `bound` becomes that constant,
 * of the very words, and nobody's code is run for it. What such a constant has behind it, type and
 * collation, is taken off the CHECK's. */
static const char bound_as_check[] =
    "LOOP part := pg_catalog.substring(bound,"
    " 'ANY [(](ARRAY[[](?:[^]'']|''(?:[^'']|'''')*'')*[]])');"
    " EXIT WHEN part IS NULL; bound := pg_catalog.replace(bound, part, pg_catalog.concat('''',"
    " pg_catalog.replace((SELECT pg_catalog.array_agg(COALESCE(pg_catalog.replace(e.item[1],"
    " '''''', ''''), e.item[2]) ORDER BY e.nth)::pg_catalog.text FROM pg_catalog.regexp_matches("
    "part, '(?:ARRAY[[]|, )(?:B?''((?:[^'']|'''')*)''|([0-9.]+|[tf](?=rue|alse)))', 'g')"
    " WITH ORDINALITY AS e(item, nth)), '''', ''''''), '''')); END LOOP; ";
static const char check_says[] =
    "pg_catalog.regexp_replace(pg_catalog.pg_get_expr(k.conbin, k.conrelid), '(ANY [(]''(?:[^'']|"
    "'''')*'')::[^()]*(?:[(][0-9,]*[)])?[^()]*', pg_catalog.concat(pg_catalog.chr(92), '1'), 'g')";

/* Another CHECK may have come meanwhile: DETACH waits for as long as there are transactions. */
static void detach_append_drop(const struct object_name *partition, struct buffer *out)
{
    buffer_append_text(out, "SELECT k.* INTO made FROM pg_catalog.pg_constraint AS k WHERE ");
    detach_append_checks(partition, out);
    buffer_append_text(out, " AND k.oid::pg_catalog.text OPERATOR(pg_catalog.<>) ALL"
                            " (pg_catalog.string_to_array(pg_catalog.split_part(noted, ';', 1),"
                            " ',')) AND ");
    buffer_append_text(out, check_says);
    buffer_append_text(out, " OPERATOR(pg_catalog.=) bound ORDER BY k.oid LIMIT 1; IF FOUND THEN"
                            " EXECUTE pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I',"
                            " made.conrelid::pg_catalog.regclass, made.conname); END IF; ");
}

static void detach_append_rest(const struct moves *moves, const struct object_name *partition,
                               struct buffer *out)
{
    struct buffer body = {0};
    buffer_append_text(&body,
                       "DECLARE link pg_catalog.pg_inherits; made pg_catalog.pg_constraint;"
                       " noted CONSTANT pg_catalog.text := pg_catalog.current_setting('" NOTED
                       "'); bound pg_catalog.text := pg_catalog.substr(noted,"
                       " pg_catalog.strpos(noted, ';') OPERATOR(pg_catalog.+) 1);"
                       " part pg_catalog.text; BEGIN ");
    detach_append_end(&moves->request->facts->table, partition, &body);
    buffer_append_text(&body, bound_as_check);
    detach_append_drop(partition, &body);
    buffer_append_text(&body, "END");
    draft_append_do(&body, out);
}

/* The DETACH itself; false when it could not be written. */
static bool detach_append(struct moves *moves, const struct object_name *partition)
{
    struct buffer tail = {0};
    buffer_append_text(&tail, "DETACH PARTITION ");
    sql_append_name(&tail, partition);
    buffer_append_text(&tail, " CONCURRENTLY");
    struct buffer *out = moves_detach(moves, &moves->request->facts->table, partition);
    bool done = alter_text_append(moves->text, moves->statement, buffer_span(&tail), out);
    out->failed = out->failed || tail.failed;
    buffer_free(&tail);
    return done;
}

const char *recipe_detach(struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const struct facts *facts = moves->request->facts;
    moves->draft->how = "DETACH PARTITION … CONCURRENTLY";
    if (alter->flags & ALTER_CONCURRENTLY) {
        return "it is concurrent already";
    }
    if (facts->server_version < 140000) {
        return "PostgreSQL has DETACH CONCURRENTLY from version 14 on";
    }
    detach_append_note(&alter->other, moves_part(moves));
    bool done = detach_append(moves, &alter->other);
    detach_append_rest(moves, &alter->other, moves_part(moves));
    buffer_append_text(moves_part(moves), "RESET " NOTED);
    moves->draft->plan->tag = moves->statement->tag;
    return done ? NULL : "DETACH CONCURRENTLY could not be written for it";
}
