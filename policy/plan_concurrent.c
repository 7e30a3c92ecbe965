/* The plan for what is built or dropped CONCURRENTLY: alone, outside a transaction block.
 *
 *      GUARD    limits each lock wait of CLEAN, lifts the other timeouts
 *      GATE     see plan_gate.c
 *      CLEAN    drops what an earlier failure left behind
 *      GUARD    lifts the lock timeout too: a build that is cut off leaves an invalid index
 *      RUN
 *      UNDO     drops what this failure left behind; its first step limits the lock waits again
 *      RESTORE
 *
 * CLEAN and UNDO drop nothing but invalid indexes of exactly the name (or, for REINDEX, the
 * leftover's name) and table in question, and only while no other session holds the table as a
 * build does. */
#include "policy/plan_draft.h"

/* What REINDEX CONCURRENTLY names its new and its old index until it is done with them. */
#define LEFTOVER_NAMES "'_cc(new|old)[0-9]*$'"

/* REINDEX of many tables: nobody can wait for all of them, or try all of them again; but what a
 * failure leaves is known by its name. */
static bool plan_is_scope(const struct statement *statement)
{
    return statement->reindex == REINDEX_SCHEMA || statement->reindex == REINDEX_DATABASE;
}

/* CREATE INDEX, DROP INDEX, REINDEX INDEX or TABLE of one known index or table that is there: only
 * then a leftover could be found again. That of a partitioned table spreads over many tables. */
static bool plan_has_leftover(const struct plan_request *request)
{
    const struct statement *statement = &request->statements[0];
    const struct facts *facts = request->facts;
    if (!facts->target_known || !facts->exists || facts->table.name[0] == '\0' ||
        facts->kind == 'p' || facts->kind == 'I') {
        return false;
    }
    switch (statement->reindex) {
    case REINDEX_INDEX:
    case REINDEX_TABLE:
        return statement->kind == STATEMENT_REINDEX;
    case REINDEX_SCHEMA:
    case REINDEX_DATABASE:
        return false;
    case REINDEX_NONE:
        break;
    }
    return statement->kind == STATEMENT_CREATE_INDEX || statement->kind == STATEMENT_DROP_INDEX;
}

bool plan_is_concurrent(const struct plan_request *request)
{
    if (request->count != 1 || !situation_may_rewrite(request->now) || !request->facts->known) {
        return false;
    }
    const struct decision *decision = &request->decisions[0];
    enum statement_kind kind = request->statements[0].kind;
    bool one = request->statements[0].object_count == 1;
    bool asked = (request->statements[0].flags & FLAG_CONCURRENTLY) && decision->guard;
    bool creates = kind == STATEMENT_CREATE_INDEX && request->facts->kind != 'p';
    bool drops = kind == STATEMENT_DROP_INDEX && one;
    bool has_form = creates || drops || kind == STATEMENT_REINDEX;
    return asked || (has_form && decision->verdict == VERDICT_REWRITE);
}

/* Which of the table's invalid indexes are this statement's leftovers. */
static void plan_append_leftover(const struct plan_request *request, struct buffer *out)
{
    const struct statement *statement = &request->statements[0];
    const char *name = statement->target.name;
    if (statement->kind == STATEMENT_REINDEX) {
        buffer_append_text(out, " AND c.relname OPERATOR(pg_catalog.~) " LEFTOVER_NAMES);
        if (statement->reindex == REINDEX_INDEX) {
            buffer_append_text(out, " AND pg_catalog.strpos(");
            sql_append_literal(out, span_text(name));
            buffer_append_text(
                out, ", pg_catalog.regexp_replace(c.relname::pg_catalog.text, " LEFTOVER_NAMES
                     ", '')) OPERATOR(pg_catalog.=) 1");
        }
        return;
    }
    if (statement->kind == STATEMENT_CREATE_INDEX) {
        bool named = statement->index.name[0] != '\0';
        name = named ? statement->index.name : request->facts->index_name;
    }
    buffer_append_text(out, " AND c.relname OPERATOR(pg_catalog.=) ");
    sql_append_literal(out, span_text(name));
}

static void plan_append_drops(const struct plan_request *request, bool while_held,
                              struct buffer *out)
{
    undo_append_indexes(request->facts, &request->facts->table, out);
    buffer_append_text(out, " AND NOT x.indisvalid AND NOT c.relispartition");
    plan_append_leftover(request, out);
    if (!while_held) {
        buffer_append_text(out, " AND NOT ");
        gate_append_holder(request->facts, "t.oid", out);
    }
}

static void plan_append_undo(const struct plan_request *request, const char *time,
                             struct draft *draft)
{
    size_t run = draft->plan->count - 1;
    struct buffer *out = draft_step(draft, STEP_UNDO, false);
    draft->last->undo_of = run;
    draft->last->undo_started = true;
    timeouts_append_undo(time, out);
    /* Whoever holds the table now: no other build can have our index's name. */
    bool created = request->statements[0].kind == STATEMENT_CREATE_INDEX;
    out = draft_step(draft, STEP_UNDO, false);
    draft->last->undo_of = run;
    draft->last->undo_started = true;
    plan_append_drops(request, created, out);
}

static void plan_append_steps(const struct plan_request *request, struct span rewritten,
                              struct draft *draft)
{
    const struct facts *facts = request->facts;
    bool leftover = plan_has_leftover(request);
    char time[DRAFT_TIME_BYTES];
    uint32_t wanted = request->settings->timeouts.concurrent_lock_ms;
    draft_time(time, draft_lock_timeout(request, wanted));
    if (leftover) {
        timeouts_append_lift(facts, time, draft_step(draft, STEP_GUARD, false));
        gate_append(request, &facts->table, draft_step(draft, STEP_GATE, true));
        draft->last->retry_from = 0;
        if (request->statements[0].kind != STATEMENT_DROP_INDEX) {
            plan_append_drops(request, false, draft_step(draft, STEP_CLEAN, false));
        }
    }
    timeouts_append_lift(facts, "0", draft_step(draft, STEP_GUARD, false));
    buffer_append_span(draft_step(draft, STEP_RUN, leftover), rewritten);
    draft->last->builds = request->statements[0].kind == STATEMENT_CREATE_INDEX ||
                          request->statements[0].kind == STATEMENT_REINDEX;
    draft->last->retry_from = leftover ? 0 : draft->last->retry_from;
    if (leftover || (plan_is_scope(&request->statements[0]) && facts->target_known)) {
        plan_append_undo(request, time, draft);
    }
    timeouts_append_back(facts, draft_step(draft, STEP_RESTORE, false));
}

const char *plan_concurrent(const struct plan_request *request, struct draft *draft)
{
    const struct statement *statement = &request->statements[0];
    const struct timeouts *timeouts = &request->settings->timeouts;
    struct plan *plan = draft->plan;
    struct buffer rewritten = {0};
    if (!(statement->flags & FLAG_CONCURRENTLY)) {
        const char *chosen = request->facts->index_name;
        const char *name = (statement->flags & FLAG_UNNAMED) ? chosen : NULL;
        struct span text = span_cut(request->text, statement->start, statement->length);
        if (!sql_make_concurrent(text, statement, name, &rewritten, &plan->splice)) {
            buffer_free(&rewritten);
            plan->splice = (struct splice){0};
            return "the concurrent form could not be proved to be the same";
        }
    }
    plan->replaced_at = statement->start;
    plan->replaced_length = statement->length;
    plan->attempts = plan_has_leftover(request) ? timeouts->attempts : 1;
    plan->deadline_ms = timeouts->concurrent_total_ms;
    plan_append_steps(request, buffer_span(&rewritten), draft);
    plan->text.failed = plan->text.failed || rewritten.failed;
    buffer_free(&rewritten);
    return NULL;
}
