/* A change that is made in several statements, each a transaction of its own, or in none at all.
 * The client sees one statement: its tag, or the error of the part that failed, and never a
 * position in a text that it has not written. */
#include "proxy/session/runner_state.h"

#include "protocol/frame.h"
#include "protocol/server_message.h"
#include "protocol/sqlstate.h"
#include "proxy/session/session_state.h"

#include <string.h>

bool part_is_last(const struct runner *runner)
{
    for (size_t i = 0; i < runner->plan.count; i++) {
        const struct step *step = &runner->plan.steps[i];
        if (step->kind == STEP_RUN) {
            return step->sql.length > 0;
        }
    }
    return false;
}

bool part_is_undone(const struct runner *runner, const struct step *step)
{
    if (!runner->run_sent || !runner->run_failed) {
        return false;
    }
    if (step->undo_of < runner->failed_at) {
        return true;
    }
    /* What was there before (42P07) is not ours to remove. */
    return step->undo_started && step->undo_of == runner->failed_at &&
           strcmp(runner->sqlstate, SQLSTATE_DUPLICATE_TABLE) != 0;
}

bool part_hears_no_cancel(const struct runner *runner, const struct step *step)
{
    switch (step->kind) {
    case STEP_CLEAN:
    case STEP_UNDO:
    case STEP_RELEASE:
    case STEP_RESTORE:
        return true;
    case STEP_GUARD:
    case STEP_PART:
    case STEP_BATCH:
        return runner->too_late;
    case STEP_GATE:
    case STEP_SAVE:
    case STEP_BACK:
    case STEP_SETTINGS:
    case STEP_ASIDE:
    case STEP_RUN:
    case STEP_NOOP:
    case STEP_REFUSE:
        return false;
    }
    return false;
}

/* A statement of the change is to be sent, with a deadline of its own. */
static void begin_change(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (!runner->run_sent) {
        outcome_forwarded(session, effects);
    }
    runner->state = RUNNER_STEP;
    runner->run_sent = true;
    runner->deadline_us = runner->plan.deadline_ms == 0
                              ? 0
                              : session->now_us + (uint64_t)runner->plan.deadline_ms * 1000;
    if (!runner->watching) {
        runner_watch(runner, effects);
    }
}

void part_send(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    const struct step *step = &runner->plan.steps[runner->step];
    buffer_reset(&runner->generated);
    runner->generated_at = 0;
    begin_change(session, effects);
    if (step->kind == STEP_BATCH) {
        batch_send(session, step, effects);
    } else {
        exchange_send(session, runner, step->sql, effects);
    }
}

/* The next statement that a part has listed; false when there is none. */
static bool send_listed(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (runner->generated_at >= runner->generated.length || runner->generated.failed) {
        return false;
    }
    struct span sql = span_text((const char *)runner->generated.at + runner->generated_at);
    runner->generated_at += sql.length + 1;
    session_log(effects, "info", "part of the change: %.*s", (int)sql.length, (const char *)sql.at);
    begin_change(session, effects);
    exchange_send(session, runner, sql, effects);
    return true;
}

static void note_error(struct runner *runner, struct span sqlstate, struct span message)
{
    buffer_reset(&runner->message);
    buffer_append_span(&runner->message, message);
    if (sqlstate.length == 5) {
        memcpy(runner->sqlstate, sqlstate.at, 5);
    }
}

/* SET NOT NULL has met a NULL. */
static void append_null(struct buffer *message, struct span column, struct span table)
{
    buffer_append_text(message, "column \"");
    buffer_append_span(message, column);
    buffer_append_text(message, "\" of relation \"");
    buffer_append_span(message, table);
    buffer_append_text(message, "\" contains null values");
}

/* ATTACH PARTITION has met a row: `%` in the text is the table that has it. */
static void append_misplaced(struct buffer *message, struct span text, struct span table)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] == '%') {
            buffer_append_span(message, table);
        } else {
            buffer_append_u8(message, text.at[i]);
        }
    }
}

/* What PostgreSQL says of a row that is in the way of the client's statement (tablecmds.c,
 * ATRewriteTable); of a partition the name is the partition's own, as in its report about our
 * CHECK.
 */
static void hold_violation(struct runner *runner, const struct step *step,
                           const struct report *report)
{
    struct buffer *message = &runner->message;
    bool null = strcmp(step->as_sqlstate, SQLSTATE_NOT_NULL_VIOLATION) == 0;
    buffer_reset(message);
    if (null) {
        append_null(message, step->as_text, report->table);
    } else {
        append_misplaced(message, step->as_text, report->table);
    }
    memcpy(runner->sqlstate, step->as_sqlstate, 5);
    encode_column_error(
        &runner->held,
        &(struct report_text){"ERROR", step->as_sqlstate, buffer_span(message), {0}, {0}},
        report->schema, report->table, null ? step->as_text : span_of(NULL, 0));
}

/* The name of ours that the text begins with; NULL: none. */
static const struct plan_alias *alias_at(const struct plan *plan, struct span text)
{
    for (size_t i = 0; i < plan->alias_count; i++) {
        size_t length = strlen(plan->aliases[i].ours);
        if (text.length >= length && memcmp(text.at, plan->aliases[i].ours, length) == 0) {
            return &plan->aliases[i];
        }
    }
    return NULL;
}

/* A report with the client's own names in the place of ours, in whatever field. */
static void append_own_names(const struct plan *plan, struct span body, struct buffer *out)
{
    while (body.length > 0) {
        const struct plan_alias *alias = alias_at(plan, body);
        buffer_append_span(out, alias != NULL ? span_text(alias->own) : span_cut(body, 0, 1));
        body = span_from(body, alias != NULL ? strlen(alias->ours) : 1);
    }
}

/* The server's words about a statement of ours, or those of the client's own statement for what the
 * server has found wrong with the rows. */
static void hold_report(struct runner *runner, const struct step *step, struct span body)
{
    struct report report;
    if (!decode_report(body, &report)) {
        buffer_append_span(&runner->held, buffer_span(&runner->exchange.error));
        return;
    }
    if (step->as_sqlstate != NULL && memcmp(runner->exchange.sqlstate, "23", 2) == 0) {
        hold_violation(runner, step, &report);
        return;
    }
    note_error(runner, report.sqlstate, report.message);
    if (step->kind == STEP_BATCH && report.detail.length == 0) {
        buffer_append_span(&runner->batch.error, buffer_span(&runner->exchange.error));
        return;
    }
    encode_report_at(&runner->held, SERVER_ERROR, body, 0);
}

static void hold_error(struct runner *runner, const struct step *step)
{
    if (runner->in_doubt) {
        return; /* the first one is the cause */
    }
    struct span error = buffer_span(&runner->exchange.error);
    struct buffer words = {0}, body = {0};
    struct frame frame;
    if (frame_peek(error, FRAME_LIMIT, &frame) != FRAME_READY) {
        buffer_append_span(&runner->held, error);
        return;
    }
    rewrite_append_words(step, frame_body(frame, error), &words);
    append_own_names(&runner->plan, buffer_span(&words), &body);
    hold_report(runner, step, buffer_span(&body));
    runner->held.failed = runner->held.failed || words.failed || body.failed;
    buffer_free(&words);
    buffer_free(&body);
}

void part_fail(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    hold_error(runner, &runner->plan.steps[runner->step]);
    runner->failed_at = runner->step;
    runner->run_ended = runner->run_failed = true;
    batch_write_progress(session, effects);
    outcome_write(session, effects);
    if (!session->awaits_ledger) {
        runner_next_step(session, effects);
    }
}

void part_ended(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    const struct step *step = &runner->plan.steps[runner->step];
    if (runner->exchange.failed && step->retry && !runner->cancelled &&
        runner_retry(session, runner->exchange.sqlstate, false, effects)) {
        return;
    }
    bool failed = runner->exchange.failed;
    runner->deadline_us = 0;
    bool again = step->kind == STEP_BATCH && !failed && batch_ended(session, effects);
    if (!again) {
        runner_stop_watching(runner, effects);
    }
    if (failed && !step->is_final) {
        part_fail(session, effects);
        return;
    }
    if (failed) {
        hold_error(runner, step);
    } else if (runner->in_doubt) {
        buffer_reset(&runner->held);
        runner->sqlstate[0] = '\0';
    }
    runner->in_doubt = failed;
    runner->too_late = runner->too_late || step->is_final || step->is_binding;
    /* What comes next has all its tries before it: the bound is on waiting, not on building. */
    runner->attempt = 1;
    runner->first_try_us = session->now_us;
    if (step->lists && !runner->cancelled && send_listed(session, effects)) {
        return;
    }
    runner->step += !again;
    if (runner->state != RUNNER_REST) {
        runner_next_step(session, effects);
    }
}

void part_answer_noop(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    const struct step *step = &runner->plan.steps[runner->step];
    if (step->as_text.length > 0 && runner->facts.client_min_messages <= LEVEL_NOTICE) {
        encode_notice(&runner->held,
                      &(struct report_text){"NOTICE", step->as_sqlstate, step->as_text, {0}, {0}});
    }
    encode_command_complete(&runner->held, runner->request.statements.at[0].tag);
    change_write(&effects->ledger, CHANGE_NO_OP, &runner->changes[0], NULL, session->wall_us);
    runner->state = RUNNER_OUTCOME;
    runner->run_ended = true;
    runner->outcome_written = true;
    session_await_ledger(session, effects);
    if (!session->awaits_ledger) {
        runner_next_step(session, effects);
    }
}
