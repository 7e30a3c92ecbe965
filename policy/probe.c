/* Writes the probe's SQL. It asks the catalog alone: the target is never opened, because whoever
 * opens it waits behind the very locks that a probe is there to avoid. So sizes are estimates from
 * pg_class and the statistics, and the file is measured only where there is no estimate and nobody
 * holds or awaits ACCESS EXCLUSIVE on it.
 *
 * IN, CASE x WHEN and BETWEEN look their operators up in search_path, so none of them is used. */
#include "policy/probe_text.h"

#include <stdlib.h>

#include "policy/sql/sql.h"

/* Names that are tried for an unnamed index before we give up and leave it as it is. */
#define PROBE_NAMES_MAX 16

/* Column for column what probe_read.c takes. */
static const char probe_settings[] = " pg_catalog.current_setting('server_version_num'),"
                                     " pg_catalog.current_setting('lock_timeout'),"
                                     " pg_catalog.current_setting('statement_timeout'),"
                                     " pg_catalog.current_setting('transaction_timeout', true),"
                                     " pg_catalog.current_setting('idle_session_timeout', true),"
                                     " pg_catalog.current_setting('deadlock_timeout'),"
                                     " pg_catalog.current_setting('client_min_messages'),"
                                     " pg_catalog.pg_backend_pid()";

static const char probe_sizes[] =
    ", tree(root, oid, parent, level) AS (SELECT root.oid, root.oid, NULL::pg_catalog.oid, 0"
    " FROM root UNION ALL SELECT tree.root, i.inhrelid, tree.oid, tree.level"
    " OPERATOR(pg_catalog.+) 1 FROM tree"
    " JOIN pg_catalog.pg_class AS p ON p.oid OPERATOR(pg_catalog.=) tree.oid"
    " AND p.relkind OPERATOR(pg_catalog.=) 'p'"
    " JOIN pg_catalog.pg_inherits AS i ON i.inhparent OPERATOR(pg_catalog.=) tree.oid),"
    " part(root, owner, parent, level, oid) AS (SELECT tree.root, tree.oid, tree.parent,"
    " tree.level, tree.oid FROM tree UNION ALL"
    " SELECT tree.root, tree.oid, tree.parent, tree.level, p.reltoastrelid FROM tree"
    " JOIN pg_catalog.pg_class AS p ON p.oid OPERATOR(pg_catalog.=) tree.oid),"
    " piece(root, owner, parent, level, oid) AS (SELECT part.* FROM part UNION ALL"
    " SELECT part.root, part.owner, part.parent, part.level, x.indexrelid FROM part"
    " JOIN pg_catalog.pg_index AS x ON x.indrelid OPERATOR(pg_catalog.=) part.oid),"
    /* Pages as of the last VACUUM or ANALYZE, grown in proportion to the rows since. */
    " weight(root, owner, parent, level, bytes, rows) AS (SELECT piece.root, piece.owner,"
    " piece.parent, piece.level, pg_catalog.sum(CASE"
    " WHEN p.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['p', 'I']::pg_catalog.\"char\"[]) THEN 0"
    " WHEN p.relkind OPERATOR(pg_catalog.=) 'i' OR p.reltuples OPERATOR(pg_catalog.>) 0 THEN"
    " p.relpages::pg_catalog.float8 OPERATOR(pg_catalog.*)"
    " pg_catalog.current_setting('block_size')::pg_catalog.float8 OPERATOR(pg_catalog.*)"
    " GREATEST(1::pg_catalog.float8,"
    " pg_catalog.pg_stat_get_live_tuples(p.oid)::pg_catalog.float8 OPERATOR(pg_catalog./)"
    " GREATEST(p.reltuples::pg_catalog.float8, 1::pg_catalog.float8))"
    " WHEN p.oid OPERATOR(pg_catalog.<>) ALL (ARRAY(SELECT l.relation FROM pg_catalog.pg_locks AS l"
    " WHERE l.relation IS NOT NULL AND l.mode OPERATOR(pg_catalog.=) 'AccessExclusiveLock'"
    " AND l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()))"
    " THEN pg_catalog.pg_relation_size(p.oid)::pg_catalog.float8"
    " ELSE 'infinity'::pg_catalog.float8 END), "
    " pg_catalog.sum(CASE WHEN p.relkind OPERATOR(pg_catalog.=) ANY"
    " (ARRAY['r', 'm']::pg_catalog.\"char\"[]) THEN GREATEST(p.reltuples::pg_catalog.float8,"
    " pg_catalog.pg_stat_get_live_tuples(p.oid)::pg_catalog.float8) ELSE 0 END)"
    " FROM piece JOIN pg_catalog.pg_class AS p ON p.oid OPERATOR(pg_catalog.=) piece.oid"
    " GROUP BY piece.root, piece.owner, piece.parent, piece.level), size(root, bytes, rows) AS"
    " (SELECT weight.root, pg_catalog.sum(weight.bytes), pg_catalog.sum(weight.rows) FROM weight"
    " GROUP BY weight.root)";

/* A constraint of the table's own has the index, or one of another table, which depends on it:
 * pg_constraint has no index on conindid. */
static const char probe_table_columns[] =
    ", t.nspname, tc.relname, tc.relkind,"
    " EXISTS (SELECT FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS xc"
    " ON xc.oid OPERATOR(pg_catalog.=) x.indexrelid WHERE"
    " (x.indrelid OPERATOR(pg_catalog.=) tc.oid OR x.indrelid OPERATOR(pg_catalog.=)"
    " tc.reltoastrelid) AND NOT x.indisvalid"
    " AND xc.relname OPERATOR(pg_catalog.!~) '_cc(new|old)[0-9]*$'),"
    " EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indrelid OPERATOR(pg_catalog.=) tc.oid"
    " AND x.indisexclusion),"
    " ic.oid IS NOT NULL, ix.indisvalid,"
    " EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conrelid OPERATOR(pg_catalog.=)"
    " ix.indrelid AND k.conindid OPERATOR(pg_catalog.=) ic.oid) OR EXISTS (SELECT FROM"
    " pg_catalog.pg_depend AS d WHERE d.refclassid OPERATOR(pg_catalog.=)"
    " 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND d.refobjid"
    " OPERATOR(pg_catalog.=) ic.oid AND d.classid OPERATOR(pg_catalog.=)"
    " 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid),"
    " ix.indisexclusion, ic.relispartition";

/* All objects of a DROP are. */
static const char probe_temporary[] =
    "(SELECT pg_catalog.bool_and(p.relpersistence OPERATOR(pg_catalog.=) 't') FROM dropped"
    " JOIN pg_catalog.pg_class AS p ON p.oid OPERATOR(pg_catalog.=) dropped.rel)";

#define NO_EVENT_TRIGGER                                                                           \
    "NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger AS e WHERE e.evtenabled"                  \
    " OPERATOR(pg_catalog.<>) 'D')"

static const char probe_more_columns[] =
    ", tc.oid, tc.relhassubclass, an.nspname, ac.relname,"
    " EXISTS (SELECT FROM pg_catalog.pg_partitioned_table AS d WHERE d.partrelid"
    " OPERATOR(pg_catalog.=) tc.oid AND d.partdefid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid),"
    " EXISTS (SELECT FROM pg_catalog.pg_partitioned_table AS d WHERE d.partrelid"
    " OPERATOR(pg_catalog.=) ac.oid AND d.partdefid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid),"
    " tc.relispopulated, ";

/* is_usable_unique_index() of PostgreSQL's matview.c. */
static const char probe_full_unique_index[] =
    "EXISTS (SELECT FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS xc"
    " ON xc.oid OPERATOR(pg_catalog.=) x.indexrelid JOIN pg_catalog.pg_am AS m"
    " ON m.oid OPERATOR(pg_catalog.=) xc.relam WHERE x.indrelid OPERATOR(pg_catalog.=) tc.oid"
    " AND m.amname OPERATOR(pg_catalog.=) 'btree' AND x.indisunique AND x.indimmediate"
    " AND x.indisvalid AND x.indpred IS NULL AND x.indexprs IS NULL)";

/* What the copy of shadow.h has to lose, and what the client may do. */
static const char probe_rights[] =
    ", (SELECT pg_catalog.string_agg(pg_catalog.concat('DROP CONSTRAINT ',"
    " pg_catalog.quote_ident(k.conname)), ', ') FROM pg_catalog.pg_constraint AS k"
    " WHERE k.conrelid OPERATOR(pg_catalog.=) tc.oid AND NOT k.convalidated"
    " AND k.contype OPERATOR(pg_catalog.=) ANY (ARRAY['c', 'n']::pg_catalog.\"char\"[])),"
    " pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY')"
    " AND NOT pg_catalog.pg_is_in_recovery() AND " NO_EVENT_TRIGGER ","
    " pg_catalog.current_setting('max_prepared_transactions') OPERATOR(pg_catalog.<>) '0',"
    " pg_catalog.pg_has_role(tc.relowner, 'USAGE')"
    " AND (ac.oid IS NULL OR pg_catalog.pg_has_role(ac.relowner, 'USAGE'))"
    " AND pg_catalog.has_schema_privilege(tc.relnamespace, 'CREATE')"
    " AND pg_catalog.current_setting('transaction_read_only') OPERATOR(pg_catalog.=) 'off'"
    " AND " NO_EVENT_TRIGGER ", ";

/* PostgreSQL proves a bound by a CHECK that is the same expression (predicate_implied_by). What is
 * read from text comes out the same but for three kinds of key (measured on 13 to 18): of a domain,
 * by another collation than the column's, and hashed with any collation. */
static const char probe_bound_provable[] =
    "EXISTS (SELECT FROM pg_catalog.pg_partitioned_table AS d WHERE d.partrelid"
    " OPERATOR(pg_catalog.=) tc.oid AND NOT EXISTS (SELECT FROM ROWS FROM ("
    "pg_catalog.unnest(d.partattrs), pg_catalog.unnest(d.partcollation)) AS e(num, coll) LEFT JOIN "
    "pg_catalog.pg_attribute AS a ON a.attrelid"
    " OPERATOR(pg_catalog.=) tc.oid AND a.attnum OPERATOR(pg_catalog.=) e.num"
    " LEFT JOIN pg_catalog.pg_type AS y ON y.oid OPERATOR(pg_catalog.=) a.atttypid"
    " WHERE y.typtype OPERATOR(pg_catalog.=) 'd' OR CASE WHEN d.partstrat OPERATOR(pg_catalog.=) "
    "'h'"
    " THEN e.coll OPERATOR(pg_catalog.<>) 0::pg_catalog.oid"
    " ELSE e.num OPERATOR(pg_catalog.<>) 0::pg_catalog.int2 AND"
    " e.coll OPERATOR(pg_catalog.<>) a.attcollation END))";

/* A schema that the client may not look into would be an error of to_regclass, and that would end
 * the client's transaction: so qualified names are read from the catalog. pg_temp is an alias that
 * only to_regclass knows. */
void probe_append_lookup(const struct object_name *name, struct buffer *out)
{
    if (name->schema[0] != '\0' && strcmp(name->schema, "pg_temp") != 0) {
        buffer_append_text(out, "(SELECT c.oid FROM pg_catalog.pg_class AS c JOIN"
                                " pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=)"
                                " c.relnamespace WHERE n.nspname OPERATOR(pg_catalog.=) ");
        sql_append_literal(out, span_text(name->schema));
        buffer_append_text(out, " AND c.relname OPERATOR(pg_catalog.=) ");
        sql_append_literal(out, span_text(name->name));
        buffer_append_text(out, ")");
        return;
    }
    struct buffer quoted = {0};
    sql_append_name(&quoted, name);
    buffer_append_text(out, "pg_catalog.to_regclass(");
    sql_append_literal(out, buffer_span(&quoted));
    buffer_append_text(out, ")::pg_catalog.oid");
    out->failed = out->failed || quoted.failed;
    buffer_free(&quoted);
}

static bool probe_is_index(const struct statement *statement)
{
    return statement->kind == STATEMENT_DROP_INDEX ||
           (statement->kind == STATEMENT_REINDEX && statement->reindex == REINDEX_INDEX);
}

/* A table (or materialized view) is to be worked upon; of PARTITION OF the parent. */
static bool probe_wants_table(const struct statement *statement)
{
    enum statement_kind kind = statement->kind;
    enum statement_form form = statement->form;
    return kind == STATEMENT_ALTER_TABLE || kind == STATEMENT_DROP_TABLE ||
           kind == STATEMENT_TRUNCATE || form == FORM_REFRESH || form == FORM_VACUUM_FULL ||
           form == FORM_CLUSTER || form == FORM_PARTITION_OF;
}

/* The statements whose decision needs to know what stands in the catalog. */
static bool probe_wants_target(const struct statement *statement)
{
    bool reindex = statement->kind == STATEMENT_REINDEX && statement->reindex == REINDEX_TABLE;
    bool one = statement->target.name[0] != '\0';
    bool known = probe_is_index(statement) || reindex || probe_wants_table(statement) ||
                 statement->kind == STATEMENT_CREATE_INDEX;
    return (one && known) || probe_wants_dropped(statement);
}

/* Is a table to become a partition? */
static bool probe_wants_bound(const struct statement *statement)
{
    bool wants = statement->form == FORM_PARTITION_OF;
    for (size_t i = 0; i < probe_action_count(statement); i++) {
        wants = wants || statement->actions[i].kind == ALTER_ATTACH_PARTITION;
    }
    return wants;
}

static bool probe_wants_scope(const struct statement *statement)
{
    return statement->reindex == REINDEX_DATABASE ||
           (statement->reindex == REINDEX_SCHEMA && statement->object_count == 1);
}

/* The index in question, as ic and ix; of PARTITION OF what goes by its name already. */
static void probe_append_index_join(const struct statement *statement, struct buffer *out)
{
    buffer_append_text(out, " LEFT JOIN pg_catalog.pg_class AS ic ON ");
    if (probe_is_index(statement)) {
        buffer_append_text(out, "ic.oid OPERATOR(pg_catalog.=) place.rel");
    } else if (statement->index.name[0] != '\0') {
        buffer_append_text(out, "ic.relnamespace OPERATOR(pg_catalog.=) tc.relnamespace"
                                " AND ic.relname OPERATOR(pg_catalog.=) ");
        sql_append_literal(out, span_text(statement->index.name));
    } else if (statement->form == FORM_PARTITION_OF) {
        buffer_append_text(out, "ic.oid OPERATOR(pg_catalog.=) ");
        probe_append_lookup(&statement->objects[0].name, out);
    } else {
        buffer_append_text(out, "false");
    }
    buffer_append_text(out, " LEFT JOIN pg_catalog.pg_index AS ix ON ix.indexrelid"
                            " OPERATOR(pg_catalog.=) ic.oid");
}

/* The first name for an unnamed index that is free in the table's schema; NULL: none. */
static void probe_append_free_name(const struct statement *statement, struct span text,
                                   struct buffer *out)
{
    char names[PROBE_NAMES_MAX][NAME_BYTES];
    size_t count = sql_index_names(text, statement, names, PROBE_NAMES_MAX);
    if (count == 0) {
        buffer_append_text(out, ", NULL");
        return;
    }
    buffer_append_text(out, ", (SELECT f.name FROM (VALUES ");
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(out, i == 0 ? "(" : ", (");
        sql_append_literal(out, span_text(names[i]));
        buffer_append_format(out, "::pg_catalog.name, %zu)", i);
    }
    buffer_append_text(out, ") AS f(name, place) WHERE NOT EXISTS (SELECT FROM"
                            " pg_catalog.pg_class AS r WHERE r.relnamespace"
                            " OPERATOR(pg_catalog.=) tc.relnamespace AND r.relname"
                            " OPERATOR(pg_catalog.=) f.name) ORDER BY f.place LIMIT 1)");
}

/* The one row about the target. OFFSET 0 keeps its subqueries from being repeated per detail. */
static void probe_append_row(const struct statement *statement, struct span text,
                             const struct situation *now, struct buffer *out)
{
    bool one = statement->target.name[0] != '\0';
    buffer_append_text(out, "(SELECT place.rel IS NOT NULL, c.relkind, ");
    buffer_append_text(out, one ? "c.relpersistence OPERATOR(pg_catalog.=) 't'" : probe_temporary);
    buffer_append_text(out, ", n.nspname OPERATOR(pg_catalog.=) ANY (ARRAY['pg_catalog',"
                            " 'information_schema', 'pg_toast']::pg_catalog.name[]), ");
    probe_append_new_here(statement, now, out);
    buffer_append_text(out, ", size.bytes, size.rows");
    buffer_append_text(out, probe_table_columns);
    probe_append_free_name(statement, text, out);
    buffer_append_text(out, probe_more_columns);
    buffer_append_text(out, statement->form == FORM_REFRESH ? probe_full_unique_index : "false");
    buffer_append_text(out, probe_rights);
    buffer_append_text(out, probe_wants_bound(statement) ? probe_bound_provable : "false");
    buffer_append_text(out, ", ");
    probe_append_locked_here(statement, now, out);
    buffer_append_text(out, ", ");
    probe_append_same_columns(statement, text, out);
    buffer_append_text(out, " FROM place LEFT JOIN size ON size.root OPERATOR(pg_catalog.=)"
                            " place.tab LEFT JOIN pg_catalog.pg_class AS c ON c.oid"
                            " OPERATOR(pg_catalog.=) place.rel"
                            " LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid"
                            " OPERATOR(pg_catalog.=) c.relnamespace"
                            " LEFT JOIN pg_catalog.pg_class AS tc ON tc.oid"
                            " OPERATOR(pg_catalog.=) place.tab"
                            " LEFT JOIN pg_catalog.pg_namespace AS t ON t.oid"
                            " OPERATOR(pg_catalog.=) tc.relnamespace"
                            " LEFT JOIN pg_catalog.pg_inherits AS ai ON tc.relispartition"
                            " AND ai.inhrelid OPERATOR(pg_catalog.=) tc.oid"
                            " LEFT JOIN pg_catalog.pg_class AS ac ON ac.oid"
                            " OPERATOR(pg_catalog.=) ai.inhparent"
                            " LEFT JOIN pg_catalog.pg_namespace AS an ON an.oid"
                            " OPERATOR(pg_catalog.=) ac.relnamespace");
    probe_append_index_join(statement, out);
    buffer_append_text(out, " OFFSET 0) AS t");
}

static void probe_append_target(const struct statement *statement, struct span text,
                                const struct situation *now, struct buffer *out)
{
    buffer_append_text(out, "/* ddlguard */ WITH RECURSIVE ");
    if (probe_wants_dropped(statement)) {
        probe_append_dropped(statement, out);
    }
    buffer_append_text(out, "target(rel) AS (SELECT ");
    if (statement->target.name[0] != '\0') {
        probe_append_lookup(&statement->target, out);
    } else {
        buffer_append_text(out, "(SELECT dropped.rel FROM dropped WHERE dropped.rel IS NOT NULL"
                                " ORDER BY dropped.at LIMIT 1)");
    }
    buffer_append_text(out, "), place(rel, tab) AS (SELECT target.rel, ");
    if (probe_is_index(statement)) {
        buffer_append_text(out, "x.indrelid FROM target LEFT JOIN pg_catalog.pg_index AS x ON"
                                " x.indexrelid OPERATOR(pg_catalog.=) target.rel)");
    } else {
        buffer_append_text(out, "target.rel FROM target)");
    }
    probe_append_actions(statement, text, out);
    buffer_append_text(out, ", root(oid) AS (SELECT place.tab FROM place WHERE place.tab"
                            " IS NOT NULL");
    if (statement->action_count > 0) {
        buffer_append_text(out, " UNION SELECT action.other FROM action WHERE action.other"
                                " IS NOT NULL");
    }
    buffer_append_text(out, ")");
    buffer_append_text(out, probe_sizes);
    buffer_append_text(out, " SELECT");
    buffer_append_text(out, probe_settings);
    buffer_append_text(out, ", t.*, d.* FROM ");
    probe_append_row(statement, text, now, out);
    buffer_append_text(out, " LEFT JOIN (");
    probe_append_details(statement, text, out);
    buffer_append_text(out, ") AS d ON true ORDER BY d.detail, d.place, d.own");
}

/* Whether CONCURRENTLY would pass over one of the indexes. */
static void probe_append_scope(const struct statement *statement, struct buffer *out)
{
    bool schema = statement->reindex == REINDEX_SCHEMA;
    buffer_append_text(out, "/* ddlguard */ WITH scope(oid) AS (SELECT n.oid FROM"
                            " pg_catalog.pg_namespace AS n WHERE ");
    if (schema) {
        buffer_append_text(out, "n.nspname OPERATOR(pg_catalog.=) ");
        sql_append_literal(out, span_text(statement->objects[0].name.name));
    } else {
        buffer_append_text(out, "n.nspname OPERATOR(pg_catalog.!~) '^(pg_|information_schema$)'");
    }
    buffer_append_text(out, "), found(exclusion, invalid) AS (SELECT"
                            " pg_catalog.bool_or(x.indisexclusion), pg_catalog.bool_or(NOT"
                            " x.indisvalid AND c.relname OPERATOR(pg_catalog.!~)"
                            " '_cc(new|old)[0-9]*$') FROM scope JOIN pg_catalog.pg_class AS c"
                            " ON c.relnamespace OPERATOR(pg_catalog.=) scope.oid"
                            " JOIN pg_catalog.pg_index AS x ON x.indexrelid"
                            " OPERATOR(pg_catalog.=) c.oid) SELECT");
    buffer_append_text(out, probe_settings);
    buffer_append_text(out, ", EXISTS (SELECT FROM scope), found.exclusion, found.invalid, ");
    sql_append_literal(out, schema ? span_text(statement->objects[0].name.name) : span_text(""));
    buffer_append_text(out, schema ? ", 'n'" : ", 'd'");
    buffer_append_text(out, " FROM found");
}

/* Several texts in one buffer: the spans are cut when it no longer moves. */
static void probe_cut(struct probe *probe, const size_t *ends)
{
    size_t from = 0;
    for (size_t i = 0; i < probe->count; i++) {
        probe->queries[i] = span_cut(buffer_span(&probe->text), from, ends[i] - from);
        from = ends[i];
    }
}

bool probe_build(const struct statement *statement, struct span statement_text,
                 const struct situation *now, struct probe *out)
{
    /* In the order of probe_read.c. */
    static const char *const shows[] = {"lock_timeout", "deadlock_timeout", "client_min_messages"};
    size_t ends[PROBE_QUERIES_MAX];
    *out = (struct probe){.form = PROBE_SETTINGS, .count = 1};
    if (now->early) {
        out->form = PROBE_SHOW;
        out->count = sizeof shows / sizeof *shows;
        for (size_t i = 0; i < sizeof shows / sizeof *shows; i++) {
            buffer_append_format(&out->text, "/* ddlguard */ SHOW %s", shows[i]);
            ends[i] = out->text.length;
        }
    } else if (!now->hidden && probe_wants_target(statement)) {
        out->form = PROBE_TARGET;
        out->more_partitions = !probe_lists_partitions(statement);
        out->more_foreign_keys = !probe_lists_foreign_keys(statement);
        probe_append_target(statement, statement_text, now, &out->text);
    } else if (!now->hidden && probe_wants_scope(statement)) {
        out->form = PROBE_SCOPE;
        probe_append_scope(statement, &out->text);
    } else {
        buffer_append_text(&out->text, "/* ddlguard */ SELECT");
        buffer_append_text(&out->text, probe_settings);
    }
    ends[out->count - 1] = out->text.length;
    probe_cut(out, ends);
    return !out->text.failed;
}

void probe_free(struct probe *probe)
{
    buffer_free(&probe->text);
    free(probe->partitions);
    free(probe->foreign_keys);
    *probe = (struct probe){0};
}
