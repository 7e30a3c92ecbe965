/* What the probe asks about the objects of a DROP, so that a DROP which is made in several steps
 * fails before its first one if the server would refuse it:
 *
 *      dropped   the objects, by their place in the statement
 *      own       what goes with each of them: its columns' defaults, indexes, constraints, row type
 *
 * An object can be dropped without CASCADE when nothing that is not its own depends on it, and when
 * it is not itself part of anything: of a constraint, of a partitioned index, of an extension
 * (findDependentObjects of dependency.c). */
#include "policy/probe_text.h"

bool probe_wants_dropped(const struct statement *statement)
{
    size_t count = statement->object_count;
    return (statement->kind == STATEMENT_DROP_INDEX && count > 1 &&
            count <= STATEMENT_OBJECTS_MAX) ||
           (statement->kind == STATEMENT_DROP_TABLE && count == 1);
}

void probe_append_dropped(const struct statement *statement, struct buffer *out)
{
    buffer_append_text(out, "dropped(at, rel) AS (VALUES ");
    for (size_t i = 0; i < statement->object_count && i < STATEMENT_OBJECTS_MAX; i++) {
        buffer_append_format(out, i == 0 ? "(%zu, " : ", (%zu, ", i);
        probe_append_lookup(&statement->objects[i].name, out);
        buffer_append_text(out, ")");
    }
    buffer_append_text(
        out,
        "), own(at, class, obj) AS (SELECT o.at, 'pg_catalog.pg_class'::pg_catalog.regclass"
        "::pg_catalog.oid, o.rel FROM dropped AS o WHERE o.rel IS NOT NULL UNION SELECT own.at,"
        " d.classid, d.objid FROM own JOIN pg_catalog.pg_depend AS d ON d.refclassid"
        " OPERATOR(pg_catalog.=) own.class AND d.refobjid OPERATOR(pg_catalog.=) own.obj"
        " AND d.deptype OPERATOR(pg_catalog.<>) 'n'), ");
}

/* Of `o`, whose class is c, in the schema n. Dependencies of the object's own are automatic ('a',
 * 'x') or on what it is made with ('n'); any other kind makes it a part. */
static const char is_droppable[] =
    "(pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.pg_has_role(n.nspowner, 'USAGE'))"
    " AND n.nspname OPERATOR(pg_catalog.<>) ALL (ARRAY['pg_catalog', 'information_schema',"
    " 'pg_toast']::pg_catalog.name[])"
    " AND NOT EXISTS (SELECT FROM own JOIN pg_catalog.pg_depend AS d ON d.refclassid"
    " OPERATOR(pg_catalog.=) own.class AND d.refobjid OPERATOR(pg_catalog.=) own.obj AND d.deptype"
    " OPERATOR(pg_catalog.=) 'n' WHERE own.at OPERATOR(pg_catalog.=) o.at AND NOT EXISTS (SELECT"
    " FROM own AS e WHERE e.at OPERATOR(pg_catalog.=) o.at AND e.class OPERATOR(pg_catalog.=)"
    " d.classid AND e.obj OPERATOR(pg_catalog.=) d.objid))"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid OPERATOR(pg_catalog.=)"
    " 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND d.objid"
    " OPERATOR(pg_catalog.=) c.oid AND d.objsubid OPERATOR(pg_catalog.=) 0 AND d.deptype"
    " OPERATOR(pg_catalog.<>) ALL (ARRAY['a', 'n', 'x']::pg_catalog.\"char\"[]))";

void probe_append_dropped_rows(struct buffer *out)
{
    buffer_append_format(
        out,
        " UNION ALL SELECT '%c', o.at, c.oid::pg_catalog.int8, NULL, tn.nspname, tc.relname, NULL,"
        " NULL, c.relkind, NULL, NULL, c.oid IS NOT NULL, ",
        DETAIL_DROPPED);
    buffer_append_text(out, is_droppable);
    buffer_append_text(
        out,
        ", NULL, NULL, NULL, NULL, NULL, NULL FROM dropped AS o LEFT JOIN pg_catalog.pg_class AS c"
        " ON c.oid OPERATOR(pg_catalog.=) o.rel LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid"
        " OPERATOR(pg_catalog.=) c.relnamespace LEFT JOIN pg_catalog.pg_index AS x ON x.indexrelid"
        " OPERATOR(pg_catalog.=) c.oid LEFT JOIN pg_catalog.pg_class AS tc ON tc.oid"
        " OPERATOR(pg_catalog.=) COALESCE(x.indrelid, c.oid) LEFT JOIN pg_catalog.pg_namespace"
        " AS tn ON tn.oid OPERATOR(pg_catalog.=) tc.relnamespace");
}
