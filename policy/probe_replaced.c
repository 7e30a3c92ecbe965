/* What the probe asks about the constraints that an ALTER TABLE drops. Drops come first, whatever
 * the order of the text: so the names of these and of their indexes are free for what the statement
 * adds. And a key that another table's foreign key needs is not dropped: the server refuses.
 *
 *      gone      the constraints, and the index of each, 0 where it has none of its own */
#include "policy/probe_text.h"
#include "policy/sql/sql.h"

static bool drops_constraint(const struct alter_action *action)
{
    return action->kind == ALTER_DROP_CONSTRAINT;
}

bool probe_has_gone(const struct statement *statement)
{
    bool drops = false;
    for (size_t i = 0; i < probe_action_count(statement); i++) {
        drops = drops || drops_constraint(&statement->actions[i]);
    }
    return drops;
}

/* A foreign key's index is the other table's. */
void probe_append_gone(const struct statement *statement, struct buffer *out)
{
    char names[STATEMENT_ACTIONS_MAX][NAME_BYTES];
    size_t count = 0;
    for (size_t i = 0; i < probe_action_count(statement); i++) {
        if (drops_constraint(&statement->actions[i])) {
            memcpy(names[count++], statement->actions[i].constraint, NAME_BYTES);
        }
    }
    if (count == 0) {
        return;
    }
    buffer_append_text(
        out, ", gone(con, index) AS (SELECT g.oid, CASE WHEN g.contype OPERATOR(pg_catalog.=)"
             " 'f' THEN 0::pg_catalog.oid ELSE g.conindid END FROM place JOIN"
             " pg_catalog.pg_constraint AS g ON g.conrelid OPERATOR(pg_catalog.=) place.tab"
             " AND g.conname OPERATOR(pg_catalog.=) ANY (");
    probe_append_names((const char(*)[NAME_BYTES])names, count, out);
    buffer_append_text(out, "))");
}

/* Foreign keys depend on the index (ATAddForeignKeyConstraint), whose dependants pg_depend has an
 * index for. Those of the table's own may be dropped with it. */
void probe_append_needed_by(const char *constraint, struct buffer *out)
{
    buffer_append_text(
        out, "(SELECT f.conrelid FROM place JOIN pg_catalog.pg_constraint AS g ON g.conrelid"
             " OPERATOR(pg_catalog.=) place.tab AND g.contype OPERATOR(pg_catalog.=) ANY"
             " (ARRAY['p', 'u']::pg_catalog.\"char\"[]) AND g.conname OPERATOR(pg_catalog.=) ");
    sql_append_literal(out, span_text(constraint));
    buffer_append_text(
        out, " JOIN pg_catalog.pg_depend AS d ON d.refclassid OPERATOR(pg_catalog.=)"
             " 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND d.refobjid"
             " OPERATOR(pg_catalog.=) g.conindid AND d.classid OPERATOR(pg_catalog.=)"
             " 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid AND d.deptype"
             " OPERATOR(pg_catalog.=) 'n' JOIN pg_catalog.pg_constraint AS f ON f.oid"
             " OPERATOR(pg_catalog.=) d.objid AND f.conrelid OPERATOR(pg_catalog.<>) g.conrelid"
             " LIMIT 1)");
}
