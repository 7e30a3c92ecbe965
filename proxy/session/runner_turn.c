/* One change at a time per table (a statement that merely waits for a lock kills a concurrent build
 * on the same table), as the session sees it: it asks the shell for its turn and waits.
 *
 *      decided -> QUEUE -> its turn -> asked the server again, if it had to wait -> INTENT
 *      a pause before another try: the turn is given back, and asked for again afterwards
 *
 * The turn is held for one request, never for a transaction: who waits for a lock while he has the
 * turn gives up both after the lock timeout, so two sessions can not hold each other up for ever.
 */
#include "proxy/session/runner_state.h"

#include "protocol/sqlstate.h"
#include "proxy/session/session_state.h"

#include <stdio.h>

/* The statement that takes the locks: the first that policy guards. */
static const struct statement *guarded(const struct runner *runner)
{
    for (size_t i = 0; i < runner->request.statements.count; i++) {
        if (runner->decisions[i].guard || runner->decisions[i].verdict == VERDICT_REWRITE) {
            return &runner->request.statements.at[i];
        }
    }
    return NULL;
}

/* Whose lock it is about is known only where the server has said which table it is. */
static void name_turn(const struct session *session, struct runner *runner)
{
    const struct statement *statement = guarded(runner);
    const struct facts *facts = &runner->facts;
    buffer_reset(&runner->turn_table);
    buffer_reset(&runner->turn_what);
    if (statement == NULL || runner->settings.mode == MODE_OBSERVE || !facts->target_known ||
        facts->table.name[0] == '\0' || facts->temporary || facts->new_here) {
        return;
    }
    buffer_append_format(&runner->turn_table, "%s.%s", facts->table.schema, facts->table.name);
    buffer_append_format(
        &runner->turn_what, "%s by user \"%s\"%s%s%s, server pid %u", statement->tag, session->user,
        session->application[0] == '\0' ? "" : ", application \"", session->application,
        session->application[0] == '\0' ? "" : "\"", (unsigned)session->pid);
}

bool turn_join(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (!runner->has_turn) {
        name_turn(session, runner);
    }
    if (runner->has_turn || runner->turn_table.length == 0 || runner->turn_table.failed ||
        runner->cancelled) {
        return false;
    }
    runner->state = RUNNER_QUEUE;
    runner->deadline_us = session->now_us + (uint64_t)runner->settings.timeouts.total_ms * 1000;
    effects->requests |= REQUEST_TURN;
    return true;
}

void turn_leave(struct runner *runner, struct effects *effects)
{
    if (runner->has_turn || runner->state == RUNNER_QUEUE) {
        runner->has_turn = false;
        effects->requests |= REQUEST_TURN_BACK;
    }
}

/* Where the first try stands before its intent, and any other before its first step. */
static void go_on(struct session *session, struct effects *effects)
{
    if (session->runner->attempt == 1 && !session->runner->run_sent) {
        decide_intend(session, effects);
    } else {
        runner_next_step(session, effects);
    }
}

void runner_on_turn(struct session *session, struct span text, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (session->phase != PHASE_RUNNING || runner->state != RUNNER_QUEUE) {
        return; /* given back already: the two have crossed */
    }
    runner->has_turn = true;
    runner->deadline_us = 0;
    if (text.length > 0 && runner->attempt == 1 && !runner->run_sent) {
        decide_again(session, effects);
    } else {
        go_on(session, effects);
    }
}

void runner_on_queued(struct session *session, struct span who, struct effects *effects)
{
    struct runner *runner = session->runner;
    char message[384];
    if (session->phase != PHASE_RUNNING || runner->state != RUNNER_QUEUE) {
        return;
    }
    snprintf(message, sizeof(message), "ddlguard: waiting for another schema change on %.*s: %.*s",
             (int)(runner->turn_table.length < 130 ? runner->turn_table.length : 130),
             (const char *)runner->turn_table.at, (int)(who.length < 200 ? who.length : 200),
             (const char *)who.at);
    runner_notice(session, span_text(message), span_text(NULL), &effects->to_client);
    session_log(effects, "info", "%s", message);
}

void turn_give_up(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    turn_leave(runner, effects);
    runner->deadline_us = 0;
    if (!runner->cancelled) {
        runner_refuse(runner, SQLSTATE_LOCK_TIMEOUT,
                      "canceling statement: another schema change on its table has not ended");
        snprintf(runner->refusal.hint, sizeof(runner->refusal.hint),
                 "ddlguard lets one schema change at a time at a table. See ddlguard ledger list "
                 "--state in_flight.");
    }
    go_on(session, effects);
}

struct span session_turn_table(const struct session *session)
{
    return session->runner == NULL ? span_of(NULL, 0) : buffer_span(&session->runner->turn_table);
}

struct span session_turn_what(const struct session *session)
{
    return session->runner == NULL ? span_of(NULL, 0) : buffer_span(&session->runner->turn_what);
}
