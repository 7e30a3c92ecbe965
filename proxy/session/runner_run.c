/* The client's own statement: sent as it came or rewritten, its reply held until the outcome is on
 * disk, and sent again after a lock timeout.
 *
 *      QUERY     one Query message, ends with ReadyForQuery
 *      EXECUTE   as it came: [Bind] Execute Flush in the client's open batch, ends with its reply
 *                rewritten: an exchange of ours that ends with Sync                              */
#include "proxy/session/runner_state.h"

#include "protocol/client_message.h"
#include "protocol/frame.h"
#include "protocol/message.h"
#include "protocol/sqlstate.h"
#include "proxy/session/session_state.h"

#include <stdio.h>
#include <stdlib.h>

/* A reply longer than this goes to the client before its outcome is known; then there is no other
 * try. Rows (EXPLAIN ANALYZE, CALL) go at once. */
#define HELD_MAX 65536u

static const struct step *run_step(const struct runner *runner)
{
    return &runner->plan.steps[runner->step];
}

static void send_query(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    struct buffer sql = {0};
    if (rewrite_is_made(runner)) {
        rewrite_append(runner, &sql);
        effects->to_server.failed |= sql.failed;
        encode_query(&effects->to_server, buffer_span(&sql));
        buffer_free(&sql);
    } else {
        buffer_append_span(&effects->to_server, buffer_span(&runner->request.message));
        effects->offer_client = runner->request.message_left > 0;
    }
    pipeline_client(&session->pipeline, CLIENT_QUERY, false);
}

/* In a transaction block a portal outlives a Sync, and its name cannot be bound twice. */
static void close_portal(const struct session *session, struct effects *effects)
{
    struct span bind = buffer_span(&session->runner->request.bind);
    struct bind_names names;
    struct frame frame;
    if (session->pipeline.status != STATUS_IDLE &&
        frame_peek(bind, FRAME_LIMIT, &frame) == FRAME_READY &&
        decode_bind_names(frame_body(frame, bind), &names) == NAMES_READY) {
        encode_close(&effects->to_server, 'P', names.portal);
    }
}

static void send_execute(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    struct buffer sql = {0};
    if (rewrite_is_made(runner)) {
        rewrite_append(runner, &sql);
        effects->to_server.failed |= sql.failed;
        exchange_send(session, runner, buffer_span(&sql), effects);
        buffer_free(&sql);
        return;
    }
    /* A Sync of ours has dropped the client's portal: bind it again. */
    runner->bound_again = !runner->request.batch_open && runner->exchange.synced;
    if (runner->bound_again) {
        close_portal(session, effects);
        buffer_append_span(&effects->to_server, buffer_span(&runner->request.bind));
    }
    buffer_append_span(&effects->to_server, buffer_span(&runner->request.message));
    encode_flush(&effects->to_server);
    pipeline_client(&session->pipeline, CLIENT_EXECUTE,
                    runner->request.message.at[FRAME_HEADER_BYTES] == '\0');
}

void run_send(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (!runner->run_sent) {
        outcome_forwarded(session, effects);
    }
    runner->state = RUNNER_RUN;
    runner->run_sent = true;
    runner->completes = 0;
    runner->own_completes = 0;
    runner->guarded = runner->guarded || runner->plan.own_count > 0;
    runner->deadline_us = runner->plan.deadline_ms == 0
                              ? 0
                              : session->now_us + (uint64_t)runner->plan.deadline_ms * 1000;
    if (runner->plan.lock_timeout_ms > 0) {
        runner_watch(runner, effects);
    }
    if (runner_is_execute(runner)) {
        send_execute(session, effects);
    } else {
        send_query(session, effects);
    }
}

static void note_run_error(struct runner *runner, struct span body)
{
    struct report report;
    if (!decode_report(body, &report)) {
        return;
    }
    if (report.sqlstate.length == 5) {
        memcpy(runner->sqlstate, report.sqlstate.at, 5);
    }
    buffer_reset(&runner->message);
    buffer_append_span(&runner->message, report.message);
}

/* The client's own tag, where what has run last has another. */
static void hold_complete(struct runner *runner, struct span message)
{
    if (runner->plan.tag != NULL) {
        encode_command_complete(&runner->held, runner->plan.tag);
    } else {
        buffer_append_span(&runner->held, message);
    }
}

/* The rewritten statement went as an exchange of ours: turn what came of it into the reply. */
static void take_exchange_reply(struct session *session)
{
    struct runner *runner = session->runner;
    struct exchange *exchange = &runner->exchange;
    struct frame frame;
    if (!exchange->failed) {
        hold_complete(runner, buffer_span(&exchange->complete));
        return;
    }
    struct span error = buffer_span(&exchange->error);
    if (frame_peek(error, FRAME_LIMIT, &frame) == FRAME_READY) {
        note_run_error(runner, frame_body(frame, error));
        rewrite_append_report(session, &runner->held, SERVER_ERROR, error,
                              frame_body(frame, error));
    }
    runner->run_failed = true;
}

static void write_outcome(struct session *session, struct effects *effects)
{
    outcome_write(session, effects);
    if (!session->awaits_ledger) {
        runner_next_step(session, effects);
    }
}

void run_end(struct session *session, struct effects *effects)
{
    struct runner *runner = session->runner;
    if (runner_is_execute(runner) && rewrite_is_made(runner)) {
        take_exchange_reply(session);
    }
    bool resync = runner_is_execute(runner) && !rewrite_is_made(runner);
    if (runner->run_failed && run_step(runner)->retry &&
        runner_retry(session, runner->sqlstate, resync, effects)) {
        runner->run_failed = false;
        buffer_reset(&runner->held);
        return;
    }
    runner_stop_watching(runner, effects);
    runner->deadline_us = 0;
    runner->run_ended = true;
    runner->failed_at = runner->step++;
    if (runner->run_failed && resync && !session->server_finished && !runner->request.batch_open &&
        !session->replication) {
        /* The server skips up to Sync: what is to be cleaned up now would be skipped with it. */
        encode_sync(&effects->to_server);
        runner->state = RUNNER_RESYNC;
        return;
    }
    write_outcome(session, effects);
}

/* Part of the reply has to go now: rows, COPY, or more than we hold. */
static bool release(struct runner *runner, struct effects *effects)
{
    runner->released = true;
    if (runner->held.length == 0) {
        return false;
    }
    buffer_append_span(&effects->to_client, buffer_span(&runner->held));
    buffer_reset(&runner->held);
    return true;
}

/* Lets a message pass to the client as it is, behind everything held. */
static bool pass_message(struct session *session, struct frame frame, struct span in,
                         struct effects *effects)
{
    if (release(session->runner, effects)) {
        return true; /* the held bytes first; this message is offered again */
    }
    size_t there = in.length < frame.length ? in.length : frame.length;
    session->skip_server = frame.length - there;
    effects->forward = there;
    effects->consumed = there;
    return true;
}

/* The end of a statement that the plan has put in before the client's next one. */
static bool is_own_complete(struct runner *runner)
{
    const struct plan *plan = &runner->plan;
    bool own = runner->own_completes < plan->own_count &&
               plan->own[runner->own_completes] == runner->completes;
    runner->own_completes += own;
    return own;
}

static void end_execute(struct session *session, uint8_t tag, struct effects *effects)
{
    pipeline_server(&session->pipeline, tag, server_messages[tag].role);
    run_end(session, effects);
}

/* Behind what is held, so that the order stays the server's. */
static bool pass_asynchronous(struct session *session, struct frame frame, struct span message,
                              struct effects *effects)
{
    struct runner *runner = session->runner;
    struct span body = frame_body(frame, message);
    struct buffer *out = runner->held.length > 0 ? &runner->held : &effects->to_client;
    switch (frame.tag) {
    case SERVER_NOTICE:
        rewrite_append_report(session, out, SERVER_NOTICE, message, body);
        return true;
    case SERVER_PARAMETER_STATUS:
        session_note_parameter(session, body);
        buffer_append_span(out, message);
        return true;
    case SERVER_NOTIFICATION:
        buffer_append_span(out, message);
        return true;
    default:
        return false;
    }
}

/* One whole message of the reply to the client's statement. */
static void on_run_message(struct session *session, struct frame frame, struct span message,
                           struct effects *effects)
{
    struct runner *runner = session->runner;
    struct span body = frame_body(frame, message);
    enum transaction_status status;
    if (pass_asynchronous(session, frame, message, effects)) {
        return;
    }
    switch (frame.tag) {
    case SERVER_ERROR:
        note_run_error(runner, body);
        rewrite_append_report(session, &runner->held, SERVER_ERROR, message, body);
        runner->run_failed = true;
        runner->copy_in = false;
        if (runner_is_execute(runner)) {
            end_execute(session, SERVER_ERROR, effects);
        }
        return;
    case SERVER_READY_FOR_QUERY:
        if (decode_ready(body, &status)) {
            pipeline_ready(&session->pipeline, status);
        }
        runner->copy_in = false;
        run_end(session, effects);
        return;
    case SERVER_COMMAND_COMPLETE:
    case SERVER_EMPTY_QUERY:
        if (is_own_complete(runner)) {
            return;
        }
        outcome_complete(session, body, effects);
        hold_complete(runner, message);
        if (runner_is_execute(runner)) {
            end_execute(session, frame.tag, effects);
        }
        return;
    case SERVER_CLOSE_COMPLETE:
    case SERVER_BIND_COMPLETE:
        if (runner->bound_again) {
            return;
        }
        break;
    case SERVER_PORTAL_SUSPENDED:
        /* What gives rows and is recorded (EXPLAIN ANALYZE, CALL) has run to its end before the
         * first of them is sent. */
        outcome_complete(session, body, effects);
        buffer_append_span(&runner->held, message);
        end_execute(session, frame.tag, effects);
        return;
    default:
        break;
    }
    buffer_append_span(&runner->held, message);
}

static bool is_streamed(uint8_t tag)
{
    switch (tag) {
    case SERVER_ROW_DESCRIPTION:
    case SERVER_DATA_ROW:
    case SERVER_COPY_IN:
    case SERVER_COPY_OUT:
    case SERVER_COPY_BOTH:
    case SERVER_COPY_DATA:
    case SERVER_COPY_DONE:
        return true;
    default:
        return false;
    }
}

static bool on_resync(struct session *session, struct frame frame, struct span body,
                      struct effects *effects)
{
    struct runner *runner = session->runner;
    enum transaction_status status;
    effects->consumed = frame.length;
    if (frame.tag == SERVER_READY_FOR_QUERY && decode_ready(body, &status)) {
        session->pipeline.skip = SKIP_NONE;
        session->pipeline.failed = false;
        session->pipeline.status = (uint8_t)status;
        runner->exchange.synced = true; /* the portal is gone: bind again */
        runner->state = RUNNER_PAUSE;
        if (runner->run_ended) {
            write_outcome(session, effects);
        } else if (runner->cancelled) {
            runner_next_step(session, effects);
        }
    }
    return true;
}

bool run_on_server(struct session *session, struct span in, struct effects *effects)
{
    struct runner *runner = session->runner;
    struct frame frame;
    if (session->skip_server > 0) {
        size_t pass = session->skip_server < in.length ? session->skip_server : in.length;
        session->skip_server -= pass;
        effects->forward = pass;
        effects->consumed = pass;
        return pass > 0 && pass < in.length;
    }
    enum frame_status framed = frame_peek(in, FRAME_LIMIT, &frame);
    if (framed == FRAME_MORE) {
        return false;
    }
    if (framed == FRAME_BAD) {
        session_end(session, SQLSTATE_CONNECTION_FAILURE,
                    "the server sent a message with an invalid length", effects);
        return false;
    }
    bool own = runner_is_execute(runner) && rewrite_is_made(runner) && runner->state == RUNNER_RUN;
    /* Reports are read, however long: they say how the statement went. */
    bool large = frame.length > HELD_MAX && frame.tag != SERVER_ERROR && frame.tag != SERVER_NOTICE;
    if (!own && (is_streamed(frame.tag) || large)) {
        if (frame.tag == SERVER_COPY_IN || frame.tag == SERVER_COPY_BOTH) {
            runner->copy_in = true;
            effects->offer_client = true;
        }
        return pass_message(session, frame, in, effects);
    }
    if (!frame_is_whole(frame, in)) {
        return false;
    }
    struct span message = span_cut(in, 0, frame.length);
    if (runner->state == RUNNER_RESYNC) {
        return on_resync(session, frame, frame_body(frame, message), effects);
    }
    effects->consumed = frame.length;
    if (own && frame.tag != SERVER_NOTICE) {
        if (exchange_reply(session, runner, frame.tag, message, frame_body(frame, message), NULL,
                           effects) == EXCHANGE_ENDED) {
            if (!runner->exchange.failed) {
                outcome_complete(
                    session, span_from(buffer_span(&runner->exchange.complete), FRAME_HEADER_BYTES),
                    effects);
            }
            run_end(session, effects);
        }
        return true;
    }
    on_run_message(session, frame, message, effects);
    if (session->runner == runner && runner->held.length > HELD_MAX) {
        (void)release(runner, effects);
    }
    return true;
}
