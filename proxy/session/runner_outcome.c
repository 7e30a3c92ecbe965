/* What the ledger and the client hear of a request, and in which order: the intent before the first
 * byte, the outcome before the reply. */
#include "proxy/session/runner_state.h"

#include "policy/comment.h"
#include "protocol/message.h"
#include "protocol/sqlstate.h"
#include "proxy/session/session_state.h"

#include <stdio.h>
#include <stdlib.h>

static bool is_recorded(const struct runner *runner, size_t i)
{
    return statement_is_recorded(runner->request.statements.at[i].kind);
}

void runner_notice(struct session *session, struct span message, struct span hint,
                   struct buffer *out)
{
    if (message.length == 0 || session->runner->facts.client_min_messages > LEVEL_NOTICE) {
        return;
    }
    encode_notice(out, &(struct report_text){"NOTICE", SQLSTATE_SUCCESS, message, {0}, hint});
}

/* The error's message as far as the ledger may have it: a server quotes the text that it stumbles
 * over, and in a statement with a secret that may be the secret. */
static struct span kept_message(const struct runner *runner)
{
    for (size_t i = 0; i < runner->request.statements.count; i++) {
        if (runner->request.statements.at[i].flags & FLAG_SECRET) {
            return span_text("(not kept: the statement holds a secret)");
        }
    }
    return buffer_span(&runner->message);
}

static void tell_comment(struct runner *runner, enum comment_fault fault)
{
    size_t used = strlen(runner->refusal.detail);
    if (fault != COMMENT_NONE) {
        snprintf(runner->refusal.detail + used, sizeof(runner->refusal.detail) - used,
                 ". Its comment was not honoured: %s", comment_fault_text(fault));
    }
}

static void tell_hint(struct runner *runner, size_t statement, const struct rule *rule)
{
    const struct statement_list *list = &runner->request.statements;
    const struct facts unknown = {0}; /* those at hand are of one of the statements only */
    struct buffer hint = {0};
    const struct statement *at = &list->at[statement];
    rule_append_hint(rule, at, span_cut(buffer_span(&runner->request.sql), at->start, at->length),
                     list->count == 1 ? &runner->facts : &unknown, runner->now.tool, &hint);
    snprintf(runner->refusal.hint, sizeof(runner->refusal.hint), "%.*s", (int)hint.length,
             hint.length > 0 ? (const char *)hint.at : "");
    buffer_free(&hint);
}

/* A blocked statement: the rule that says so, for the error. */
static bool refuse_blocked(struct runner *runner)
{
    for (size_t i = 0; i < runner->request.statements.count; i++) {
        const struct decision *decision = &runner->decisions[i];
        if (decision->verdict != VERDICT_BLOCK || runner->settings.mode == MODE_OBSERVE) {
            continue;
        }
        const struct rule *rule = decision->fired[0].rule;
        char message[256];
        snprintf(message, sizeof(message), "%s is refused by ddlguard",
                 runner->request.statements.at[i].tag);
        runner_refuse(runner, SQLSTATE_REFUSED, message);
        const char *because = decision->fired[0].not_because;
        snprintf(runner->refusal.detail, sizeof(runner->refusal.detail), "Rule %s: %s%s%s",
                 rule->id, rule->why, because == NULL ? "" : ", but ",
                 because == NULL ? "" : because);
        tell_comment(runner, decision->comment);
        tell_hint(runner, i, rule);
        return true;
    }
    return false;
}

static void write_intent(struct session *session, size_t i, enum change_kind kind,
                         struct effects *effects)
{
    struct runner *runner = session->runner;
    const struct statement *statement = &runner->request.statements.at[i];
    struct span text =
        span_cut(buffer_span(&runner->request.sql), statement->start, statement->length);
    struct change_who who = {session->database,    session->user,
                             session->application, session->client,
                             session->pid,         runner->request.shape == REQUEST_EXECUTE};
    struct buffer original = {0};
    struct buffer executed = {0};
    struct buffer undo = {0};
    sql_redact(text, statement, &original);
    for (size_t at = 0; at < runner->plan.count && runner->plan.own_count == 0; at++) {
        const struct step *step = &runner->plan.steps[at];
        bool aside = step->kind == STEP_ASIDE && at == runner->plan.aside + 2;
        bool ours =
            step->kind == STEP_PART || step->kind == STEP_BATCH || step->kind == STEP_RUN || aside;
        if (ours && step->sql.length > 0) {
            buffer_append_span(&executed, step->sql);
            buffer_append_u8(&executed, '\0');
        }
    }
    runner->changes[i] = change_id_new(&session->random, session->wall_us);
    struct change_intent intent = {
        .id = runner->changes[i],
        .transaction = transaction_id(&session->transaction, &session->random, session->wall_us),
        .who = &who,
        .statement = statement,
        .sql = buffer_span(&original),
        .executed = buffer_span(&executed),
        .encoding = session->encoding_name,
        .decision = &runner->decisions[i],
        .lock_timeout_ms = runner->plan.lock_timeout_ms,
        .undo = leftover_undo(session, leftover_any, &undo),
    };
    change_write_intent(&effects->ledger, kind, &intent, runner->refusal.sqlstate,
                        span_text(runner->refusal.message), session->wall_us);
    buffer_free(&original);
    buffer_free(&executed);
    buffer_free(&undo);
}

bool outcome_intend(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    bool blocked = refuse_blocked(runner);
    for (size_t i = 0; i < runner->request.statements.count; i++) {
        if (is_recorded(runner, i)) {
            write_intent(session, i, blocked ? CHANGE_DENIED : CHANGE_INTENDED, effects);
        }
    }
    runner->intended = true;
    runner->outcome_written = blocked;
    session_await_ledger(session, effects);
    return session->awaits_ledger;
}

void outcome_forwarded(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    for (size_t i = 0; i < runner->request.statements.count; i++) {
        if (is_recorded(runner, i)) {
            change_write(&effects->ledger, CHANGE_FORWARDED, &runner->changes[i], NULL,
                         session->wall_us);
        }
    }
}

static void add_change(struct session *session, size_t i, struct effects *effects)
{
    struct runner *runner = session->runner;
    struct change_id id = runner->changes[i];
    struct buffer query = {0};
    struct change_undo undo = {0};
    if (runner->plan.aside > 0) {
        undo = leftover_undo(session, leftover_any, &query);
    }
    bool added = transaction_add(&session->transaction, id, &undo);
    buffer_free(&query);
    if (added) {
        struct settings commented = runner->settings;
        comment_apply(buffer_span(&runner->request.sql), &runner->request.statements.at[i],
                      &commented);
        uncommitted_add(session, &commented, runner->facts.client_min_messages > LEVEL_WARNING);
        change_write(&effects->ledger, CHANGE_STMT_OK, &id, NULL, session->wall_us);
        return;
    }
    change_write(&effects->ledger, CHANGE_UNKNOWN, &id,
                 &(struct change_outcome){.message = span_text("out of memory in ddlguard")},
                 session->wall_us);
}

/* Transaction control as the server has answered it: the tag is the truth, not the SQL. */
static void apply_transaction(struct session *session, const struct statement *statement,
                              struct span tag, struct effects *effects)
{
    struct transaction *transaction = &session->transaction;
    enum statement_kind kind = statement->kind;
    struct buffer *ledger = &effects->ledger;
    if (kind == STATEMENT_COMMIT || kind == STATEMENT_ROLLBACK) {
        if (span_is(tag, "COMMIT")) {
            uncommitted_tell_end(session, &session->runner->held);
        }
        transaction_end(transaction, span_is(tag, "COMMIT") ? CHANGE_COMMITTED : CHANGE_ROLLED_BACK,
                        NULL, ledger, session->wall_us);
    } else if (kind == STATEMENT_PREPARE_TRANSACTION) {
        transaction_end(transaction,
                        span_is(tag, "PREPARE TRANSACTION") ? CHANGE_PREPARED : CHANGE_ROLLED_BACK,
                        NULL, ledger, session->wall_us);
    } else if (kind == STATEMENT_RELEASE) {
        transaction_release(transaction, statement->savepoint);
    } else if (kind == STATEMENT_ROLLBACK_TO) {
        transaction_rollback_to(transaction, statement->savepoint, ledger, session->wall_us);
    } else if (kind == STATEMENT_SAVEPOINT &&
               !transaction_savepoint(transaction, statement->savepoint)) {
        transaction_end(transaction, CHANGE_UNKNOWN, NULL, ledger, session->wall_us);
    }
    /* An end of changes is on disk before anything that follows. */
    session_await_ledger(session, effects);
}

/* Of a text that could not be read statement by statement only the tags tell whether it steers
 * transactions: a COMMIT in it has committed what stands before; more than that nobody knows. */
static void watch_unread(struct session *session, struct span body)
{
    struct transaction *transaction = &session->transaction;
    struct span tag;
    if (!decode_command_complete(body, &tag)) {
        return;
    }
    if (span_is(tag, "COMMIT")) {
        transaction->perhaps_committed = transaction->count;
    } else if (span_is(tag, "ROLLBACK") || span_is(tag, "SAVEPOINT") || span_is(tag, "RELEASE") ||
               span_is(tag, "PREPARE TRANSACTION")) {
        transaction->uncertain = true;
    }
}

/* The k-th CommandComplete belongs to the k-th statement: the scanner leaves out empty ones, as the
 * server does. */
void outcome_complete(struct session *session, struct span body, struct effects *effects)
{
    struct runner *runner = session->runner;
    size_t i = runner->completes++;
    struct span tag = {0};
    if (runner->request.statements.at[0].kind == STATEMENT_TOO_LONG) {
        watch_unread(session, body);
    }
    if (i >= runner->request.statements.count) {
        return;
    }
    if (is_recorded(runner, i)) {
        add_change(session, i, effects);
        session->prepared.sql_change |=
            strcmp(runner->request.statements.at[i].tag, "PREPARE") == 0;
    } else if (decode_command_complete(body, &tag)) {
        apply_transaction(session, &runner->request.statements.at[i], tag, effects);
    }
}

/* The statement that failed, and those behind it that never ran. */
static void write_failed(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    struct buffer remains = {0};
    leftover_tell_remains(session, &remains, effects);
    struct change_outcome error = {.sqlstate = span_text(runner->sqlstate),
                                   .message = kept_message(runner),
                                   .attempts = runner->retries + 1,
                                   .remains = buffer_span(&remains)};
    if (runner->refusal.sqlstate != NULL) {
        error.sqlstate = span_text(runner->refusal.sqlstate);
        error.message = span_text(runner->refusal.message);
    }
    struct change_outcome skipped = {.message = span_text("not run: a statement before it failed")};
    for (size_t i = runner->completes; i < runner->request.statements.count; i++) {
        if (is_recorded(runner, i)) {
            change_write(
                &effects->ledger, i == runner->completes ? CHANGE_FAILED : CHANGE_ROLLED_BACK,
                &runner->changes[i], i == runner->completes ? &error : &skipped, session->wall_us);
        }
    }
    buffer_free(&remains);
    if (runner->plan.aside > 0 && runner->run_sent) {
        leftover_tell_aside(session, effects);
    }
}

/* A server that ends the exchange without an answer to every statement: either it or our scanner
 * has counted wrong. */
static void write_unanswered(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    struct change_outcome outcome = {.message = span_text("the server has not said what became of "
                                                          "this statement")};
    for (size_t i = runner->completes; i < runner->request.statements.count; i++) {
        if (is_recorded(runner, i)) {
            change_write(&effects->ledger, CHANGE_UNKNOWN, &runner->changes[i], &outcome,
                         session->wall_us);
        }
    }
}

static bool may_commit_inside(const struct runner *runner)
{
    enum statement_kind kind = runner->request.statements.at[0].kind;
    return kind == STATEMENT_DO || kind == STATEMENT_CALL;
}

/* In a batch these are the end of their own transaction: CREATE DATABASE, a concurrent build … */
static bool commits_by_itself(const struct runner *runner)
{
    return (runner->request.statements.at[0].flags & FLAG_NO_TRANSACTION) != 0;
}

void outcome_write(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    bool failed = runner->run_failed;
    runner->state = RUNNER_OUTCOME;
    if (failed && !runner->outcome_written) {
        write_failed(session, effects);
    } else if (!failed) {
        write_unanswered(session, effects);
    }
    /* Without a transaction block the end of the request is the end of the transaction; a batch
     * goes on up to its Sync, unless the statement went as an exchange of ours. */
    bool ended = runner->request.shape == REQUEST_QUERY || part_is_last(runner) ||
                 (!failed && commits_by_itself(runner));
    if (!ended && may_commit_inside(runner)) { /* also when it has failed behind its COMMIT */
        session->transaction.perhaps_committed = session->transaction.count;
    }
    if (ended && session->pipeline.status == STATUS_IDLE) {
        struct change_outcome error = {.sqlstate = span_text(runner->sqlstate),
                                       .message = kept_message(runner)};
        transaction_end(&session->transaction, failed ? CHANGE_ROLLED_BACK : CHANGE_COMMITTED,
                        failed ? &error : NULL, &effects->ledger, session->wall_us);
    }
    runner->outcome_written = true;
    session_await_ledger(session, effects);
}

static void append_refusal(struct runner *runner, struct buffer *out)
{
    struct refusal *refusal = &runner->refusal;
    if (refusal->detail[0] == '\0') {
        batch_tell(runner, refusal->detail, sizeof(refusal->detail));
    }
    encode_error(out, &(struct report_text){"ERROR", refusal->sqlstate, span_text(refusal->message),
                                            span_text(refusal->detail), span_text(refusal->hint)});
}

/* The one reply, and the end of the plan. */
void outcome_deliver(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    struct pipeline *pipeline = &session->pipeline;
    bool execute = runner->request.shape == REQUEST_EXECUTE;
    turn_leave(runner, effects);
    aside_leave(runner, effects);
    if (runner->has_plan && !runner->run_failed) {
        runner_notice(session, runner->plan.notice, runner->plan.notice_hint, &effects->to_client);
    }
    if (runner->refusal.sqlstate != NULL) {
        append_refusal(runner, &effects->to_client);
    } else {
        buffer_append_span(&effects->to_client, buffer_span(&runner->held));
        effects->to_client.failed |= runner->held.failed;
        batch_append_error(runner, &effects->to_client);
    }
    bool owes = !execute && pipeline->status == STATUS_IDLE && session->debt.length > 0 &&
                !session->client_lost && !session->server_finished;
    if (!execute && !owes) {
        encode_ready(&effects->to_client, (enum transaction_status)pipeline->status);
    } else if (runner->run_failed && pipeline->skip == SKIP_NONE) {
        pipeline->skip = SKIP_OURS;
        pipeline->failed = true;
    }
    if (execute && pipeline->sent == 0) {
        pipeline->sent = 1; /* the Execute itself: its Sync is still to come */
    }
    if (!runner->run_sent) { /* the rest of a long message must not be taken for other messages */
        session->drop_client = runner->request.message_left;
    }
    if (owes) {
        runner_free(runner);
        session->runner = NULL;
        runner_pay_debt(session, effects); /* and then the ReadyForQuery */
        return;
    }
    runner_leave(session, effects);
}

void runner_leave(struct session *session, struct effects *effects)
{
    runner_free(session->runner);
    session->runner = NULL;
    if (session->client_lost || session->server_finished) { /* nothing can follow */
        transaction_end(&session->transaction, CHANGE_ROLLED_BACK, NULL, &effects->ledger,
                        session->wall_us);
        effects->requests |= REQUEST_CLOSE;
        session_enter(session, PHASE_CLOSING, effects);
        return;
    }
    session_enter(session, PHASE_STREAMING, effects);
    effects->offer_client = true;
    if (session->shutting_down && session_is_idle(session)) {
        session_end(session, SQLSTATE_ADMIN_SHUTDOWN,
                    "terminating connection because ddlguard is shutting down", effects);
    }
}
