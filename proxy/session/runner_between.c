/* Exchanges of ours that belong to no request of the client's: putting back settings that are owed,
 * and asking whether a name is taken. There is no plan, and nothing for the ledger. */
#include "proxy/session/runner_state.h"

#include "policy/sql/sql.h"
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
