/* ALTER COLUMN … TYPE that writes no row anew, but whose column CHECKs mention: the server makes
 * these again and reads the whole table to validate them, under its strong lock. Left out of that
 * and put back NOT VALID they check what is written as before, and are validated while readers and
 * writers pass.
 *
 *      PART      DO: in one ALTER TABLE drops them, changes the type and adds them, NOT VALID; what
 *                they are is asked under the lock, so that nobody changes them meanwhile
 *                UNDO: VALIDATE CONSTRAINT, of those that are not
 *      RUN       VALIDATE CONSTRAINT, each in a transaction of its own
 *
 * A type cannot be taken back without a rewrite. So once it is changed, a cancel comes too late.
 *
 * Beside other actions only one that is instant has a way: last of all. PostgreSQL changes types
 * before it adds anything; the end is the same where nothing that is added has to do with the
 * column, and nothing is there to be made again with it that was not validated before. */
#include "policy/plan_moves.h"

unsigned type_actions(const struct statement *statement)
{
    unsigned actions = 0;
    for (size_t i = 0; i < statement->action_count && i < STATEMENT_ACTIONS_MAX; i++) {
        actions |= statement->actions[i].kind == ALTER_COLUMN_TYPE ? 1u << i : 0u;
    }
    return actions;
}

/* The table's own name stands for all of its columns. */
static bool type_concerns(const struct moves *moves, size_t changed, size_t action)
{
    const struct statement *statement = moves->statement;
    return statement->actions[action].kind == ALTER_VALIDATE ||
           alter_mentions(moves->text, statement, action, statement->actions[changed].column) ||
           alter_mentions(moves->text, statement, action, statement->target.name);
}

const char *type_obstacle(const struct moves *moves, unsigned others)
{
    const unsigned last = type_actions(moves->statement) & ~others;
    for (size_t t = 0; t < moves->statement->action_count; t++) {
        for (size_t i = 0; (last >> t & 1u) && i < moves->statement->action_count; i++) {
            if ((others >> i & 1u) && type_concerns(moves, t, i)) {
                return "it gives a new type to a column that another action of it may speak of";
            }
        }
    }
    return NULL;
}

/* An array of their names. */
static void type_append_names(const struct rebuilt_facts *rebuilt, struct buffer *out)
{
    for (size_t i = 0; i < rebuilt->count; i++) {
        buffer_append_text(out, i == 0 ? "ARRAY[" : ", ");
        sql_append_literal(out, span_text(rebuilt->checks[i]));
    }
    buffer_append_text(out, "]::pg_catalog.name[]");
}

/* `alter` is the client's ALTER TABLE of one action. Drops come first in any ALTER TABLE, and what
 * it adds comes last. */
static void type_append_change(const struct facts *facts, struct span alter, struct buffer *body)
{
    buffer_append_text(body, "DECLARE change pg_catalog.text := ");
    sql_append_literal(body, alter);
    buffer_append_text(body, "; BEGIN LOCK TABLE ONLY ");
    sql_append_name(body, &facts->table);
    buffer_append_text(body, " IN ACCESS EXCLUSIVE MODE; SELECT pg_catalog.concat(change,"
                             " pg_catalog.string_agg(pg_catalog.format(', DROP CONSTRAINT %I, ADD"
                             " CONSTRAINT %I %s NOT VALID', k.conname, k.conname,"
                             " pg_catalog.pg_get_constraintdef(k.oid)), '' ORDER BY k.conname))"
                             " INTO change FROM pg_catalog.pg_constraint AS k WHERE k.conrelid");
    buffer_append_format(body, " OPERATOR(pg_catalog.=) %u::pg_catalog.oid",
                         (unsigned)facts->target_oid);
    buffer_append_text(body, " AND k.contype OPERATOR(pg_catalog.=) 'c' AND k.convalidated AND"
                             " k.conname OPERATOR(pg_catalog.=) ANY (");
    type_append_names(&facts->rebuilt, body);
    buffer_append_text(body, "); EXECUTE change; END");
}

static void type_append_undo(const struct facts *facts, struct buffer *out)
{
    buffer_append_format(
        out,
        "/* ddlguard */ SELECT pg_catalog.format('/* ddlguard */ ALTER TABLE %%I.%%I VALIDATE"
        " CONSTRAINT %%I', n.nspname, t.relname, k.conname) FROM pg_catalog.pg_constraint AS k"
        " JOIN pg_catalog.pg_class AS t ON t.oid OPERATOR(pg_catalog.=) k.conrelid"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) t.relnamespace"
        " WHERE t.oid OPERATOR(pg_catalog.=) %u::pg_catalog.oid AND NOT k.convalidated AND"
        " k.conname OPERATOR(pg_catalog.=) ANY (",
        (unsigned)facts->target_oid);
    type_append_names(&facts->rebuilt, out);
    buffer_append_text(out, ")");
}

static bool type_change(struct moves *moves, size_t action)
{
    const struct facts *facts = moves->request->facts;
    struct buffer alter = {0}, body = {0};
    bool done = alter_text_only(moves->text, moves->statement, 1u << action, &alter);
    type_append_change(facts, buffer_span(&alter), &body);
    struct buffer *out = moves_part(moves);
    draft_append_do(&body, out);
    out->failed = out->failed || alter.failed;
    buffer_append_span(draft_says(moves->draft, NULL), buffer_span(&alter));
    buffer_free(&alter);
    moves_keep(moves);
    moves->draft->last->is_binding = true;
    type_append_undo(facts, moves_undo(moves, false));
    return done;
}

const char *recipe_type(struct moves *moves, size_t action)
{
    const struct rebuilt_facts *rebuilt = &moves->request->facts->rebuilt;
    moves->draft->how = "ALTER COLUMN … TYPE with its CHECKs NOT VALID, then VALIDATE CONSTRAINT";
    if (moves->statement->action_count != 1 || rebuilt->count == 0) {
        return "it has another action that could not be taken back, or must come before the rest";
    }
    bool done = type_change(moves, action);
    for (size_t i = 0; done && i < rebuilt->count; i++) {
        done = moves_validate(moves, rebuilt->checks[i], NULL);
    }
    return done ? NULL : "the steps around the new type could not be written for it";
}
