/* Server messages when the session is ready: they pass, whatever their size; their headers are
 * counted. Only two bodies are looked at: ParameterStatus, and the one byte of ReadyForQuery, where
 * a transaction's changes are settled and owed settings are put back. */
#include "proxy/session/session_state.h"

#include "protocol/client_message.h"
#include "protocol/frame.h"
#include "protocol/sqlstate.h"
#include "proxy/session/runner.h"

/* A transaction without COMMIT of its own (a batch up to Sync) has ended: its changes are told to
 * the ledger before the client hears of it. */
static bool settle(struct session *session, enum transaction_status status, struct effects *effects)
{
    if (status != STATUS_IDLE) {
        return false;
    }
    if (session->transaction.count == 0) {
        if (session->transaction.has_id) {
            transaction_free(&session->transaction); /* the next one has an id of its own */
        }
        return false;
    }
    transaction_end(&session->transaction,
                    session->pipeline.failed ? CHANGE_ROLLED_BACK : CHANGE_COMMITTED, NULL,
                    &effects->ledger, session->wall_us);
    session_await_ledger(session, effects);
    return session->awaits_ledger;
}

/* True: ReadyForQuery has been taken out of the stream and the runner gives it to the client later.
 */
static bool takes_ready(struct session *session, enum transaction_status status,
                        struct effects *effects)
{
    pipeline_ready(&session->pipeline, status);
    if (status == STATUS_IDLE && session->pipeline.used == 0) {
        portals_end(&session->prepared, session->pipeline.batch);
    }
    bool idle = status == STATUS_IDLE && pipeline_is_between(&session->pipeline);
    if (idle && session->debt.length > 0 && !session->server_finished) {
        runner_pay_debt(session, effects);
        return true;
    }
    return false;
}

/* A client message waits for the wire to be quiet: is it, or does the batch need a Flush? */
static void drained(struct session *session, struct effects *effects)
{
    if (session->phase != PHASE_DRAINING || session->skip_server > 0) {
        return;
    }
    if (session->pipeline.copy_in) {
        session_enter(session, PHASE_STREAMING, effects);
    } else if (session->pipeline.used > 0) {
        return;
    } else if (session->pipeline.due == 0) {
        session->flushed = false;
        session_enter(session, PHASE_STREAMING, effects);
    } else if (!session->flushed) {
        session->flushed = true;
        encode_flush(&effects->to_server);
    }
}

/* ReadyForQuery is to end the input that is passed on, so that whatever follows comes behind it. */
static bool end_when_idle(struct session *session, struct effects *effects)
{
    if (session->shutting_down && session_is_idle(session)) {
        session_end(session, SQLSTATE_ADMIN_SHUTDOWN,
                    "terminating connection because ddlguard is shutting down", effects);
        return true;
    }
    return false;
}

static bool forward(struct effects *effects, size_t at, bool again)
{
    effects->forward = at;
    effects->consumed = at;
    return again;
}

bool traffic_on_server(struct session *session, struct span in, struct effects *effects)
{
    size_t at = session->skip_server < in.length ? session->skip_server : in.length;
    session->skip_server -= at;
    drained(session, effects);
    for (;;) {
        struct span rest = span_from(in, at);
        struct frame frame;
        enum frame_status framed = frame_peek(rest, FRAME_LIMIT, &frame);
        if (framed == FRAME_MORE) {
            break;
        }
        if (framed == FRAME_BAD) {
            session_end(session, SQLSTATE_CONNECTION_FAILURE,
                        "the server sent a message with an invalid length", effects);
            return false;
        }
        bool is_row = frame.tag == SERVER_DATA_ROW || frame.tag == SERVER_COPY_DATA;
        size_t rows_end = is_row ? frame_skip(in, at, frame.tag) : at;
        if (rows_end > at) {
            at = rows_end;
            continue;
        }
        const struct server_message_info *info = &server_messages[frame.tag];
        bool wanted = info->body == BODY_WHOLE && frame.length <= session->options->inspect_limit;
        if (wanted && !frame_is_whole(frame, rest)) {
            break;
        }
        enum transaction_status status;
        if (frame.tag == SERVER_READY_FOR_QUERY && wanted &&
            decode_ready(frame_body(frame, rest), &status)) {
            if (settle(session, status, effects)) {
                return forward(effects, at, false);
            }
            if (takes_ready(session, status, effects)) {
                effects->forward = at;
                effects->consumed = at + frame.length;
                return true;
            }
        } else if (frame.tag == SERVER_PARAMETER_STATUS && wanted) {
            session_note_parameter(session, frame_body(frame, rest));
        } else {
            pipeline_server(&session->pipeline, frame.tag, info->role);
        }
        size_t there = rest.length < frame.length ? rest.length : frame.length;
        session->skip_server = frame.length - there;
        at += there;
        drained(session, effects);
        if (frame.tag == SERVER_READY_FOR_QUERY && end_when_idle(session, effects)) {
            return forward(effects, at, false);
        }
    }
    return forward(effects, at, false);
}
