/* The gate before a concurrent build: one DO that lets it start only when it will not get stuck at
 * once. Once started, whoever cuts it off leaves an invalid index, and that cannot be dropped
 * before the very transactions have ended that it waited for. So we look before it starts:
 *
 *      1. transactions that the build would wait for, as they are now: have they all ended after a
 *         while? Those that come later do not count; for the build they do not either
 *      2. LOCK … NOWAIT with the build's own lock: does somebody else build on the table, or change
 * it?
 *
 * It never waits for a lock. A DO has a snapshot; a build reaching its last wait, for old
 * snapshots, while we wait for its lock is killed as the victim of a deadlock (measured). */
#include "policy/plan_draft.h"

/* VACUUM and ANALYZE do not count: they give way to a waiting build, when it has waited for
 * deadlock_timeout. The progress views show every session's pid to everybody; the one of ANALYZE is
 * of version 13. */
void gate_append_holder(const struct facts *facts, const char *relation, struct buffer *out)
{
    buffer_append_format(
        out,
        "EXISTS (SELECT FROM pg_catalog.pg_locks AS l WHERE l.locktype OPERATOR(pg_catalog.=)"
        " 'relation' AND l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM"
        " pg_catalog.pg_database AS d WHERE d.datname OPERATOR(pg_catalog.=)"
        " pg_catalog.current_database()) AND l.relation OPERATOR(pg_catalog.=) %s AND l.granted"
        " AND l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()"
        " AND l.mode OPERATOR(pg_catalog.<>) ALL (ARRAY['AccessShareLock', 'RowShareLock',"
        " 'RowExclusiveLock']) AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_vacuum AS v"
        " WHERE v.pid OPERATOR(pg_catalog.=) l.pid)",
        relation);
    if (facts->server_version >= 130000) {
        buffer_append_text(out, " AND NOT EXISTS (SELECT FROM"
                                " pg_catalog.pg_stat_progress_analyze AS a WHERE a.pid"
                                " OPERATOR(pg_catalog.=) l.pid)");
    }
    buffer_append_text(out, ")");
}

/* From pg_locks, the transactions that use the table `target` in a way that the statement waits
 * for: a build for its writers, a drop and a DETACH for its readers too. */
static void gate_append_users(const struct plan_request *request, struct buffer *out)
{
    const struct statement *statement = &request->statements[0];
    bool drops = statement->kind == STATEMENT_DROP_INDEX ||
                 statement->kind == STATEMENT_DROP_TABLE ||
                 (statement->kind == STATEMENT_ALTER_TABLE &&
                  statement->actions[0].kind == ALTER_DETACH_PARTITION);
    buffer_append_text(out, "pg_catalog.pg_locks AS l WHERE l.locktype OPERATOR(pg_catalog.=)"
                            " 'relation' AND l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM"
                            " pg_catalog.pg_database AS d WHERE d.datname OPERATOR(pg_catalog.=)"
                            " pg_catalog.current_database()) AND l.relation"
                            " OPERATOR(pg_catalog.=) target AND l.granted AND l.mode"
                            " OPERATOR(pg_catalog.=) ANY (ARRAY['RowExclusiveLock'");
    buffer_append_text(out, drops ? ", 'RowShareLock', 'AccessShareLock'])" : "])");
}

static void gate_append_body(const struct plan_request *request, struct span table,
                             struct buffer *out)
{
    uint32_t limit_ms = request->settings->timeouts.concurrent_lock_ms;
    buffer_append_text(out, "DECLARE target CONSTANT pg_catalog.oid := pg_catalog.to_regclass(");
    sql_append_literal(out, table);
    buffer_append_text(out, "); users CONSTANT pg_catalog.text[] := ARRAY(SELECT"
                            " l.virtualtransaction FROM ");
    gate_append_users(request, out);
    buffer_append_format(out,
                         "); deadline CONSTANT pg_catalog.timestamptz :="
                         " pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+)"
                         " '%ums'::pg_catalog.interval; late pg_catalog.bool := false;"
                         " BEGIN WHILE EXISTS (SELECT FROM ",
                         (unsigned)limit_ms);
    gate_append_users(request, out);
    /* 20 ms between looks: little beside what a build takes. */
    buffer_append_format(
        out,
        " AND l.virtualtransaction OPERATOR(pg_catalog.=) ANY (users)) LOOP"
        " late := pg_catalog.clock_timestamp() OPERATOR(pg_catalog.>) deadline; IF late THEN"
        " RAISE lock_not_available USING MESSAGE = 'transactions that use the table have not ended"
        " in %u ms'; END IF; PERFORM pg_catalog.pg_sleep(0.02); END LOOP; LOCK TABLE ONLY ",
        (unsigned)limit_ms);
    buffer_append_span(out, table);
    buffer_append_text(out, " IN SHARE UPDATE EXCLUSIVE MODE NOWAIT;"
                            " EXCEPTION WHEN lock_not_available THEN IF late OR ");
    gate_append_holder(request->facts, "target", out);
    buffer_append_text(out, " THEN RAISE; END IF; END");
}

/* A materialized view or a missing privilege makes LOCK fail where the build would not: such errors
 * pass the gate. */
void gate_append(const struct plan_request *request, const struct object_name *table,
                 struct buffer *out)
{
    struct buffer name = {0}, body = {0};
    sql_append_name(&name, table);
    gate_append_body(request, buffer_span(&name), &body);
    buffer_append_text(out, "/* ddlguard */ ");
    draft_append_do(&body, out);
    out->failed = out->failed || name.failed;
    buffer_free(&name);
}
