/* CREATE INDEX in an open transaction, built CONCURRENTLY over a connection of the proxy's own
 * while the client waits. The index is built under a name that nobody else has, and gets its own
 * name in the client's transaction: so the server itself sees to it that the index is there if and
 * only if the transaction commits, whatever becomes of client, proxy or connection. What still has
 * the first name when the transaction is over is dropped.
 *
 *      SETTINGS   what the statement means depends on them
 *      ASIDE      why not: the transaction has locked the table, or holds a snapshot, and the build
 *                 would wait for it while it waits for the build
 *      ASIDE      the gate, as before every concurrent build
 *      ASIDE      CREATE INDEX CONCURRENTLY ddlguard_build_… ON …
 *      RUN        ALTER INDEX ddlguard_build_… RENAME TO …
 *      UNDO       drops what still has that name; by the maintenance connection, not by the session
 */
#include "policy/plan_draft.h"
#include "policy/sql/partition_text.h"

#include <inttypes.h>
#include <stdio.h>

bool plan_is_aside(const struct plan_request *request)
{
    return request->count == 1 && request->statements[0].kind == STATEMENT_CREATE_INDEX &&
           request->decisions[0].verdict == VERDICT_REWRITE && request->now->in_transaction &&
           request->now->aside != 0 && request->facts->kind == 'r';
}

/* Those that an expression, a predicate, its constants, or the index's place and pace depend on;
 * the schemas that names are looked up in, as they are; and the role, whose rights count. Names
 * come out of the catalog, so they are quoted there. */
static void aside_append_settings(struct buffer *out)
{
    buffer_append_text(
        out,
        "/* ddlguard */ SELECT pg_catalog.concat_ws('; ', (SELECT pg_catalog.string_agg("
        "pg_catalog.format('SELECT pg_catalog.set_config(%L, %L, false)', s.name, s.setting), '; ')"
        " FROM pg_catalog.pg_settings AS s WHERE s.name OPERATOR(pg_catalog.=) ANY (ARRAY["
        "'TimeZone', 'DateStyle', 'IntervalStyle', 'default_tablespace', 'maintenance_work_mem',"
        " 'max_parallel_maintenance_workers', 'standard_conforming_strings', 'bytea_output',"
        " 'transform_null_equals', 'array_nulls', 'xmloption', 'default_text_search_config'])),"
        " pg_catalog.format('SELECT pg_catalog.set_config(''search_path'', %L, false)',"
        " COALESCE((SELECT pg_catalog.string_agg(pg_catalog.quote_ident(p.name), ', ' ORDER BY"
        " p.place) FROM pg_catalog.unnest(pg_catalog.current_schemas(false)) WITH ORDINALITY"
        " AS p(name, place)), '')),"
        " pg_catalog.format('SET ROLE %I', current_user))");
}

/* Whether its value may depend on more than columns: an expression, a predicate. May be wrong the
 * other way, for INCLUDE and the like. */
static bool aside_may_compute(struct span text)
{
    size_t parentheses = 0;
    bool where = false;
    for (size_t i = 0; i < text.length; i++) {
        parentheses += text.at[i] == '(';
        where = where ||
                (i + 5 <= text.length && strncasecmp((const char *)text.at + i, "where", 5) == 0);
    }
    return parentheses > 1 || where;
}

/* A query that gives why the build cannot be made now; NULL or no row: it can. Readers of the table
 * (AccessShareLock, RowShareLock) are none that a build waits for. */
static void aside_append_obstacle(const struct facts *facts, bool computes, struct buffer *out)
{
    struct buffer table = {0};
    sql_append_name(&table, &facts->table);
    buffer_append_text(out, "/* ddlguard */ SELECT CASE WHEN pg_catalog.to_regclass(");
    sql_append_literal(out, buffer_span(&table));
    buffer_append_format(
        out,
        ")::pg_catalog.oid OPERATOR(pg_catalog.=) %u IS NOT TRUE THEN 'the table is not to be seen"
        " there' WHEN EXISTS (SELECT FROM pg_catalog.pg_locks AS l WHERE l.pid"
        " OPERATOR(pg_catalog.=) %u AND l.locktype OPERATOR(pg_catalog.=) 'relation' AND l.relation"
        " OPERATOR(pg_catalog.=) %u AND l.mode OPERATOR(pg_catalog.<>) ALL (ARRAY["
        "'AccessShareLock', 'RowShareLock'])) THEN 'the transaction has written to the table or"
        " locked it' WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.pid"
        " OPERATOR(pg_catalog.=) %u AND a.backend_xmin IS NULL) THEN 'the transaction holds a"
        " snapshot: it is not READ COMMITTED, or has a cursor open'",
        (unsigned)facts->target_oid, (unsigned)facts->server_pid, (unsigned)facts->target_oid,
        (unsigned)facts->server_pid);
    if (computes) { /* with a function, perhaps, that this transaction has replaced */
        buffer_append_format(out,
                             " WHEN EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE"
                             " a.pid OPERATOR(pg_catalog.=) %u AND a.backend_xid IS NOT NULL) THEN"
                             " 'the transaction may have changed what the index is computed with'",
                             (unsigned)facts->server_pid);
    }
    buffer_append_text(out, " END");
    out->failed |= table.failed;
    buffer_free(&table);
}

/* False: what the statement means elsewhere could not be proved. */
static bool aside_append_build(const struct plan_request *request, const char *name,
                               struct buffer *out)
{
    const struct statement *statement = &request->statements[0];
    struct span text = span_cut(request->text, statement->start, statement->length);
    return partition_text_index_on(text, statement, name, &request->facts->table, false, out);
}

static void aside_append_steps(const struct plan_request *request, const char *name,
                               struct span build, struct draft *draft)
{
    const struct statement *statement = &request->statements[0];
    const struct facts *facts = request->facts;
    struct object_name index = facts->table;
    snprintf(index.name, sizeof index.name, "%s", name);
    aside_append_settings(draft_step(draft, STEP_SETTINGS, false));
    bool computes = aside_may_compute(span_cut(request->text, statement->start, statement->length));
    aside_append_obstacle(facts, computes, draft_step(draft, STEP_ASIDE, false));
    draft->last->builds = true;
    gate_append(request, &facts->table, draft_step(draft, STEP_ASIDE, false));
    struct buffer *out = draft_step(draft, STEP_ASIDE, false);
    buffer_append_text(out, "/* ddlguard */ ");
    buffer_append_span(out, build);
    out = draft_step(draft, STEP_RUN, false);
    buffer_append_text(out, "/* ddlguard */ ALTER INDEX ");
    sql_append_name(out, &index);
    buffer_append_text(out, " RENAME TO ");
    const char *own = statement->index.name;
    sql_append_identifier(out, own[0] != '\0' ? own : facts->index_name);
    out = draft_step(draft, STEP_UNDO, false);
    draft->last->undo_of = draft->plan->aside;
    draft->last->undo_started = true;
    undo_append_index(facts, &facts->table, name, UNDO_INDEX_BARE, out);
}

const char *plan_aside(const struct plan_request *request, struct draft *draft)
{
    const struct statement *statement = &request->statements[0];
    struct plan *plan = draft->plan;
    struct buffer build = {0};
    char name[NAME_BYTES];
    snprintf(name, sizeof name, "ddlguard_build_%016" PRIx64, request->now->aside);
    if (!aside_append_build(request, name, &build)) {
        buffer_free(&build);
        return "the index could not be proved to be the same when it is built elsewhere";
    }
    plan->aside = 1;
    plan->tag = statement->tag;
    plan->replaced_at = statement->start;
    plan->replaced_length = statement->length;
    plan->deadline_ms = request->settings->timeouts.concurrent_total_ms;
    draft->how = "CREATE INDEX CONCURRENTLY beside the transaction";
    aside_append_steps(request, name, buffer_span(&build), draft);
    plan->text.failed = plan->text.failed || build.failed;
    buffer_free(&build);
    return NULL;
}
