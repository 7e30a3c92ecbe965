/* An index that is built over another connection while the client's transaction waits
 * (policy/plan_aside.c), as the session sees it:
 *
 *      decided, its turn -> SETTINGS -> FIT: can it be built beside us? -> intent -> ASIDE -> RUN
 *                                        \-> no: decided again, without
 *
 * While others work for it the session sends nothing to its server: the transaction stays as it was
 * when it was looked at. */
#include "proxy/session/runner_state.h"

#include "protocol/client_message.h"
#include "protocol/sqlstate.h"
#include "proxy/session/session_state.h"

#include <string.h>

/* In a transaction block that can be gone on with when the build has failed, and with texts that
 * mean the same to every session of a database. */
uint64_t aside_number(struct session *session)
{
    const struct runner *runner = session->runner;
    const struct statement_list *list = &runner->request.statements;
    if (!session->options->aside || runner->aside_unfit || list->count != 1 ||
        list->at[0].kind != STATEMENT_CREATE_INDEX || !runner->now.may_save ||
        strcmp(session->encoding_name, "UTF8") != 0) {
        return 0;
    }
    session->random = session->random * 6364136223846793005u + 1442695040888963407u;
    return session->random == 0 ? 1 : session->random;
}

bool aside_ask(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (runner->plan.aside == 0 || runner->aside_fit || runner->cancelled ||
        runner->refusal.sqlstate != NULL) {
        return false;
    }
    runner->state = RUNNER_SETTINGS;
    buffer_reset(&runner->generated);
    bool closes = exchange_close_unnamed(session, effects);
    exchange_send(session, runner, runner->plan.steps[runner->plan.aside - 1].sql, effects);
    runner->exchange.closes_due += closes;
    return true;
}

void aside_on_settings(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (runner->exchange.failed) { /* and with it the transaction: the client must hear so */
        decide_fail(session, effects);
        return;
    }
    runner->state = RUNNER_FIT;
    effects->requests |= REQUEST_ASIDE;
}

struct session_aside session_aside(const struct session *session)
{
    const struct runner *runner = session->runner;
    const struct step *steps = &runner->plan.steps[runner->plan.aside];
    struct span settings = buffer_span(&runner->generated);
    return (struct session_aside){
        .settings = span_cut(settings, 0, settings.length > 0 ? settings.length - 1 : 0),
        .obstacle = steps[0].sql,
        .gate = steps[1].sql,
        .build = steps[2].sql,
        .total_ms = runner->settings.timeouts.total_ms,
    };
}

void aside_go(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    outcome_forwarded(session, effects);
    runner->run_sent = true;
    runner->state = RUNNER_ASIDE;
    runner->deadline_us = session->now_us + (uint64_t)runner->plan.deadline_ms * 1000;
    effects->requests |= REQUEST_ASIDE_GO;
}

bool aside_is_at_work(const struct runner *runner)
{
    return runner->state == RUNNER_FIT || runner->state == RUNNER_ASIDE;
}

void aside_cancel(struct runner *runner, struct effects *effects)
{
    if (aside_is_at_work(runner)) {
        runner->cancelled = true;
        effects->requests |= REQUEST_ASIDE_CANCEL;
    }
}

void aside_leave(const struct runner *runner, struct effects *effects)
{
    if (runner->aside_fit && !runner->run_sent) {
        effects->requests |= REQUEST_ASIDE_CANCEL;
    }
}

static void on_fit(struct session *session, bool done, struct span text, struct effects *effects)
{
    struct runner *runner = session->runner;
    runner->aside_fit = done;
    if (done || runner->cancelled) {
        decide_intend(session, effects);
        return;
    }
    session_log(effects, "info", "no index is built beside the transaction: %.*s", (int)text.length,
                (const char *)text.at);
    runner->aside_unfit = true;
    decide_again(session, effects);
}

/* What the other session does not find, or may not, is perhaps there for this transaction alone: a
 * function that it has made. These errors come before there is anything to build. */
static bool may_be_different_here(struct span text)
{
    return text.length > 6 && (memcmp(text.at, "42", 2) == 0 || memcmp(text.at, "3F", 2) == 0);
}

/* As another change, so that the ledger says of both what was run. */
static void run_here_instead(struct session *session, struct span text, struct effects *effects)
{
    struct runner *runner = session->runner;
    struct change_outcome outcome = {.sqlstate = span_cut(text, 0, 5),
                                     .message = span_from(text, 6)};
    session_log(effects, "info", "not built beside the transaction, but in it: %.*s",
                (int)text.length, (const char *)text.at);
    change_write(&effects->ledger, CHANGE_ROLLED_BACK, &runner->changes[0], &outcome,
                 session->wall_us);
    leftover_tell_aside(session, effects);
    session_await_ledger(session, effects);
    runner->aside_unfit = true;
    runner->run_sent = false;
    decide_again(session, effects);
}

static void on_built(struct session *session, bool done, struct span text, struct effects *effects)
{
    struct runner *runner = session->runner;
    char message[sizeof runner->refusal.message];
    runner->deadline_us = 0;
    if (!done && !runner->cancelled && may_be_different_here(text)) {
        run_here_instead(session, text, effects);
        return;
    }
    if (done) {
        runner->step += 3; /* all that was done there */
    } else if (!runner->cancelled && text.length > 6) {
        struct span said = span_from(text, 6);
        size_t length = said.length < sizeof message - 1 ? said.length : sizeof message - 1;
        memcpy(runner->sqlstate, text.at, 5);
        memcpy(message, said.at, length);
        message[length] = '\0';
        runner_refuse(runner, runner->sqlstate, message);
    }
    runner_next_step(session, effects);
}

void runner_on_aside(struct session *session, bool done, struct span text, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (session->phase != PHASE_RUNNING || runner == NULL) {
        return; /* the session has no more use for it */
    }
    if (runner->state == RUNNER_FIT) {
        on_fit(session, done, text, effects);
    } else if (runner->state == RUNNER_ASIDE) {
        on_built(session, done, text, effects);
    }
}
