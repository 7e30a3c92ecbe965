/* What takes the parts of a change back, and what removes the leftovers of an earlier one: queries
 * whose rows are the statements to be run. They find things by table and name as they are now, so
 * what is gone already, or is not ours, gives no row. */
#include "policy/plan_draft.h"

#define OF_TABLE " JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) t.relnamespace"

void undo_append_table(const struct facts *facts, const char *schema,
                       const struct object_name *table, struct buffer *out)
{
    if (table == &facts->table && facts->target_oid != 0) {
        buffer_append_format(out, " WHERE t.oid OPERATOR(pg_catalog.=) %u::pg_catalog.oid",
                             (unsigned)facts->target_oid);
        return;
    }
    buffer_append_text(out, " WHERE true");
    if (table->schema[0] != '\0') {
        buffer_append_format(out, " AND %s.nspname OPERATOR(pg_catalog.=) ", schema);
        sql_append_literal(out, span_text(table->schema));
    }
    if (table->name[0] != '\0') {
        buffer_append_text(out, " AND t.relname OPERATOR(pg_catalog.=) ");
        sql_append_literal(out, span_text(table->name));
    }
}

void undo_append_indexes(const struct facts *facts, const struct object_name *table,
                         struct buffer *out)
{
    buffer_append_text(
        out, "/* ddlguard */ SELECT pg_catalog.format('/* ddlguard */ DROP INDEX CONCURRENTLY"
             " %I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class AS t"
             " JOIN pg_catalog.pg_namespace AS tn ON tn.oid OPERATOR(pg_catalog.=) t.relnamespace"
             " JOIN pg_catalog.pg_index AS x ON x.indrelid OPERATOR(pg_catalog.=) t.oid"
             " OR x.indrelid OPERATOR(pg_catalog.=) t.reltoastrelid"
             " JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) x.indexrelid"
             " AND c.relkind OPERATOR(pg_catalog.=) 'i'" /* no other is dropped CONCURRENTLY */
             " JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace");
    undo_append_table(facts, "tn", table, out);
}

static const char index_is_bare[] =
    " AND NOT c.relispartition AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE"
    " k.conindid OPERATOR(pg_catalog.=) x.indexrelid)";

void undo_append_index(const struct facts *facts, const struct object_name *table, const char *name,
                       enum undo_index which, struct buffer *out)
{
    undo_append_indexes(facts, table, out);
    buffer_append_text(out, " AND c.relname OPERATOR(pg_catalog.=) ");
    sql_append_literal(out, span_text(name));
    switch (which) {
    case UNDO_INDEX_LEFTOVER:
        buffer_append_text(out, " AND NOT x.indisvalid AND NOT c.relispartition AND NOT ");
        gate_append_holder(facts, "t.oid", out);
        break;
    case UNDO_INDEX_INVALID:
        buffer_append_text(out, " AND NOT x.indisvalid AND NOT c.relispartition");
        break;
    case UNDO_INDEX_BARE:
        buffer_append_text(out, index_is_bare);
        break;
    case UNDO_INDEX_OURS:
        buffer_append_text(out, index_is_bare);
        buffer_append_text(out, " AND NOT ");
        gate_append_holder(facts, "t.oid", out);
        break;
    }
}

void undo_append_constraint_of(const struct facts *facts, const struct object_name *table,
                               const char *name, const char *condition, struct buffer *out)
{
    buffer_append_text(
        out, "/* ddlguard */ SELECT pg_catalog.format('/* ddlguard */ ALTER TABLE %I.%I DROP"
             " CONSTRAINT %I', n.nspname, t.relname, k.conname) FROM pg_catalog.pg_constraint AS k"
             " JOIN pg_catalog.pg_class AS t ON t.oid OPERATOR(pg_catalog.=) k.conrelid" OF_TABLE);
    undo_append_table(facts, "n", table, out);
    buffer_append_text(out, " AND k.conname OPERATOR(pg_catalog.=) ");
    sql_append_literal(out, span_text(name));
    buffer_append_text(out, condition);
}

/* "ALTER TABLE table <action>" as a row's text. */
static void undo_append_alter(const struct object_name *table, struct span action,
                              struct buffer *out)
{
    struct buffer sql = {0};
    buffer_append_text(&sql, "/* ddlguard */ ALTER TABLE ");
    sql_append_name(&sql, table);
    buffer_append_span(&sql, action);
    sql_append_literal(out, buffer_span(&sql));
    out->failed = out->failed || sql.failed;
    buffer_free(&sql);
}

void undo_append_foreign_key(const struct facts *facts, const struct foreign_key_facts *key,
                             struct buffer *out)
{
    struct buffer name = {0}, add = {0}, validate = {0};
    sql_append_identifier(&name, key->name);
    buffer_append_text(&add, " ADD CONSTRAINT ");
    buffer_append_span(&add, buffer_span(&name));
    buffer_append_format(&add, " %s%s", key->definition, key->valid ? " NOT VALID" : "");
    buffer_append_text(&validate, " VALIDATE CONSTRAINT ");
    buffer_append_span(&validate, buffer_span(&name));
    buffer_append_text(out, "/* ddlguard */ SELECT u.sql FROM (VALUES (1, ");
    undo_append_alter(&facts->table, buffer_span(&add), out);
    if (key->valid) {
        buffer_append_text(out, "), (2, ");
        undo_append_alter(&facts->table, buffer_span(&validate), out);
    }
    /* Unless the table has gone: an answer that was lost on its way. */
    buffer_append_format(out,
                         ")) AS u(nth, sql) WHERE EXISTS (SELECT FROM pg_catalog.pg_class AS t"
                         " WHERE t.oid OPERATOR(pg_catalog.=) %u::pg_catalog.oid) AND NOT EXISTS"
                         " (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conrelid"
                         " OPERATOR(pg_catalog.=) %u::pg_catalog.oid AND k.conname"
                         " OPERATOR(pg_catalog.=) ",
                         (unsigned)facts->target_oid, (unsigned)facts->target_oid);
    sql_append_literal(out, span_text(key->name));
    buffer_append_text(out, ") ORDER BY u.nth");
    out->failed = out->failed || name.failed || add.failed || validate.failed;
    buffer_free(&name);
    buffer_free(&add);
    buffer_free(&validate);
}

void undo_append_constraint(const struct facts *facts, const char *name, const char *condition,
                            struct buffer *out)
{
    undo_append_constraint_of(facts, &facts->table, name, condition, out);
}

static void undo_append_attribute(const struct facts *facts, const char *column, const char *action,
                                  struct buffer *out)
{
    buffer_append_format(
        out,
        "/* ddlguard */ SELECT pg_catalog.format('/* ddlguard */ ALTER TABLE %%I.%%I %s',"
        " n.nspname, t.relname, a.attname) FROM pg_catalog.pg_attribute AS a"
        " JOIN pg_catalog.pg_class AS t ON t.oid OPERATOR(pg_catalog.=) a.attrelid" OF_TABLE,
        action);
    undo_append_table(facts, "n", &facts->table, out);
    buffer_append_text(out, " AND NOT a.attisdropped AND a.attname OPERATOR(pg_catalog.=) ");
    sql_append_literal(out, span_text(column));
}

void undo_append_column(const struct facts *facts, const char *column, struct buffer *out)
{
    undo_append_attribute(facts, column, "DROP COLUMN %I", out);
}

void undo_append_not_null(const struct facts *facts, const char *column, struct buffer *out)
{
    undo_append_attribute(facts, column, "ALTER COLUMN %I DROP NOT NULL", out);
    buffer_append_text(out, " AND a.attnotnull");
}
