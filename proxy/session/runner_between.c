/* Exchanges of ours that belong to no request of the client's: putting back settings that are owed,
 * asking whether a name is taken, and closing a portal that is in the way of others. There is no
 * plan, and nothing for the ledger. */
#include "proxy/session/runner_state.h"

#include "policy/sql/sql.h"
#include "protocol/client_message.h"
#include "protocol/server_message.h"
#include "protocol/sqlstate.h"
#include "proxy/session/session_state.h"

#include <stdlib.h>

static struct runner *begin(struct session *session, enum runner_state state,
                            struct effects *effects)
{
    struct runner *runner = calloc(1, sizeof(*runner));
    if (runner == NULL) {
        session_end(session, "53200", "out of memory in ddlguard", effects);
        return NULL;
    }
    session->runner = runner;
    runner->state = state;
    session_enter(session, PHASE_RUNNING, effects);
    return runner;
}

void runner_pay_debt(struct session *session, struct effects *effects)
{
    struct runner *runner = begin(session, RUNNER_DEBT, effects);
    if (runner != NULL) {
        exchange_send(session, runner, buffer_span(&session->debt), effects);
    }
}

void between_debt_ended(struct session *session, struct effects *effects)
{
    if (runner_repeats_canceled(session, buffer_span(&session->debt), effects)) {
        return;
    }
    buffer_free(&session->debt);
    if (session->runner->exchange.failed) {
        session_end(session, SQLSTATE_CONNECTION_FAILURE,
                    "ddlguard could not put lock_timeout back", effects);
        return;
    }
    encode_ready(&effects->to_client, (enum transaction_status)session->pipeline.status);
    runner_leave(session, effects);
}

void runner_ask_name(struct session *session, struct span name, bool of_parse,
                     struct effects *effects)
{
    struct runner *runner = begin(session, RUNNER_NAME, effects);
    struct buffer sql = {0};
    if (runner == NULL) {
        return;
    }
    runner->request.batch_open =
        session->pipeline.sent > 0 || session->pipeline.status != STATUS_IDLE;
    buffer_append_span(&runner->request.sql, name);
    buffer_append_text(&sql, "/* ddlguard */ SELECT 1 FROM pg_catalog.pg_prepared_statements WHERE "
                             "name OPERATOR(pg_catalog.=) ");
    sql_append_literal(&sql, name);
    buffer_append_text(&sql, of_parse ? " AND NOT from_sql" : "");
    effects->to_server.failed |= sql.failed || runner->request.sql.failed;
    exchange_send(session, runner, buffer_span(&sql), effects);
    buffer_free(&sql);
}

void between_name_ended(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (runner->exchange.failed && !runner->exchange.synced) {
        /* The client's batch has failed with our question. */
        buffer_append_span(&effects->to_client, buffer_span(&runner->exchange.error));
    } else if (runner->exchange.rows == 0) {
        prepared_close(&session->prepared, buffer_span(&runner->request.sql));
    } else {
        prepared_confirm(&session->prepared, buffer_span(&runner->request.sql));
    }
    runner_leave(session, effects);
}

/* The client is not in the middle of anything, neither here nor on the server, and its portal can
 * be of use only to one that would have it give no rows once more. */
static bool may_close_portal(const struct session *session)
{
    if (session->phase != PHASE_STREAMING || session->awaits_ledger || session->client_gone ||
        session->skip_client > 0 || session->drop_client > 0 || session->skip_server > 0 ||
        session->long_message != NULL || session->replication ||
        !pipeline_has_spent_portal(&session->pipeline)) {
        return false;
    }
    const struct session_options *options = session->options;
    const struct statement none = {0};
    struct identity who = {session->database, session->user, session->application, session->client,
                           session->wall_us};
    return settings_resolve(options->settings, options->overrides, options->override_count, &who,
                            &none)
               .mode == MODE_ENFORCE;
}

void runner_yield(struct session *session, struct effects *effects)
{
    struct runner *runner = NULL;
    if (!may_close_portal(session)) {
        effects->requests |= REQUEST_YIELD_ANSWER;
        return;
    }
    runner = begin(session, RUNNER_PORTAL, effects);
    if (runner != NULL) {
        runner->exchange.synced = true;
        session->pipeline.unnamed = UNNAMED_NONE;
        portal_close(&session->prepared, span_text(""));
        encode_close(&effects->to_server, 'P', span_text(""));
        encode_sync(&effects->to_server);
    }
}

/* Where no statement runs there is nothing that can fail. If the server finds something yet, its
 * transaction has failed, and the client must hear why. */
void between_portal_ended(struct session *session, struct effects *effects)
{
    buffer_append_span(&effects->to_client, buffer_span(&session->runner->exchange.error));
    effects->requests |= REQUEST_YIELD_ANSWER;
    runner_leave(session, effects);
}
