/* An error of ours in the place of the statement's. Where a transaction is open it must be as real
 * as one of the server's. */
#include "proxy/session/runner_state.h"

#include "proxy/session/session_state.h"

#include <stdio.h>

void runner_refuse(struct runner *runner, const char *sqlstate, const char *message)
{
    runner->refusal.sqlstate = sqlstate;
    snprintf(runner->refusal.message, sizeof(runner->refusal.message), "%s", message);
}

/* The refusal is real now: the client's request has failed, here and on the server. */
void refuse_ended(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    runner->run_ended = true;
    runner->run_failed = true;
    runner->failed_at = runner->step;
    runner_stop_watching(runner, effects);
    batch_write_progress(session, effects);
    outcome_write(session, effects);
    if (!session->awaits_ledger) {
        runner_next_step(session, effects);
    }
}

/* Where a transaction is open the server must fail it too, by a statement of ours in the place of
 * the refused one; elsewhere there is nothing on the server that could know. */
void refuse_start(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (runner->now.in_transaction && !runner->now.transaction_failed) {
        runner->state = RUNNER_REFUSE;
        exchange_send(session, runner,
                      span_text("/* ddlguard */ SELECT 1 OPERATOR(pg_catalog./) 0"), effects);
        return;
    }
    refuse_ended(session, effects);
}
