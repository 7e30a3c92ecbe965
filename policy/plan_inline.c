/* The guard of a message that begins or ends transactions on its way: statements of ours in the
 * client's own text, proved to be nothing more.
 *
 *      BEGIN;                             ALTER TABLE …;                       SAVEPOINT s; …
 *             SET LOCAL lock_timeout = ours;             SET LOCAL … = before;
 *
 * Set in front of such a message, the timeout would be gone behind its ROLLBACK; and what was set
 * in front of its BEGIN comes back with a later ROLLBACK, to stay until the session is idle. SET
 * LOCAL ends with its transaction, in whatever way that ends. It takes no snapshot, and gives one
 * CommandComplete, which the runner keeps to itself. */
#include "policy/plan_draft.h"

#include <stdio.h>

/* The message up to here: what of ours is in it, and in force. */
struct inlined {
    struct insertion at[SPLICES_MOST];
    size_t count;
    bool full;      /* more than there is room for */
    bool set;       /* our timeout is in force */
    bool open;      /* a transaction block is */
    bool puts_back; /* ours ends before its transaction does */
};

static void inline_insert(struct inlined *inlined, size_t before, const char *sql)
{
    inlined->full = inlined->full || inlined->count == SPLICES_MOST;
    if (!inlined->full) {
        inlined->at[inlined->count++] = (struct insertion){before, sql};
    }
}

static void inline_statement(const struct plan_request *request, size_t i, const char *ours,
                             const char *before, struct inlined *inlined)
{
    const struct statement *statement = &request->statements[i];
    bool ends = statement->kind == STATEMENT_COMMIT || statement->kind == STATEMENT_ROLLBACK ||
                statement->kind == STATEMENT_PREPARE_TRANSACTION;
    if (statement->kind == STATEMENT_SAVEPOINT && inlined->set) {
        /* Or ROLLBACK TO would bring ours back. */
        inlined->puts_back = true;
        inline_insert(inlined, i, before);
        inlined->set = false;
    } else if (ends || statement->kind == STATEMENT_ROLLBACK_TO) {
        inlined->set = false;
        inlined->open = ends ? (statement->flags & FLAG_CHAIN) != 0 : inlined->open;
    } else if (statement->kind == STATEMENT_BEGIN) {
        inlined->open = true;
    } else if (request->decisions[i].guard && !inlined->set) {
        inline_insert(inlined, i, ours);
        inlined->set = true;
    }
}

static bool inline_is_needed(const struct plan_request *request)
{
    bool steers = false;
    for (size_t i = 0; i < request->count; i++) {
        steers = steers || statement_is_transaction(request->statements[i].kind);
    }
    return steers && request->count > 1;
}

bool plan_inline(const struct plan_request *request, uint32_t ours_ms, struct draft *draft)
{
    struct plan *plan = draft->plan;
    struct inlined inlined = {.open = request->now->in_transaction};
    struct buffer before = {0};
    char time[DRAFT_TIME_BYTES];
    char ours[64];
    snprintf(ours, sizeof ours, "/* ddlguard */ SET LOCAL lock_timeout = '%s'",
             draft_time(time, ours_ms));
    buffer_append_text(&before, "/* ddlguard */ SET LOCAL lock_timeout = ");
    sql_append_literal(&before, span_text(request->facts->lock_timeout));
    buffer_append_u8(&before, '\0');
    if (!inline_is_needed(request) || before.failed) {
        buffer_free(&before);
        return false;
    }
    for (size_t i = 0; i < request->count; i++) {
        inline_statement(request, i, ours, (const char *)before.at, &inlined);
    }
    bool restores = inlined.set && inlined.open;
    /* In a failed transaction nobody could ask for the timeout to put back. */
    bool may = request->facts->known || !(restores || inlined.puts_back);
    struct buffer text = {0};
    bool done = may && !inlined.full &&
                sql_insert_statements(request->text, request->statements, inlined.at, inlined.count,
                                      request->parse_limit, &text, &plan->splice);
    if (done) {
        buffer_append_span(draft_step(draft, STEP_RUN, false), buffer_span(&text));
        for (size_t i = 0; i < inlined.count; i++) {
            plan->own[plan->own_count++] = inlined.at[i].before;
        }
        plan->replaced_length = request->text.length;
        plan->lock_timeout_ms = ours_ms;
        plan->guard_local = true;
    } else {
        plan->splice = (struct splice){0};
    }
    if (done && restores) {
        draft_append_restore(request, time, true, draft_step(draft, STEP_RESTORE, false));
    }
    plan->text.failed = plan->text.failed || text.failed;
    buffer_free(&before);
    buffer_free(&text);
    return done;
}
