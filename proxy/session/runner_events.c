/* What comes to the runner from elsewhere than the two sockets: the ledger, the clock, a cancel,
 * the maintenance connection, the loss of a side. */
#include "proxy/session/runner_state.h"

#include "protocol/client_message.h"
#include "protocol/frame.h"
#include "protocol/message.h"
#include "protocol/sqlstate.h"
#include "proxy/session/session_state.h"

#include <stdio.h>

/* The client's bytes that pass now: what is left of a message, then CopyData, the last of which may
 * be cut short, or one CopyDone or CopyFail. */
static size_t copied(struct session *session, struct span in)
{
    size_t rest = session->skip_client < in.length ? session->skip_client : in.length;
    session->skip_client -= rest;
    if (!session->runner->copy_in) {
        return rest;
    }
    size_t at = frame_skip(in, rest, CLIENT_COPY_DATA);
    struct span next = span_from(in, at);
    struct frame frame;
    if (frame_peek(next, FRAME_LIMIT, &frame) != FRAME_READY ||
        (frame.tag != CLIENT_COPY_DATA && at > 0)) {
        return at;
    }
    if (frame.tag == CLIENT_COPY_DONE || frame.tag == CLIENT_COPY_FAIL) {
        session->runner->copy_in = false;
    }
    size_t there = next.length < frame.length ? next.length : frame.length;
    session->skip_client = frame.length - there;
    return at + there;
}

/* CopyData of the client's statement, or the rest of its long message. */
bool runner_on_client(struct session *session, struct span in, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (runner->state != RUNNER_RUN) {
        return false;
    }
    size_t pass = 0;
    if (runner->request.message_left > 0) {
        pass = runner->request.message_left < in.length ? runner->request.message_left : in.length;
        runner->request.message_left -= pass;
    } else if (runner->copy_in || session->skip_client > 0) {
        pass = copied(session, in);
    }
    effects->forward = pass;
    effects->consumed = pass;
    return pass > 0 && pass < in.length;
}

/* The intent is not on disk: a schema change must not run unrecorded. */
static void refuse_unrecorded(struct runner *runner, struct span why)
{
    runner_refuse(runner, SQLSTATE_IO_ERROR,
                  "ddlguard cannot write its ledger, so schema changes are refused");
    snprintf(runner->refusal.detail, sizeof(runner->refusal.detail), "%.*s",
             (int)(why.length < 240 ? why.length : 240), (const char *)why.at);
    snprintf(runner->refusal.hint, sizeof(runner->refusal.hint),
             "Free space or repair the ledger's file system; all other statements go on. "
             "ledger.on_failure: allow lets changes pass unrecorded.");
    runner->outcome_written = true;
}

static void warn_unwritten(const struct runner *runner, struct span why, struct effects *effects)
{
    if (runner->settings.mode == MODE_OBSERVE) {
        return; /* not a byte may differ there */
    }
    encode_notice(&effects->to_client,
                  &(struct report_text){"WARNING",
                                        SQLSTATE_IO_ERROR,
                                        span_text("ddlguard could not write the outcome of "
                                                  "this change to its ledger"),
                                        why,
                                        {0}});
}

void runner_on_ledger(struct session *session, bool durable, struct span why,
                      struct effects *effects)
{
    struct runner *runner = session->runner;
    switch (runner->state) {
    case RUNNER_INTENT:
        if (!durable && session->options->refuse_without_ledger &&
            runner->settings.mode == MODE_ENFORCE) {
            refuse_unrecorded(runner, why);
        }
        runner_next_step(session, effects);
        break;
    case RUNNER_OUTCOME:
        if (!durable) {
            warn_unwritten(runner, why, effects);
        }
        runner_next_step(session, effects);
        break;
    case RUNNER_RUN: /* a COMMIT has been answered; the rest of its reply is still to come */
        if (!durable) {
            warn_unwritten(runner, why, effects);
        }
        break;
    case RUNNER_PROBE:
    case RUNNER_SHADOW:
    case RUNNER_SETTINGS:
    case RUNNER_FIT:
    case RUNNER_ASIDE:
    case RUNNER_QUEUE:
    case RUNNER_YIELD:
    case RUNNER_STEP:
    case RUNNER_GENERATED:
    case RUNNER_RESYNC:
    case RUNNER_PAUSE:
    case RUNNER_REST:
    case RUNNER_REFUSE:
    case RUNNER_NAME:
    case RUNNER_PORTAL:
    case RUNNER_DEBT:
        break;
    }
}

static void end_pause(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    runner->deadline_us = 0;
    runner->step = runner->plan.steps[runner->step].retry_from;
    if (!turn_join(session, effects)) {
        runner_next_step(session, effects);
    }
}

/* A statement of the change is at work on the server. */
static bool runs_change(const struct runner *runner)
{
    return runner->state == RUNNER_RUN ||
           (runner->state == RUNNER_STEP && (runner->plan.steps[runner->step].kind == STEP_PART ||
                                             runner->plan.steps[runner->step].kind == STEP_BATCH));
}

void runner_on_timer(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (runner == NULL || runner->deadline_us == 0 || session->now_us < runner->deadline_us) {
        return;
    }
    if (runner->state == RUNNER_PAUSE) {
        end_pause(session, effects);
    } else if (runner->state == RUNNER_REST) {
        batch_end_rest(session, effects);
    } else if (runner->state == RUNNER_QUEUE) {
        turn_give_up(session, effects);
    } else if (runner->state == RUNNER_YIELD) {
        session_log(effects, "info", "not all sessions have answered: the build does not wait");
        yield_end(session, effects);
    } else if (runs_change(runner) || aside_is_at_work(runner)) {
        runner->deadline_us = 0;
        session_log(effects, "warn", "deadline of %u ms passed: canceling the change",
                    runner->plan.deadline_ms);
        runner->cancelled = true;
        effects->requests |=
            aside_is_at_work(runner) ? REQUEST_ASIDE_CANCEL : REQUEST_CANCEL_SERVER;
    }
}

void runner_on_cancel(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (runner->cancelled || runner->too_late) {
        return; /* a second cancel could hit the clean-up */
    }
    runner->cancelled = true;
    switch (runner->state) {
    case RUNNER_PAUSE:
        end_pause(session, effects);
        break;
    case RUNNER_REST:
        batch_end_rest(session, effects);
        break;
    case RUNNER_QUEUE:
        turn_give_up(session, effects);
        break;
    case RUNNER_YIELD:
        yield_end(session, effects);
        break;
    case RUNNER_RUN:
        if (!runner->run_ended) {
            effects->requests |= REQUEST_CANCEL_SERVER;
        }
        break;
    case RUNNER_STEP:
        /* A GATE waits for a lock, a PART or a BATCH works; the other steps before the RUN are
         * instant, and those behind it must not be cut short. */
        if (runner->plan.steps[runner->step].kind == STEP_GATE || runs_change(runner)) {
            effects->requests |= REQUEST_CANCEL_SERVER;
        }
        break;
    case RUNNER_FIT:
    case RUNNER_ASIDE:
        aside_cancel(runner, effects);
        break;
    case RUNNER_PROBE:
    case RUNNER_SHADOW: /* its steps are short, and the way back must not be cut off */
    case RUNNER_SETTINGS:
    case RUNNER_INTENT:
    case RUNNER_GENERATED:
    case RUNNER_RESYNC:
    case RUNNER_OUTCOME:
    case RUNNER_REFUSE:
    case RUNNER_NAME:
    case RUNNER_PORTAL: /* its client is idle, and a cancel would miss it, too */
    case RUNNER_DEBT:
        break;
    }
}

void runner_on_blockers(struct session *session, struct span text)
{
    struct runner *runner = session->runner;
    if (runner != NULL) {
        snprintf(runner->blockers, sizeof(runner->blockers), "%.*s", (int)text.length,
                 (const char *)text.at);
    }
}

/* Nobody hears the reply, but a change under way is seen to its end and to the ledger. What has not
 * begun, or waits for another try, is given up. */
void runner_on_client_lost(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    session->client_lost = true;
    if (runner == NULL) {
        return;
    }
    if (!runner->run_sent || runner->state == RUNNER_PAUSE || runner->state == RUNNER_RESYNC ||
        aside_is_at_work(runner)) {
        runner->cancelled = true;
        aside_cancel(runner, effects);
    }
    /* A server that waits for the rest of a message or for CopyData obeys no cancel: it has to hear
     * that none will come. */
    effects->offer_client = true;
    if (runner->state == RUNNER_PAUSE) {
        end_pause(session, effects);
    } else if (runner->state == RUNNER_QUEUE) {
        turn_give_up(session, effects);
    }
}

static const char lost_text[] = "the server connection was lost while the statement ran";

void runner_on_server_lost(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    aside_cancel(runner, effects);
    /* A message that was never whole, or a COPY that never ended, has committed nothing. (The
     * server is told of a client's end in the middle of a plan only where it waits for more of
     * these.) */
    bool torn = runner_reads_client(runner) || session->server_finished;
    /* With a part committed the change is neither made nor rolled back, whatever came of the rest.
     */
    bool half_done = leftover_part_is_done(runner) && !runner->run_ended;
    bool running = (runs_change(runner) || half_done) && runner->run_sent && !torn;
    struct change_outcome outcome = {.message = span_text(lost_text),
                                     .attempts = runner->retries + 1};
    for (size_t i = 0; i < runner->request.statements.count && runner->intended; i++) {
        bool recorded = statement_is_recorded(runner->request.statements.at[i].kind);
        bool pending = i < runner->completes;
        if (recorded && !pending && !runner->outcome_written) {
            change_write(&effects->ledger, running ? CHANGE_UNKNOWN : CHANGE_ROLLED_BACK,
                         &runner->changes[i], &outcome, session->wall_us);
        }
    }
    if (runner->intended && !torn) {
        leftover_tell_possible(session, effects);
    }
    if (running) {
        /* Perhaps it was the COMMIT that ran: nobody knows what became of what stands before it. */
        transaction_end(&session->transaction, CHANGE_UNKNOWN, &outcome, &effects->ledger,
                        session->wall_us);
    }
    if (torn) {
        transaction_end(&session->transaction, CHANGE_ROLLED_BACK, NULL, &effects->ledger,
                        session->wall_us);
    }
    runner->undo_failed = true; /* for all that anybody knows */
    buffer_append_span(&effects->to_client, buffer_span(&runner->held));
    batch_append_error(runner, &effects->to_client);
    runner_free(runner);
    session->runner = NULL;
}
