/* Exchanges of our own with the server. On the wire:
 *
 *      [Close P,] Close S, Parse, Bind, Execute, Close P, Close S, then Sync or Flush
 *      [CloseComplete,] CloseComplete, ParseComplete, BindComplete, DataRow…, CommandComplete,
 *      CloseComplete, CloseComplete [, ReadyForQuery]
 *
 * The first ones are for what an earlier exchange left behind when it failed before its own: the
 * statement, and in a failed transaction the portal, which is gone in all other places. Statement
 * and portal have a name of our own, so that the client's unnamed statement and portals stay what
 * they are. A replication connection knows simple Query only.
 *
 * A statement within another one, whose portal is halfway between its two rows meanwhile:
 *
 *      Close S, Parse S, Bind O, Execute O 1, Close S,                      outer, first row
 *      Parse S, Bind P, Execute P, Close P, Close S,                        inner
 *      Execute O 1, Close O, then Sync or Flush                             outer, second row
 *
 * An error skips the second row, and undoes with the transaction or savepoint what the first did.
 */
#include "proxy/session/runner_state.h"

#include "protocol/client_message.h"
#include "protocol/message.h"
#include "proxy/session/session_state.h"

#include <string.h>

#define OUR_NAME     "_ddlguard"
#define OUTER_NAME   "_ddlguard_outer"
#define OUR_CLOSES   3u
#define OUTER_CLOSES 2u

void exchange_free(struct exchange *exchange)
{
    buffer_free(&exchange->error);
    buffer_free(&exchange->complete);
    *exchange = (struct exchange){0};
}

static void encode_run(struct buffer *out, struct span sql, const struct span *values,
                       uint16_t count)
{
    struct span name = span_text(OUR_NAME);
    encode_parse(out, name, sql);
    encode_bind_values(out, name, name, values, count);
    encode_execute(out, name, 0);
    encode_close(out, 'P', name);
    encode_close(out, 'S', name);
}

/* Up to what the statement itself needs. False: it has gone, as a simple Query. */
static bool exchange_open(struct session *session, struct runner *runner, struct span sql,
                          struct effects *effects)
{
    struct buffer *out = &effects->to_server;
    exchange_free(&runner->exchange);
    runner->exchange.synced = !runner->request.batch_open;
    runner->exchange.closes_due = OUR_CLOSES;
    if (session->replication) {
        runner->exchange.synced = true;
        encode_query(out, sql);
        return false;
    }
    if (session->pipeline.status == STATUS_FAILED) {
        encode_close(out, 'P', span_text(OUR_NAME));
        runner->exchange.closes_due++;
    }
    encode_close(out, 'S', span_text(OUR_NAME));
    return true;
}

static void exchange_close(const struct runner *runner, struct effects *effects)
{
    if (runner->exchange.synced) {
        encode_sync(&effects->to_server);
    } else {
        encode_flush(&effects->to_server);
    }
}

void exchange_send_bound(struct session *session, struct runner *runner, struct span sql,
                         const struct span *values, uint16_t count, struct effects *effects)
{
    if (exchange_open(session, runner, sql, effects)) {
        encode_run(&effects->to_server, sql, values, count);
        exchange_close(runner, effects);
    }
}

void exchange_send(struct session *session, struct runner *runner, struct span sql,
                   struct effects *effects)
{
    exchange_send_bound(session, runner, sql, NULL, 0, effects);
}

void exchange_send_within(struct session *session, struct runner *runner, struct span outer,
                          struct span sql, struct effects *effects)
{
    struct buffer *out = &effects->to_server;
    struct span portal = span_text(OUTER_NAME);
    if (!exchange_open(session, runner, sql, effects)) {
        return;
    }
    runner->exchange.closes_due += OUTER_CLOSES;
    runner->exchange.within = runner->exchange.outer_row = true;
    encode_parse(out, span_text(OUR_NAME), outer);
    encode_bind(out, portal, span_text(OUR_NAME));
    encode_execute(out, portal, 1);
    encode_close(out, 'S', span_text(OUR_NAME));
    encode_run(out, sql, NULL, 0);
    encode_execute(out, portal, 1);
    encode_close(out, 'P', portal);
    exchange_close(runner, effects);
}

bool exchange_close_unnamed(struct session *session, struct effects *effects)
{
    struct pipeline *pipeline = &session->pipeline;
    if (session->replication || pipeline->unnamed == UNNAMED_NONE ||
        (pipeline->unnamed == UNNAMED_OPEN && runner_is_execute(session->runner))) {
        return false;
    }
    pipeline->unnamed = UNNAMED_NONE;
    portal_close(&session->prepared, span_text(""));
    encode_close(&effects->to_server, 'P', span_text(""));
    return true;
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
        exchange->rows += !exchange->outer_row;
        if (row != NULL && !exchange->outer_row) {
            row(runner, body);
        }
        return EXCHANGE_GOES_ON;
    case SERVER_PORTAL_SUSPENDED: /* the outer statement's; nothing else of ours is */
        exchange->outer_row = false;
        return EXCHANGE_GOES_ON;
    case SERVER_COMMAND_COMPLETE:
        exchange->outer_row = exchange->within;
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
