/* The shadow probe (policy/shadow.h) in a session: what the catalog could not tell of an ALTER
 * TABLE the server is asked by making it on an empty copy. It is put between the probe's answer and
 * the decision, and only where the answer makes a difference to that.
 *
 *      BEGIN | SAVEPOINT -> settings -> copy -> the actions … -> ROLLBACK | ROLLBACK TO, RELEASE
 *                 \______________\________\_________\__________/   a failure or a cancel
 *
 * What is asked stays between the server and us: its notices are read here and go no further, and
 * with it ends what it has set. It leaves the client's transaction as it has found it; if it
 * cannot, the client hears the error that stands in the way.
 *
 * Every step may fail, so each ends with a Sync: an error in a batch that is still open would have
 * the server skip the way back, too. In a transaction block a Sync ends nothing, and the client's
 * portal outlives it. Where something of the batch would be torn off, or where it is not known to
 * be in a transaction block (situation.may_save), the copy is not asked for and unknown stays
 * unknown: so it is behind a BEGIN in the same flight, and in the middle of a pipeline. */
#include "proxy/session/runner_state.h"

#include "protocol/sqlstate.h"
#include "proxy/session/session_state.h"

/* What stands before the ALTER TABLE in the same text has not run yet. Only what opens a
 * transaction is sure to make no difference to it: a SET, a CREATE FUNCTION, a ROLLBACK might. */
static bool stands_first(const struct runner *runner, const struct statement *statement)
{
    const struct statement *before = runner->request.statements.at;
    while (before < statement &&
           (before->kind == STATEMENT_BEGIN || before->kind == STATEMENT_SAVEPOINT)) {
        before++;
    }
    return before == statement;
}

static struct decision decide_with(const struct runner *runner, const struct statement *statement,
                                   const struct facts *facts)
{
    return decide_in_text(buffer_span(&runner->request.sql), statement, &runner->now, facts,
                          &runner->settings);
}

static bool is_same_decision(const struct decision *one, const struct decision *other)
{
    bool same = one->verdict == other->verdict && one->guard == other->guard &&
                one->fired_count == other->fired_count;
    for (size_t i = 0; same && i < one->fired_count; i++) {
        same = one->fired[i].rule == other->fired[i].rule &&
               one->fired[i].action == other->fired[i].action &&
               one->fired[i].not_because == other->fired[i].not_because;
    }
    return same;
}

/* If the server said that nothing is rewritten, scanned or built, would that be decided otherwise?
 * Not of a small table, not where the administrator has said what is to happen, and not of what is
 * refused for another reason. */
static bool answer_matters(const struct runner *runner, const struct statement *statement)
{
    struct facts facts = runner->facts;
    struct decision unknown = decide_with(runner, statement, &facts);
    for (size_t i = 0; i < statement->action_count; i++) {
        struct action_facts *action = &facts.actions[i];
        action->rewrites = action->scans = action->builds = ANSWER_NO;
        action->column_proved = true;
    }
    struct decision harmless = decide_with(runner, statement, &facts);
    return harmless.verdict != VERDICT_BLOCK && !is_same_decision(&unknown, &harmless);
}

static void send_step(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    exchange_send(session, runner, runner->shadow.steps[runner->shadow_at].sql, effects);
}

bool runner_shadow_start(struct session *session, const struct statement *statement,
                         struct effects *effects)
{
    struct runner *runner = session->runner;
    struct span text =
        span_cut(buffer_span(&runner->request.sql), statement->start, statement->length);
    shadow_free(&runner->shadow);
    if (runner->cancelled || !shadow_is_wanted(statement, &runner->now, &runner->facts) ||
        !stands_first(runner, statement) || !answer_matters(runner, statement) ||
        !shadow_build(statement, text, &runner->now, &runner->facts, &runner->shadow) ||
        runner->shadow.count == 0) {
        return false;
    }
    runner->state = RUNNER_SHADOW;
    runner->shadow_at = 0;
    runner->shadow_in_batch = runner->request.batch_open;
    runner->request.batch_open = false;
    send_step(session, effects);
    return true;
}

void runner_shadow_hear(struct runner *runner, struct span body)
{
    struct report report;
    if (runner->state == RUNNER_SHADOW && decode_report(body, &report)) {
        shadow_read_notice(&runner->shadow, runner->shadow_at, report.message, report.routine,
                           &runner->facts);
    }
}

static size_t first_leave(const struct shadow *shadow)
{
    size_t at = 0;
    while (shadow->steps[at].kind != SHADOW_LEAVE) {
        at++;
    }
    return at;
}

/* What comes behind the step that has ended; shadow.count: nothing. */
static size_t next_step(struct session *session)
{
    struct runner *runner = session->runner;
    const struct exchange *exchange = &runner->exchange;
    const struct shadow *shadow = &runner->shadow;
    size_t at = runner->shadow_at;
    bool leaving = shadow->steps[at].kind == SHADOW_LEAVE;
    if (exchange->failed && at == 0) {
        return shadow->count; /* nothing has been opened, so there is nothing to leave */
    }
    if (exchange->failed && leaving && runner->repeats < REPEATS_MOST &&
        strcmp(exchange->sqlstate, SQLSTATE_CANCELED) == 0) {
        /* A cancel that has come late. Behind a RELEASE that it has failed stands the ROLLBACK TO
         * again: its savepoint is still there. */
        runner->repeats++;
        return first_leave(shadow);
    }
    return shadow_next(shadow, at, exchange->failed || (runner->cancelled && !leaving),
                       &runner->facts);
}

/* The transaction, or that there is none, must be what it was. */
static void end(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    bool in_transaction = runner->now.in_transaction;
    uint8_t status = session->pipeline.status;
    runner->request.batch_open = runner->shadow_in_batch;
    if (status == (in_transaction ? STATUS_TRANSACTION : STATUS_IDLE)) {
        decide_all(session, effects);
    } else if (in_transaction && status == STATUS_FAILED && runner->exchange.failed) {
        decide_fail(session, effects);
    } else {
        session_end(session, SQLSTATE_CONNECTION_FAILURE,
                    "ddlguard could not end a transaction of its own", effects);
    }
}

void runner_shadow_ended(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (runner->exchange.failed) {
        session_log(effects, "debug", "shadow probe: step %zu failed (sqlstate=%s)",
                    runner->shadow_at, runner->exchange.sqlstate);
    }
    runner->shadow_at = next_step(session);
    if (runner->shadow_at < runner->shadow.count) {
        send_step(session, effects);
    } else {
        end(session, effects);
    }
}
