/* Decisions into steps. Here: which kind of plan it is, and the plain guarded one. What the client
 * is told is in plan_notice.c.
 *
 *      observed         RUN
 *      blocked          REFUSE
 *      no change        NOOP: plan_noop.c
 *      concurrent       plan_concurrent.c
 *      in parts         plan_split.c and the recipes, one file for each kind
 *      guarded          GUARD RUN RESTORE, or the guard in the text: plan_inline.c */
#include "policy/plan_draft.h"

#include <stdlib.h>
#include <strings.h>

const char *step_kind_name(enum step_kind kind)
{
    static const char *const names[] = {
#define X(name, text) text,
        STEP_KINDS(X)
#undef X
    };
    return names[kind];
}

static enum verdict plan_verdict(const struct plan_request *request)
{
    enum verdict verdict = VERDICT_ALLOW;
    for (size_t i = 0; i < request->count; i++) {
        enum verdict one = request->decisions[i].verdict;
        verdict = one > verdict ? one : verdict;
    }
    return verdict;
}

static bool plan_contains(struct span text, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= text.length; i++) {
        if (strncasecmp((const char *)text.at + i, word, length) == 0) {
            return true;
        }
    }
    return false;
}

/* A message that sets lock_timeout itself has chosen; what it sets must still hold behind us. */
static bool plan_client_sets(const struct plan_request *request)
{
    for (size_t i = 0; i < request->count; i++) {
        const struct statement *statement = &request->statements[i];
        struct span text = span_cut(request->text, statement->start, statement->length);
        if (statement->kind == STATEMENT_SET && plan_contains(text, "lock_timeout")) {
            return true;
        }
    }
    return false;
}

/* The lock timeout that this request wants around it; 0: none of ours. */
static uint32_t plan_guard_timeout(const struct plan_request *request)
{
    const struct facts *facts = request->facts;
    bool guard = false;
    for (size_t i = 0; i < request->count; i++) {
        guard = guard || request->decisions[i].guard;
    }
    uint32_t ours = draft_lock_timeout(request, request->settings->timeouts.lock_ms);
    bool stricter = facts->lock_timeout_ms != 0 && facts->lock_timeout_ms <= ours;
    return guard && !stricter && !plan_client_sets(request) ? ours : 0;
}

/* Inside a transaction block, and not to be left in this message: the setting may go with it. */
static bool plan_is_local(const struct plan_request *request)
{
    bool stays = true;
    for (size_t i = 0; i < request->count; i++) {
        enum statement_kind kind = request->statements[i].kind;
        bool inside = kind == STATEMENT_SAVEPOINT || kind == STATEMENT_RELEASE ||
                      kind == STATEMENT_ROLLBACK_TO;
        stays = stays && (!statement_is_transaction(kind) || inside);
    }
    return request->now->in_transaction && stays;
}

/* What fails with a lock timeout or deadlock here has done nothing, and the same text may be sent
 * once more. Not so what commits on its way, and what we cannot read. */
static bool plan_is_repeatable(const struct statement *statement)
{
    return (statement->flags & FLAG_NO_TRANSACTION) == 0 && statement->kind != STATEMENT_DO &&
           statement->kind != STATEMENT_CALL && statement->kind != STATEMENT_UNPARSED &&
           statement->kind != STATEMENT_TOO_LONG;
}

/* A table that nobody else can see has no lock to wait for, but for those that it refers to. */
static bool plan_may_wait(const struct statement *statement, const struct facts *facts)
{
    bool alone = statement->kind == STATEMENT_CREATE_TABLE &&
                 (statement->flags & FLAG_REFERENCES) == 0 && statement->form != FORM_PARTITION_OF;
    return !alone && !facts->new_here && !facts->temporary;
}

/* Nor what is part of more; in a transaction, which a failure ends, only behind a savepoint. */
static bool plan_may_retry(const struct plan_request *request)
{
    const struct situation *now = request->now;
    return request->count == 1 && request->decisions[0].guard &&
           plan_is_repeatable(&request->statements[0]) &&
           (now->in_transaction
                ? now->may_save && plan_may_wait(&request->statements[0], request->facts)
                : now->alone);
}

/* `time` NULL: the client's own lock timeout is as strict. `lift_idle`: between two tries the
 * session is idle, and must not be ended for that. */
static void plan_append_guard(const struct plan_request *request, const char *time, bool local,
                              bool lift_idle, struct buffer *out)
{
    if (request->now->early) {
        /* A SELECT would take the snapshot that a statement of the client's must come before. */
        buffer_append_format(out, "/* ddlguard */ SET %slock_timeout = '%s'", local ? "LOCAL " : "",
                             time);
        return;
    }
    buffer_append_text(out, "/* ddlguard */ SELECT ");
    if (time != NULL) {
        draft_append_set(out, "lock_timeout", time, local);
    }
    if (lift_idle) {
        buffer_append_text(out, time != NULL ? ", " : "");
        draft_append_set(out, "idle_session_timeout", "0", false);
    }
}

static void plan_append_restore(const struct plan_request *request, const char *time, bool local,
                                bool lift_idle, struct buffer *out)
{
    if (time != NULL) {
        draft_append_restore(request, time, local, out);
    }
    if (lift_idle) {
        buffer_append_text(out, time != NULL ? " UNION ALL SELECT " : "/* ddlguard */ SELECT ");
        draft_append_set(out, "idle_session_timeout", request->facts->idle_session_timeout, false);
    }
}

/* In a transaction others wait for what it has locked already, for as long as we try: so not for
 * long, and without the pauses in which the server could end an idle transaction. */
#define SAVE_TOTAL_MS   30000u
#define SAVE_BACKOFF_MS 2000u

static uint32_t plan_at_most(uint32_t value, uint32_t most)
{
    return value < most ? value : most;
}

static void plan_append_run(struct draft *draft, struct span text, bool retry, bool save)
{
    struct plan *plan = draft->plan;
    if (!save) {
        buffer_append_span(draft_step(draft, STEP_RUN, retry), text);
        return;
    }
    buffer_append_text(draft_step(draft, STEP_SAVE, false), "/* ddlguard */ SAVEPOINT _ddlguard");
    buffer_append_text(draft_step(draft, STEP_BACK, false),
                       "/* ddlguard */ ROLLBACK TO SAVEPOINT _ddlguard");
    size_t back = plan->count - 1;
    buffer_append_span(draft_step(draft, STEP_RUN, true), text);
    draft->last->retry_from = back;
    buffer_append_text(draft_step(draft, STEP_RELEASE, false),
                       "/* ddlguard */ RELEASE SAVEPOINT _ddlguard");
    plan->total_ms = plan_at_most(plan->total_ms, SAVE_TOTAL_MS);
    plan->backoff_max_ms = plan_at_most(plan->backoff_max_ms, SAVE_BACKOFF_MS);
}

/* `text`: what runs in the place of the client's; empty: its own bytes. */
static void plan_guarded(const struct plan_request *request, struct span text, struct draft *draft)
{
    struct plan *plan = draft->plan;
    uint32_t ours_ms = plan_guard_timeout(request);
    if (ours_ms != 0 && plan_inline(request, ours_ms, draft)) {
        return;
    }
    if (!request->facts->known) { /* nor could it be put back */
        plan->unguarded = ours_ms != 0;
        ours_ms = 0;
    }
    bool local = plan_is_local(request);
    uint32_t lock_ms = ours_ms != 0 ? ours_ms : request->facts->lock_timeout_ms;
    /* In a batch a failed text of ours leaves its portal behind, in the way of the next try. */
    bool again = text.length == 0 || !request->now->extended;
    bool retry = again && plan_may_retry(request);
    bool save = retry && request->now->in_transaction && lock_ms != 0;
    bool lift_idle = retry && !save && draft_has_idle_timeout(request->facts);
    char ours[DRAFT_TIME_BYTES];
    const char *time = ours_ms != 0 ? draft_time(ours, ours_ms) : NULL;
    bool guards = time != NULL || lift_idle;
    if (guards) {
        plan_append_guard(request, time, local, lift_idle, draft_step(draft, STEP_GUARD, false));
    }
    plan->attempts = retry ? request->settings->timeouts.attempts : 1;
    plan->lock_timeout_ms = lock_ms;
    plan->guard_local = ours_ms != 0 && local;
    plan_append_run(draft, text, retry, save);
    if (guards) {
        plan_append_restore(request, time, local, lift_idle,
                            draft_step(draft, STEP_RESTORE, false));
    }
}

static void plan_refuse(struct draft *draft)
{
    struct buffer *out = draft_step(draft, STEP_REFUSE, false);
    buffer_append_text(out, "/* ddlguard */ SELECT 1 OPERATOR(pg_catalog./) 0");
}

/* The way of the decision, or the plain one: then why, if another was decided on. */
static const char *plan_made_safe(const struct plan_request *request, struct draft *draft)
{
    const char *declined = "there is no such form of it here";
    if (plan_verdict(request) == VERDICT_NOOP && plan_noop(request, draft)) {
        return NULL;
    }
    if (plan_is_aside(request)) {
        declined = plan_aside(request, draft);
    } else if (plan_is_concurrent(request)) {
        declined = plan_concurrent(request, draft);
    } else if (plan_is_rewritten(request)) {
        declined = plan_rewritten(request, draft);
    }
    struct buffer text = {0};
    if (plan_is_refresh_inside(request)) {
        declined = plan_refresh_inside(request, &text, draft);
    }
    if (draft->plan->count == 0) {
        plan_guarded(request, buffer_span(&text), draft);
    }
    draft->plan->text.failed = draft->plan->text.failed || text.failed;
    buffer_free(&text);
    return declined;
}

bool plan_build(const struct plan_request *request, struct plan *out)
{
    const struct timeouts *timeouts = &request->settings->timeouts;
    struct draft draft = {.plan = out};
    const char *declined = NULL;
    *out = (struct plan){.attempts = 1,
                         .total_ms = timeouts->total_ms,
                         .backoff_ms = timeouts->backoff_ms,
                         .backoff_max_ms = timeouts->backoff_max_ms};
    bool observed = request->settings->mode == MODE_OBSERVE;
    bool refused = !observed && plan_verdict(request) == VERDICT_BLOCK;
    if (observed) {
        (void)draft_step(&draft, STEP_RUN, false);
    } else if (refused) {
        plan_refuse(&draft);
    } else {
        declined = plan_made_safe(request, &draft);
    }
    draft.steps_end = out->text.length;
    bool tells = !observed && !refused && draft.last->kind != STEP_NOOP;
    if (tells) {
        plan_append_notice(request, declined, &draft);
    }
    draft.notice_end = out->text.length;
    if (tells) {
        plan_append_hint(request, &draft);
    }
    draft_cut(&draft);
    return !out->text.failed;
}

void plan_free(struct plan *plan)
{
    buffer_free(&plan->text);
    free(plan->steps);
    *plan = (struct plan){0};
}

void plan_describe(const struct plan *plan, struct span text, struct buffer *out)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        struct span sql = step->sql.length > 0 ? step->sql : text;
        buffer_append_format(out, "%-8s ", step_kind_name(step->kind));
        for (size_t k = 0; k < sql.length; k++) {
            bool breaks = sql.at[k] == '\n' || sql.at[k] == '\r';
            buffer_append_u8(out, breaks ? ' ' : sql.at[k]);
        }
        buffer_append_text(out, "\n");
    }
}
