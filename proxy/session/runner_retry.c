/* Another try after a lock timeout or a deadlock: when, how often, and what the client and the
 * ledger hear of it. */
#include "proxy/session/runner_state.h"

#include "protocol/client_message.h"
#include "protocol/frame.h"
#include "protocol/sqlstate.h"
#include "proxy/session/session_state.h"

#include <stdio.h>

/* Between two parts of a change the one ends and the other begins in one go: the last word holds.
 */
void runner_watch(struct runner *runner, struct effects *effects)
{
    runner->watching = true;
    effects->requests = (effects->requests & ~(unsigned)REQUEST_UNWATCH) | REQUEST_WATCH;
}

void runner_stop_watching(struct runner *runner, struct effects *effects)
{
    if (runner->watching) {
        runner->watching = false;
        effects->requests = (effects->requests & ~(unsigned)REQUEST_WATCH) | REQUEST_UNWATCH;
    }
}

static bool is_retryable(const char *sqlstate)
{
    return strcmp(sqlstate, SQLSTATE_LOCK_TIMEOUT) == 0 || strcmp(sqlstate, SQLSTATE_DEADLOCK) == 0;
}

/* Why the try has failed, in few words. A gate says it itself. */
static struct span cause_of(const struct runner *runner, const char *sqlstate)
{
    struct frame frame;
    struct report report;
    struct span error = buffer_span(&runner->exchange.error);
    if (runner->plan.steps[runner->step].kind == STEP_GATE &&
        frame_peek(error, FRAME_LIMIT, &frame) == FRAME_READY &&
        decode_report(frame_body(frame, error), &report)) {
        return report.message;
    }
    return span_text(strcmp(sqlstate, SQLSTATE_LOCK_TIMEOUT) == 0 ? "lock timeout" : "deadlock");
}

static void tell_retry(struct session *session, const char *sqlstate, uint64_t pause_us,
                       struct effects *effects)
{
    struct runner *runner = session->runner;
    struct span cause = span_cut(cause_of(runner, sqlstate), 0, 160);
    char message[320];
    char hint[640] = "";
    snprintf(message, sizeof(message), "ddlguard: try %u of %u failed: %.*s; next try in %.1f s",
             runner->attempt, runner->plan.attempts, (int)cause.length, (const char *)cause.at,
             (double)pause_us / 1e6);
    if (runner->blockers[0] != '\0') {
        snprintf(hint, sizeof(hint), "Blocked by %s", runner->blockers);
    }
    runner_notice(session, span_text(message), span_text(hint), &effects->to_client);
    session_log(effects, "info", "%s %s", message, hint);
    struct change_outcome outcome = {.sqlstate = span_text(sqlstate),
                                     .message = span_text(hint[0] != '\0' ? hint : message),
                                     .attempts = runner->retries + 2};
    for (size_t i = 0; i < runner->request.statements.count; i++) {
        if (statement_is_recorded(runner->request.statements.at[i].kind)) {
            change_write(&effects->ledger, CHANGE_RETRY, &runner->changes[i], &outcome,
                         session->wall_us);
        }
    }
}

/* Doubling from backoff_ms to backoff_max_ms, half of it by chance, so that many waiters do not
 * come back in step. */
static uint64_t pause_us(struct session *session)
{
    const struct plan *plan = &session->runner->plan;
    uint64_t pause = plan->backoff_ms;
    for (uint32_t i = 1; i < session->runner->attempt && pause < plan->backoff_max_ms; i++) {
        pause *= 2;
    }
    pause = 1000 * (pause < plan->backoff_max_ms ? pause : plan->backoff_max_ms);
    session->random = session->random * 6364136223846793005u + 1442695040888963407u;
    return pause / 2 + (session->random >> 33) % (pause / 2 + 1);
}

bool runner_retry(struct session *session, const char *sqlstate, bool resync,
                  struct effects *effects)
{
    struct runner *runner = session->runner;
    uint64_t pause = pause_us(session);
    uint64_t end = runner->first_try_us + (uint64_t)runner->plan.total_ms * 1000;
    bool streamed = runner->request.statements.at[0].kind == STATEMENT_TOO_LONG;
    if (!is_retryable(sqlstate) || streamed || runner->released || runner->cancelled ||
        session->client_gone || runner->attempt >= runner->plan.attempts ||
        session->now_us + pause > end) {
        return false;
    }
    tell_retry(session, sqlstate, pause, effects);
    runner_stop_watching(runner, effects);
    turn_leave(runner, effects);
    runner->attempt++;
    runner->retries++;
    runner->deadline_us = session->now_us + pause;
    runner->state = RUNNER_PAUSE;
    if (resync) {
        /* The failed try has left the batch skipping: end it; nothing of it has done anything. In a
         * transaction the batch has been open for that alone. */
        runner->request.batch_open = false;
        encode_sync(&effects->to_server);
        runner->state = RUNNER_RESYNC;
    }
    return true;
}
