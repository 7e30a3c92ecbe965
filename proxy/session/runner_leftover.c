/* What a change leaves behind that has failed or was cut off. What could not be undone: the client,
 * the log and the ledger are told what is to be run. What is not undone on purpose: the client and
 * the ledger are told that it is done. An UNDO step is a query whose rows are
 * the statements (policy/plan_undo.c); where it could not be asked it is told itself, with psql's
 * \gexec behind it. */
#include "proxy/session/runner_state.h"

#include "protocol/server_message.h"
#include "protocol/sqlstate.h"
#include "proxy/session/session_state.h"

#include <string.h>

static void append_query(struct span sql, struct buffer *out)
{
    buffer_append_span(out, sql);
    buffer_append_text(out, "\\gexec\n");
}

/* Whether somebody else than this session may run the queries: he must know the table, to lock it,
 * and read the names in them as this session does. */
static bool may_be_handed_on(const struct session *session, struct span queries)
{
    bool plain = true;
    for (size_t i = 0; i < queries.length; i++) {
        plain = plain && queries.at[i] < 0x80;
    }
    return session->runner->facts.table.name[0] != '\0' &&
           (plain || strcmp(session->encoding_name, "UTF8") == 0);
}

struct change_undo leftover_undo(const struct session *session, leftover_chosen *chosen,
                                 struct buffer *out)
{
    const struct runner *runner = session->runner;
    for (size_t i = 0; i < runner->plan.count; i++) {
        const struct step *step = &runner->plan.steps[i];
        if (chosen(runner, step)) {
            buffer_append_span(out, step->sql);
            buffer_append_u8(out, '\0');
        }
    }
    bool handed_on = may_be_handed_on(session, buffer_span(out));
    return (struct change_undo){handed_on ? buffer_span(out) : span_text(NULL),
                                &runner->facts.table};
}

bool leftover_any(const struct runner *runner, const struct step *step)
{
    (void)runner;
    return step->kind == STEP_UNDO;
}

/* The shell reads this event, too: it hands the queries to the maintenance connection. */
static void write_cleanup(struct session *session, struct span sql, leftover_chosen *chosen,
                          struct effects *effects)
{
    struct buffer queries = {0};
    struct change_outcome outcome = {.cleanup = sql,
                                     .undo = leftover_undo(session, chosen, &queries)};
    change_write(&effects->ledger, CHANGE_NEEDS_CLEANUP, &session->runner->changes[0], &outcome,
                 session->wall_us);
    effects->ledger.failed |= queries.failed;
    buffer_free(&queries);
}

/* The step under way, and those before it that may have failed as well. */
static bool is_due(const struct runner *runner, const struct step *step)
{
    bool at_work = step == &runner->plan.steps[runner->step];
    return at_work || (step->kind == STEP_UNDO && part_is_undone(runner, step));
}

void leftover_tell(struct session *session, struct span sql, bool is_query, struct effects *effects)
{
    struct buffer hint = {0};
    session->runner->undo_failed = true;
    buffer_append_text(&hint, "Run this when the transactions in its way have ended: ");
    size_t at = hint.length;
    if (is_query) {
        append_query(sql, &hint);
    } else {
        buffer_append_span(&hint, sql);
    }
    struct span cleanup = span_cut(buffer_span(&hint), at, hint.length - at);
    session_log(effects, "error", "clean-up failed (sqlstate=%s), to be run by hand: %.*s",
                session->runner->exchange.sqlstate, (int)cleanup.length, (const char *)cleanup.at);
    write_cleanup(session, cleanup, is_due, effects);
    session_await_ledger(session, effects); /* a crash behind the reply must not forget it */
    encode_notice(&effects->to_client,
                  &(struct report_text){"WARNING",
                                        SQLSTATE_WARNING,
                                        span_text("ddlguard could not undo what the failed "
                                                  "change has left"),
                                        {0},
                                        buffer_span(&hint)});
    buffer_free(&hint);
}

bool leftover_part_is_done(const struct runner *runner)
{
    for (size_t i = 0; i < runner->step && i < runner->plan.count; i++) {
        if (runner->plan.steps[i].kind == STEP_PART) {
            return true;
        }
    }
    return false;
}

/* Whether what this UNDO step takes back would be left if nothing more were run. What was under way
 * when the connection ended may have been done. */
static bool may_be_left(const struct runner *runner, const struct step *step)
{
    bool undone = (size_t)(step - runner->plan.steps) < runner->step;
    if (step->kind != STEP_UNDO || undone || !runner->run_sent) {
        return false;
    }
    return runner->run_ended ? part_is_undone(runner, step) : step->undo_of <= runner->step;
}

void leftover_tell_possible(struct session *session, struct effects *effects)
{
    const struct runner *runner = session->runner;
    struct buffer queries = {0};
    for (size_t i = 0; i < runner->plan.count; i++) {
        if (may_be_left(runner, &runner->plan.steps[i])) {
            append_query(runner->plan.steps[i].sql, &queries);
        }
    }
    if (queries.length > 0) {
        struct span sql = buffer_span(&queries);
        session_log(effects, "error",
                    "the change may be left half done, to be undone by hand: %.*s", (int)sql.length,
                    (const char *)sql.at);
        write_cleanup(session, sql, may_be_left, effects);
    }
    buffer_free(&queries);
}

void leftover_tell_aside(struct session *session, struct effects *effects)
{
    const struct runner *runner = session->runner;
    struct buffer query = {0};
    append_query(runner->plan.steps[runner->plan.count - 1].sql, &query);
    write_cleanup(session, buffer_span(&query), leftover_any, effects);
    buffer_free(&query);
}

static const char ours[] = "/* ddlguard */ ";

/* What stays of the steps before `end`. In doubt: what was found not to have begun does not. */
static void append_remains(const struct runner *runner, size_t end, bool in_doubt,
                           struct buffer *out)
{
    for (size_t i = 0; i < runner->plan.count && i < end; i++) {
        const struct step *step = &runner->plan.steps[i];
        if (step->stays && !(step->is_final && in_doubt)) {
            buffer_append_text(out, out->length > 0 ? "; " : "");
            buffer_append_span(out, step->as_text.length > 0 ? step->as_text
                                                             : span_from(step->sql, strlen(ours)));
        }
    }
}

static void tell_remains(struct span remains, struct effects *effects)
{
    struct buffer message = {0};
    buffer_append_text(&message, "ddlguard: the change has failed, but this of it is done: ");
    buffer_append_span(&message, remains);
    encode_notice(
        &effects->to_client,
        &(struct report_text){"WARNING", SQLSTATE_WARNING, buffer_span(&message), {0}, {0}});
    buffer_free(&message);
}

void leftover_tell_remains(struct session *session, struct buffer *out, struct effects *effects)
{
    append_remains(session->runner, session->runner->failed_at, session->runner->in_doubt, out);
    if (out->length > 0) {
        tell_remains(buffer_span(out), effects);
    }
}

void leftover_tell_completed(struct session *session, struct effects *effects)
{
    const struct runner *runner = session->runner;
    const struct step *step = &runner->plan.steps[runner->step];
    struct buffer told = {0}, remains = {0};
    if (step->kind == STEP_UNDO && runner->plan.steps[step->undo_of].stays) {
        append_remains(runner, runner->failed_at, runner->in_doubt, &told);
        append_remains(runner, runner->failed_at + 1, false, &remains);
    }
    if (remains.length > told.length) {
        tell_remains(buffer_span(&remains), effects);
        change_write(&effects->ledger, CHANGE_COMPLETED, &runner->changes[0],
                     &(struct change_outcome){.remains = buffer_span(&remains)}, session->wall_us);
    }
    buffer_free(&told);
    buffer_free(&remains);
}
