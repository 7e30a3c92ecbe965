/* Exchanges of our own with the server. On the wire:
 *
 *      [Close P,] Close S, Parse, Bind, Execute, Close P, Close S, then Sync or Flush
 *      [CloseComplete,] CloseComplete, ParseComplete, BindComplete, DataRow…, CommandComplete,
 *      CloseComplete, CloseComplete [, ReadyForQuery]
 *
 * The first ones are for what an earlier exchange left behind when it failed before its own: the
 * statement, and in a failed transaction the portal, which is gone in all other places. Statement
 * and portal have a name of our own, so that the client's unnamed statement and portals stay what
 * they are. A replication connection knows simple Query only. */
#include "proxy/session/runner_state.h"

#include "protocol/client_message.h"
#include "protocol/message.h"
#include "proxy/session/session_state.h"

#include <string.h>

#define OUR_NAME   "_ddlguard"
#define OUR_CLOSES 3u

void exchange_free(struct exchange *exchange)
{
    buffer_free(&exchange->error);
    buffer_free(&exchange->complete);
    *exchange = (struct exchange){0};
}

void exchange_send(struct session *session, struct runner *runner, struct span sql,
                   struct effects *effects)
{
    exchange_send_bound(session, runner, sql, NULL, 0, effects);
}

void exchange_send_bound(struct session *session, struct runner *runner, struct span sql,
                         const struct span *values, uint16_t count, struct effects *effects)
{
    struct span name = span_text(OUR_NAME);
    struct buffer *out = &effects->to_server;
    exchange_free(&runner->exchange);
    runner->exchange.synced = !runner->request.batch_open;
    runner->exchange.closes_due = OUR_CLOSES;
    if (session->replication) {
        runner->exchange.synced = true;
        encode_query(out, sql);
        return;
    }
    if (session->pipeline.status == STATUS_FAILED) {
        encode_close(out, 'P', name);
        runner->exchange.closes_due++;
    }
    encode_close(out, 'S', name);
    encode_parse(out, name, sql);
    encode_bind_values(out, name, name, values, count);
    encode_execute(out, name, 0);
    encode_close(out, 'P', name);
    encode_close(out, 'S', name);
    if (runner->exchange.synced) {
        encode_sync(out);
    } else {
        encode_flush(out);
    }
}

static void note_error(struct exchange *exchange, struct span message, struct span body)
{
    struct report report;
    if (exchange->failed) {
        return; /* the first one is the cause */
    }
    exchange->failed = true;
    buffer_append_span(&exchange->error, message);
    if (decode_report(body, &report) && report.sqlstate.length == 5) {
        memcpy(exchange->sqlstate, report.sqlstate.at, 5);
    }
}

static bool is_fatal(struct span body)
{
    struct report report;
    return decode_report(body, &report) &&
           (span_is(report.severity, "FATAL") || span_is(report.severity, "PANIC"));
}

enum exchange_progress exchange_reply(struct session *session, struct runner *runner, uint8_t tag,
                                      struct span message, struct span body,
                                      void (*row)(struct runner *runner, struct span body),
                                      struct effects *effects)
{
    struct exchange *exchange = &runner->exchange;
    enum transaction_status status;
    switch (tag) {
    case SERVER_ERROR:
        if (is_fatal(body)) {
            buffer_append_span(&effects->to_client, message);
            return EXCHANGE_FATAL;
        }
        note_error(exchange, message, body);
        if (!exchange->synced) {
            /* The batch has failed: the server skips up to the client's Sync. */
            session->pipeline.skip = SKIP_SERVER;
            session->pipeline.failed = true;
            return EXCHANGE_ENDED;
        }
        return EXCHANGE_GOES_ON;
    case SERVER_READY_FOR_QUERY:
        if (decode_ready(body, &status)) {
            session->pipeline.status = (uint8_t)status;
        }
        return exchange->synced ? EXCHANGE_ENDED : EXCHANGE_GOES_ON;
    case SERVER_CLOSE_COMPLETE:
        exchange->closes++;
        return !exchange->synced && exchange->closes == exchange->closes_due ? EXCHANGE_ENDED
                                                                             : EXCHANGE_GOES_ON;
    case SERVER_DATA_ROW:
        exchange->rows++;
        if (row != NULL) {
            row(runner, body);
        }
        return EXCHANGE_GOES_ON;
    case SERVER_COMMAND_COMPLETE:
        buffer_reset(&exchange->complete);
        buffer_append_span(&exchange->complete, message);
        return EXCHANGE_GOES_ON;
    case SERVER_PARAMETER_STATUS:
        session_note_parameter(session, body);
        buffer_append_span(&effects->to_client, message);
        return EXCHANGE_GOES_ON;
    case SERVER_NOTIFICATION:
        buffer_append_span(&effects->to_client, message);
        return EXCHANGE_GOES_ON;
    case SERVER_NOTICE:
        runner_shadow_hear(runner, body);
        if (runner->state == RUNNER_PORTAL) { /* of no statement of ours */
            buffer_append_span(&effects->to_client, message);
        }
        return EXCHANGE_GOES_ON;
    default: /* the rest answers to us alone; notices of our own statements too */
        return EXCHANGE_GOES_ON;
    }
}
