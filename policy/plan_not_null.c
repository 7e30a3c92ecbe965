/* SET NOT NULL without a scan under a strong lock.
 *
 *      ADD CONSTRAINT helper CHECK (a IS NOT NULL) NOT VALID
 *      VALIDATE CONSTRAINT helper      a NULL is told in SET NOT NULL's own words
 *      ALTER COLUMN a SET NOT NULL     believes the helper and does not scan
 *      DROP CONSTRAINT helper          never in one ALTER TABLE with the step before: its drops
 *                                      come first there, and the proof would be gone (measured)
 *
 * PostgreSQL 18 has NOT NULL constraints that can be NOT VALID: no helper, and by the name that
 * SET NOT NULL would choose the same catalog in the end. */
#include "policy/plan_moves.h"

#include <stdio.h>

#define NOT_WRITTEN "the steps around SET NOT NULL could not be written for it"

/* "ADD CONSTRAINT helper CHECK (column IS NOT NULL) NOT VALID" */
static bool not_null_add(struct moves *moves, const char *helper, const char *column)
{
    char format[NAME_BYTES + 64];
    snprintf(format, sizeof format, "ADD CONSTRAINT %s CHECK (%% IS NOT NULL) NOT VALID", helper);
    return moves_alter(moves, format, column);
}

/* The proof: a validated helper. */
static const char *not_null_prove(struct moves *moves, const char *helper, const char *column)
{
    moves_clean_constraint(moves, helper);
    if (!not_null_add(moves, helper, column)) {
        return NOT_WRITTEN;
    }
    undo_append_constraint(moves->request->facts, helper, "", moves_undo(moves, false));
    return moves_validate(moves, helper, column) ? NULL : NOT_WRITTEN;
}

const char *recipe_column_not_null(struct moves *moves, const char *column)
{
    char helper[NAME_BYTES];
    /* One for each column: two changes that go on side by side have their own. */
    draft_hashed_name("ddlguard_not_null_", column, helper);
    const char *why = not_null_prove(moves, helper, column);
    if (why != NULL || !moves_alter(moves, "ALTER COLUMN % SET NOT NULL", column)) {
        return why != NULL ? why : NOT_WRITTEN;
    }
    undo_append_not_null(moves->request->facts, column, moves_undo(moves, false));
    return moves_alter(moves, "DROP CONSTRAINT %", helper) ? NULL : NOT_WRITTEN;
}

/* The grammar at hand may be older than the server: what it cannot parse is put in the place of
 * something that it can. */
static bool not_null_add_native(struct moves *moves, const char *name, const char *column)
{
    static const char known[] = "ALTER COLUMN x DROP NOT NULL";
    struct buffer *out = moves_part(moves);
    if (!alter_text_append(moves->text, moves->statement, span_text(known), out)) {
        return false;
    }
    out->length -= out->failed ? 0 : sizeof known - 1;
    buffer_append_text(out, "ADD CONSTRAINT ");
    sql_append_identifier(out, name);
    buffer_append_text(out, " NOT NULL ");
    sql_append_identifier(out, column);
    buffer_append_text(out, " NOT VALID");
    return true;
}

static const char *not_null_native(struct moves *moves, const char *column,
                                   const struct action_facts *known)
{
    if (!known->constraint_exists) {
        if (!not_null_add_native(moves, known->not_null_name, column)) {
            return NOT_WRITTEN;
        }
        undo_append_constraint(moves->request->facts, known->not_null_name, "",
                               moves_undo(moves, false));
    }
    return moves_validate(moves, known->not_null_name, NULL) ? NULL : NOT_WRITTEN;
}

const char *recipe_not_null(struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const struct facts *facts = moves->request->facts;
    const struct action_facts *known = &facts->actions[action];
    moves->draft->how = "SET NOT NULL of a column that was proved to hold no NULL";
    if (!known->known || !known->column_exists) {
        return "the server could not be asked about the column";
    }
    if (facts->server_version < 120000) {
        return "PostgreSQL before 12 believes no CHECK and scans the table anyway";
    }
    if (facts->server_version >= 180000 && known->not_null_name[0] != '\0') {
        return not_null_native(moves, alter->column, known);
    }
    return recipe_column_not_null(moves, alter->column);
}
