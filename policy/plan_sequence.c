/* The sequence of a new column. A serial one has it as PostgreSQL makes it, and keeps it. An
 * identity cannot be added to a column that may be NULL, so until all rows are filled another
 * sequence numbers them, those that come meanwhile too:
 *
 *      CREATE SEQUENCE name … OWNED BY t.a     by the identity's own name and options: what it
 *                                              cannot do is told in the plain statement's words
 *      GRANT USAGE … TO PUBLIC                 an identity asks nobody for rights; a default does
 *      SET DEFAULT nextval(name)
 *      …                                       the rows (plan_fill.c), NOT NULL, the constraints
 *      DO                                      one transaction, under the table's lock:
 *        DROP DEFAULT                          nobody takes another number
 *        DROP SEQUENCE name                    but its state is kept
 *        ADD GENERATED … AS IDENTITY (SEQUENCE NAME name …)
 *        setval(name, …)
 *
 * The sequence goes with the column, whichever of the two it is. */
#include "policy/plan_moves.h"

#define NOT_PROVED "the sequence of the column could not be proved to be the same"

static struct object_name sequence_name(const struct moves *moves, size_t action)
{
    const struct facts *facts = moves->request->facts;
    struct object_name sequence = facts->table; /* its schema */
    memcpy(sequence.name, facts->actions[action].free_sequence, NAME_BYTES);
    return sequence;
}

/* As generateSerialExtraStmts makes that of a serial column. */
static void sequence_create_serial(struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const struct facts *facts = moves->request->facts;
    const struct object_name sequence = sequence_name(moves, action);
    struct buffer *out = moves_part(moves);
    buffer_append_text(out, "CREATE SEQUENCE ");
    sql_append_name(out, &sequence);
    buffer_append_format(out, " AS pg_catalog.%s OWNED BY ", alter_serial_base(alter));
    sql_append_name(out, &facts->table);
    buffer_append_text(out, ".");
    sql_append_identifier(out, alter->column);
}

static bool sequence_create_identity(struct moves *moves, size_t action)
{
    const struct object_name sequence = sequence_name(moves, action);
    if (!alter_text_identity_sequence(moves->text, moves->statement, action, sequence.name,
                                      &moves->request->facts->table, moves_part(moves))) {
        return false;
    }
    struct buffer *out = moves_part(moves);
    buffer_append_text(out, "GRANT USAGE ON SEQUENCE ");
    sql_append_name(out, &sequence);
    buffer_append_text(out, " TO PUBLIC");
    return true;
}

/* 'name'::regclass */
static void sequence_append_regclass(const struct object_name *sequence, struct buffer *out)
{
    struct buffer name = {0};
    sql_append_name(&name, sequence);
    sql_append_literal(out, buffer_span(&name));
    buffer_append_text(out, "::pg_catalog.regclass");
    out->failed = out->failed || name.failed;
    buffer_free(&name);
}

static bool sequence_set_default(struct moves *moves, size_t action)
{
    const struct object_name sequence = sequence_name(moves, action);
    struct buffer tail = {0};
    buffer_append_text(&tail, "ALTER COLUMN ");
    sql_append_identifier(&tail, moves->statement->actions[action].column);
    buffer_append_text(&tail, " SET DEFAULT pg_catalog.nextval(");
    sequence_append_regclass(&sequence, &tail);
    buffer_append_text(&tail, ")");
    struct buffer *out = moves_part(moves);
    bool done = alter_text_append(moves->text, moves->statement, buffer_span(&tail), out);
    out->failed = out->failed || tail.failed;
    buffer_free(&tail);
    return done;
}

const char *recipe_sequence(struct moves *moves, size_t action)
{
    if (moves->statement->actions[action].flags & COLUMN_SERIAL) {
        sequence_create_serial(moves, action);
    } else if (!sequence_create_identity(moves, action)) {
        return NOT_PROVED;
    }
    return sequence_set_default(moves, action) ? NULL : NOT_PROVED;
}

/* ALTER TABLE t ALTER COLUMN a DROP DEFAULT */
static bool identity_drop_default(const struct moves *moves, size_t action, struct buffer *out)
{
    struct buffer tail = {0};
    buffer_append_text(&tail, "ALTER COLUMN ");
    sql_append_identifier(&tail, moves->statement->actions[action].column);
    buffer_append_text(&tail, " DROP DEFAULT");
    bool done = alter_text_append(moves->text, moves->statement, buffer_span(&tail), out);
    out->failed = out->failed || tail.failed;
    buffer_free(&tail);
    return done;
}

/* The body of the DO, from the two statements that are the client's own. */
static void identity_append_swap(const struct object_name *sequence, struct span drop_default,
                                 struct span add_identity, struct buffer *body)
{
    buffer_append_text(body,
                       "DECLARE last pg_catalog.int8; called pg_catalog.bool; BEGIN EXECUTE ");
    sql_append_literal(body, drop_default);
    buffer_append_text(body, "; SELECT s.last_value, s.is_called INTO last, called FROM ");
    sql_append_name(body, sequence);
    buffer_append_text(body, " AS s; DROP SEQUENCE ");
    sql_append_name(body, sequence);
    buffer_append_text(body, "; EXECUTE ");
    sql_append_literal(body, add_identity);
    buffer_append_text(body, "; PERFORM pg_catalog.setval(");
    sequence_append_regclass(sequence, body);
    buffer_append_text(body, ", last, called); END");
}

const char *recipe_identity(struct moves *moves, size_t action)
{
    const struct facts *facts = moves->request->facts;
    const struct object_name sequence = sequence_name(moves, action);
    struct buffer drop_default = {0}, add_identity = {0}, body = {0};
    bool done = identity_drop_default(moves, action, &drop_default) &&
                alter_text_add_identity(moves->text, moves->statement, action, sequence.name,
                                        &facts->table, &add_identity);
    identity_append_swap(&sequence, buffer_span(&drop_default), buffer_span(&add_identity), &body);
    struct buffer *out = moves_part(moves);
    draft_append_do(&body, out);
    out->failed = out->failed || drop_default.failed || add_identity.failed;
    buffer_free(&drop_default);
    buffer_free(&add_identity);
    moves->draft->plan->tag = moves->statement->tag;
    /* Whole: an identity's NOT NULL cannot be taken back by itself. */
    undo_append_column(facts, moves->statement->actions[action].column, moves_undo(moves, false));
    return done ? NULL : NOT_PROVED;
}
