/* The order of things while a plan is carried out. What each step's replies mean stands beside it;
 * the RUN itself is in runner_run.c, ledger and reply in runner_outcome.c. */
#include "proxy/session/runner_state.h"

#include "protocol/client_message.h"
#include "protocol/frame.h"
#include "protocol/message.h"
#include "protocol/sqlstate.h"
#include "proxy/session/session_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void request_free(struct request *request)
{
    buffer_free(&request->message);
    buffer_free(&request->bind);
    buffer_free(&request->sql);
    free(request->statements.at);
    *request = (struct request){0};
}

void runner_free(struct runner *runner)
{
    if (runner == NULL) {
        return;
    }
    request_free(&runner->request);
    free(runner->decisions);
    free(runner->changes);
    probe_free(&runner->probe);
    shadow_free(&runner->shadow);
    plan_free(&runner->plan);
    exchange_free(&runner->exchange);
    buffer_free(&runner->generated);
    buffer_free(&runner->batch.row);
    buffer_free(&runner->batch.error);
    buffer_free(&runner->held);
    buffer_free(&runner->message);
    buffer_free(&runner->turn_table);
    buffer_free(&runner->turn_what);
    free(runner);
}

uint64_t runner_deadline(const struct runner *runner)
{
    return runner == NULL || runner->state == RUNNER_RESYNC ? 0 : runner->deadline_us;
}

bool runner_reads_client(const struct runner *runner)
{
    return runner != NULL && runner->state == RUNNER_RUN &&
           (runner->copy_in || runner->request.message_left > 0);
}

void runner_start(struct session *session, struct request *request, struct effects *effects)
{
    struct runner *runner = calloc(1, sizeof(*runner));
    if (runner == NULL) {
        request_free(request);
        session_end(session, "53200", "out of memory in ddlguard", effects);
        return;
    }
    runner->request = *request;
    *request = (struct request){0};
    session->runner = runner;
    runner->decisions = calloc(runner->request.statements.count, sizeof(*runner->decisions));
    runner->changes = calloc(runner->request.statements.count, sizeof(*runner->changes));
    runner->attempt = 1;
    runner->first_try_us = session->now_us;
    session_enter(session, PHASE_RUNNING, effects);
    if (runner->decisions == NULL || runner->changes == NULL) {
        session_end(session, "53200", "out of memory in ddlguard", effects);
        return;
    }
    decide_start(session, effects);
}

static void step_row(struct runner *runner, struct span body)
{
    struct span column;
    size_t count = 0;
    if (runner->plan.steps[runner->step].kind == STEP_BATCH) {
        batch_on_row(runner, body);
        return;
    }
    if (decode_data_row(body, &column, 1, &count) && count >= 1 && column.at != NULL) {
        buffer_append_span(&runner->generated, column);
        buffer_append_u8(&runner->generated, '\0');
    }
}

/* The next statement that a CLEAN or UNDO step has named; false when there is none. */
static bool send_generated(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (runner->generated_at >= runner->generated.length || runner->generated.failed) {
        return false;
    }
    struct span sql = span_text((const char *)runner->generated.at + runner->generated_at);
    runner->generated_sent = runner->generated_at;
    runner->generated_at += sql.length + 1;
    runner->state = RUNNER_GENERATED;
    session_log(effects, "info", "cleaning up: %.*s", (int)sql.length, (const char *)sql.at);
    exchange_send(session, runner, sql, effects);
    return true;
}

/* Which steps are taken depends on how the RUN went. */
static bool step_is_due(const struct runner *runner, const struct step *step)
{
    switch (step->kind) {
    case STEP_GUARD:
    case STEP_GATE:
    case STEP_CLEAN:
    case STEP_PART:
    case STEP_BATCH:
    case STEP_SAVE:
    case STEP_RUN:
    case STEP_REFUSE:
    case STEP_NOOP:
    case STEP_ASIDE:
        return !runner->run_ended;
    case STEP_SETTINGS: /* taken before the intent */
        return false;
    case STEP_BACK:
        return !runner->run_ended && runner->attempt > 1;
    case STEP_RELEASE:
        return runner->run_ended && !runner->run_failed;
    case STEP_UNDO: /* what was built beside the session is dropped there */
        return runner->plan.aside == 0 && part_is_undone(runner, step);
    case STEP_RESTORE:
        return runner->guarded;
    }
    return false;
}

/* Putting the settings back must wait while the batch is open, and is of no use in a failed
 * transaction: it stays owed. What was set for the transaction alone goes with it. */
static bool restore_now(struct session *session, const struct step *step)
{
    struct runner *runner = session->runner;
    bool idle = session->pipeline.status == STATUS_IDLE;
    bool failed =
        session->pipeline.status == STATUS_FAILED || session->pipeline.skip == SKIP_SERVER;
    if (runner->plan.guard_local) {
        return !failed && (!idle || runner->request.batch_open);
    }
    bool in_batch = runner_is_execute(runner) && session->pipeline.executed;
    if (!idle || in_batch) {
        buffer_reset(&session->debt);
        buffer_append_span(&session->debt, step->sql);
    }
    if (in_batch) {
        runner->request.batch_open = true; /* for the rest of the batch; a failure undoes it */
    }
    return !failed;
}

void runner_next_step(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (runner->cancelled && !runner->run_ended && !runner->too_late) {
        runner_refuse(runner, SQLSTATE_CANCELED,
                      session->client_lost ? "the client was lost before the statement ran"
                                           : "canceling statement due to user request");
    }
    if (runner->refusal.sqlstate != NULL && !runner->run_ended) {
        refuse_start(session, effects);
        return;
    }
    for (; runner->step < runner->plan.count && !session->server_finished; runner->step++) {
        const struct step *step = &runner->plan.steps[runner->step];
        if (!step_is_due(runner, step) ||
            (step->kind == STEP_RESTORE && !restore_now(session, step))) {
            continue;
        }
        if (step->builds && yield_ask(session, effects)) {
            return;
        }
        if (step->kind == STEP_RUN) {
            run_send(session, effects);
            return;
        }
        if (step->kind == STEP_PART || step->kind == STEP_BATCH) {
            part_send(session, effects);
            return;
        }
        if (step->kind == STEP_ASIDE) {
            aside_go(session, effects);
            return;
        }
        if (step->kind == STEP_NOOP) {
            part_answer_noop(session, effects);
            return;
        }
        runner->state = RUNNER_STEP;
        runner->guarded = runner->guarded || step->kind == STEP_GUARD;
        buffer_reset(&runner->generated);
        runner->generated_at = 0;
        exchange_send(session, runner, step->sql, effects);
        return;
    }
    outcome_deliver(session, effects);
}

bool runner_repeats_canceled(struct session *session, struct span sql, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (!runner->exchange.failed || strcmp(runner->exchange.sqlstate, SQLSTATE_CANCELED) != 0 ||
        !runner->exchange.synced || runner->repeats == REPEATS_MOST ||
        session->pipeline.status == STATUS_FAILED) {
        return false;
    }
    runner->repeats++;
    exchange_send(session, runner, sql, effects);
    return true;
}

/* What a GATE is for, or a cancel of it; any other error will be the RUN's own. */
static bool is_closed_gate(const char *sqlstate)
{
    return strcmp(sqlstate, SQLSTATE_LOCK_TIMEOUT) == 0 ||
           strcmp(sqlstate, SQLSTATE_DEADLOCK) == 0 || strcmp(sqlstate, SQLSTATE_CANCELED) == 0;
}

static void step_ended(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    const struct step *step = &runner->plan.steps[runner->step];
    bool failed = runner->exchange.failed;
    if (failed && part_hears_no_cancel(runner, step) &&
        runner_repeats_canceled(session, step->sql, effects)) {
        return;
    }
    switch (step->kind) {
    case STEP_GUARD:
    case STEP_SAVE:
    case STEP_BACK:
        if (failed) {
            part_fail(session, effects);
            return;
        }
        break;
    case STEP_GATE:
        if (failed && !runner->cancelled && step->retry &&
            runner_retry(session, runner->exchange.sqlstate, false, effects)) {
            return;
        }
        if (failed && is_closed_gate(runner->exchange.sqlstate)) {
            part_fail(session, effects);
            return;
        }
        break;
    case STEP_CLEAN:
    case STEP_UNDO:
        if (!failed && send_generated(session, effects)) {
            return;
        }
        if (failed && step->kind == STEP_UNDO) {
            leftover_tell(session, step->sql, true, effects);
        }
        break;
    case STEP_RELEASE:
    case STEP_RESTORE:
        if (failed) {
            session_end(session, SQLSTATE_CONNECTION_FAILURE,
                        step->kind == STEP_RESTORE ? "ddlguard could not put lock_timeout back"
                                                   : "ddlguard could not release its savepoint",
                        effects);
            return;
        }
        break;
    case STEP_PART:
    case STEP_BATCH:
        part_ended(session, effects);
        return;
    case STEP_REFUSE: /* never taken: outcome_intend has set the refusal */
    case STEP_NOOP:   /* no exchange */
    case STEP_ASIDE:
    case STEP_SETTINGS:
    case STEP_RUN:
        assert(false);
    }
    runner->step++;
    runner_next_step(session, effects);
}

static void generated_ended(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (runner->exchange.failed) {
        struct span sql = span_text((const char *)runner->generated.at + runner->generated_sent);
        if (runner_repeats_canceled(session, sql, effects)) {
            return;
        }
        leftover_tell(session, sql, false, effects);
    } else {
        leftover_tell_completed(session, effects);
    }
    if (!send_generated(session, effects)) {
        runner->step++;
        runner_next_step(session, effects);
    }
}

static void exchange_ended(struct session *session, struct effects *effects)
{
    switch (session->runner->state) {
    case RUNNER_PROBE:
        decide_on_answer(session, effects);
        break;
    case RUNNER_SHADOW:
        runner_shadow_ended(session, effects);
        break;
    case RUNNER_STEP:
        step_ended(session, effects);
        break;
    case RUNNER_GENERATED:
        generated_ended(session, effects);
        break;
    case RUNNER_REFUSE:
        refuse_ended(session, effects);
        break;
    case RUNNER_DEBT:
        between_debt_ended(session, effects);
        break;
    case RUNNER_NAME:
        between_name_ended(session, effects);
        break;
    case RUNNER_RUN: /* the client's statement, sent as one of ours */
        run_end(session, effects);
        break;
    case RUNNER_PORTAL:
        between_portal_ended(session, effects);
        break;
    case RUNNER_SETTINGS:
        aside_on_settings(session, effects);
        break;
    case RUNNER_FIT:
    case RUNNER_ASIDE:
    case RUNNER_QUEUE:
    case RUNNER_YIELD:
    case RUNNER_INTENT:
    case RUNNER_RESYNC:
    case RUNNER_PAUSE:
    case RUNNER_REST:
    case RUNNER_OUTCOME:
        session_end(session, SQLSTATE_CONNECTION_FAILURE,
                    "the server has answered what it was not asked", effects);
        break;
    }
}

bool runner_on_server(struct session *session, struct span in, struct effects *effects)
{
    struct runner *runner = session->runner;
    struct frame frame;
    if (runner->state == RUNNER_RUN || runner->state == RUNNER_RESYNC) {
        return run_on_server(session, in, effects);
    }
    enum frame_status framed = frame_peek(in, FRAME_LIMIT, &frame);
    if (framed == FRAME_MORE) {
        return false;
    }
    if (framed == FRAME_BAD || frame.length > session->options->inspect_limit) {
        session_end(session, SQLSTATE_CONNECTION_FAILURE,
                    "the server sent a message with an invalid length", effects);
        return false;
    }
    if (!frame_is_whole(frame, in)) {
        return false;
    }
    effects->consumed = frame.length;
    void (*row)(struct runner *, struct span) =
        runner->state == RUNNER_PROBE                                      ? decide_on_row
        : runner->state == RUNNER_STEP || runner->state == RUNNER_SETTINGS ? step_row
                                                                           : NULL;
    enum exchange_progress progress =
        exchange_reply(session, runner, frame.tag, span_cut(in, 0, frame.length),
                       frame_body(frame, in), row, effects);
    if (progress == EXCHANGE_ENDED) {
        exchange_ended(session, effects);
    }
    return true; /* behind EXCHANGE_FATAL the socket's end follows and settles the rest */
}
