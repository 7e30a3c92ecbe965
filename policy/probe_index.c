/* CREATE INDEX IF NOT EXISTS of a name that is there: PostgreSQL looks at what is asked for before
 * it looks at the name. What an index of this table is made of already is nothing that it could
 * complain about; whatever else is asked for is left to it. So is CONCURRENTLY: it is refused in a
 * transaction and for a partitioned table, and makes nobody wait. */
#include "policy/probe_text.h"

#include "policy/sql/sql.h"

static const char has_columns[] =
    ") AS w(name) WHERE NOT EXISTS (SELECT FROM"
    " ROWS FROM (pg_catalog.unnest(ix.indkey), pg_catalog.unnest(ix.indclass)) AS k(num, class)"
    " JOIN pg_catalog.pg_opclass AS o ON o.oid OPERATOR(pg_catalog.=) k.class AND o.opcdefault"
    " JOIN pg_catalog.pg_am AS m ON m.oid OPERATOR(pg_catalog.=) o.opcmethod AND m.amname"
    " OPERATOR(pg_catalog.=) 'btree' JOIN pg_catalog.pg_attribute AS a ON a.attrelid"
    " OPERATOR(pg_catalog.=) tc.oid AND a.attnum OPERATOR(pg_catalog.=) k.num"
    " WHERE ix.indrelid OPERATOR(pg_catalog.=) tc.oid"
    " AND a.attname OPERATOR(pg_catalog.=) w.name))";

void probe_append_same_columns(const struct statement *statement, struct span text,
                               struct buffer *out)
{
    char columns[KEY_COLUMNS_MAX][NAME_BYTES];
    size_t count = 0;
    if ((statement->flags & FLAG_IF_NOT_EXISTS) && !(statement->flags & FLAG_CONCURRENTLY)) {
        count = sql_index_columns(text, statement, columns, KEY_COLUMNS_MAX);
    }
    if (count == 0) {
        buffer_append_text(out, "false");
        return;
    }
    buffer_append_text(out, "NOT EXISTS (SELECT FROM pg_catalog.unnest(");
    probe_append_names((const char(*)[NAME_BYTES])columns, count, out);
    buffer_append_text(out, has_columns);
}
