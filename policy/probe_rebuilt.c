/* What the probe asks about a new type of a column: the constraints that depend on the column, all
 * of which the server drops and makes again. One row for each, in the order of their names:
 *
 *      rebuilt      name1: its name; is1: it can be dropped and added with nothing lost, and
 *                   holds for the new type as for the old one
 *
 * Their definitions are not asked for here: to write one down the server opens the table. */
#include "policy/probe_text.h"

#include "policy/sql/sql.h"

/* Does a CHECK say of the same value what it said before? Of another type it may not (-1, as an
 * oid, is not below 0), nor in another collation. varchar has no operators but those of text. What
 * follows is the new type and the end. */
static const char means_the_same[] =
    " AND EXISTS (SELECT FROM action AS a CROSS JOIN place JOIN pg_catalog.pg_attribute AS c"
    " ON c.attrelid OPERATOR(pg_catalog.=) place.tab AND c.attname OPERATOR(pg_catalog.=) a.col"
    " JOIN pg_catalog.pg_type AS y ON y.oid OPERATOR(pg_catalog.=) c.atttypid"
    " AND y.typcollation OPERATOR(pg_catalog.=) c.attcollation WHERE y.typnamespace"
    " OPERATOR(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace"
    " AND pg_catalog.replace(y.typname::pg_catalog.text, 'varchar', 'text')"
    " OPERATOR(pg_catalog.=) pg_catalog.replace(";

/* The foreign keys of other tables, too. A key is kept by its index, and a CHECK that is not valid
 * is made again as such, without a look at the table. */
static const char rebuilt_rows[] =
    ", 0, NULL, NULL, k.conname, NULL, NULL, NULL, NULL, NULL, NULL,"
    " k.contype OPERATOR(pg_catalog.=) 'c' AND k.conislocal"
    " AND k.coninhcount OPERATOR(pg_catalog.=) 0 AND NOT EXISTS (SELECT FROM"
    " pg_catalog.pg_description AS m WHERE m.classoid OPERATOR(pg_catalog.=)"
    " 'pg_catalog.pg_constraint'::pg_catalog.regclass AND m.objoid OPERATOR(pg_catalog.=) k.oid)"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.refclassid"
    " OPERATOR(pg_catalog.=) 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.refobjid"
    " OPERATOR(pg_catalog.=) k.oid) AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE"
    " d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.objid"
    " OPERATOR(pg_catalog.=) k.oid AND d.deptype OPERATOR(pg_catalog.=) 'e')";

static const char rebuilt_from[] =
    ", NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM pg_catalog.pg_constraint AS k WHERE (k.contype"
    " OPERATOR(pg_catalog.=) 'f' OR (k.contype OPERATOR(pg_catalog.=) 'c' AND k.convalidated))"
    " AND k.oid"
    " OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT d.objid FROM action AS a CROSS JOIN place"
    " JOIN pg_catalog.pg_attribute AS c ON c.attrelid OPERATOR(pg_catalog.=) place.tab"
    " AND c.attname OPERATOR(pg_catalog.=) a.col JOIN pg_catalog.pg_depend AS d ON d.refclassid"
    " OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid"
    " OPERATOR(pg_catalog.=) place.tab AND d.refobjsubid OPERATOR(pg_catalog.=) c.attnum"
    " WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_constraint'::pg_catalog.regclass))"
    " ORDER BY k.conname LIMIT ";

void probe_append_rebuilt(const struct statement *statement, struct buffer *out)
{
    if (statement->action_count == 1 && statement->actions[0].kind == ALTER_COLUMN_TYPE) {
        buffer_append_format(out, " UNION ALL (SELECT '%c'%s%s", DETAIL_REBUILT, rebuilt_rows,
                             means_the_same);
        sql_append_literal(out, span_text(statement->actions[0].type));
        buffer_append_format(out, ", 'varchar', 'text'))%s%d)", rebuilt_from, REBUILT_MAX + 1);
    }
}
