/* Client messages when the session is ready. Nearly all of them only pass: their header is counted
 * and their bytes go on. SQL text is scanned; what needs a plan waits until the wire is quiet and
 * is then handed to the runner. */
#include "proxy/session/traffic.h"

#include "protocol/client_message.h"
#include "protocol/sqlstate.h"
#include "proxy/session/inspect.h"
#include "proxy/session/runner.h"

#include <stdio.h>
#include <stdlib.h>

/* Waits until everything sent so far is answered. A batch without its Sync needs a Flush, or the
 * server would keep its answers to itself. */
enum fate traffic_drain(struct session *session, struct effects *effects)
{
    if (session->pipeline.used == 0 && session->pipeline.due > 0 && !session->flushed) {
        session->flushed = true;
        encode_flush(&effects->to_server);
    }
    session_enter(session, PHASE_DRAINING, effects);
    return FATE_TAKEN;
}

enum fate traffic_refuse_memory(struct session *session, struct effects *effects)
{
    session_end(session, "53200", "out of memory in ddlguard", effects);
    return FATE_TAKEN;
}

enum fate traffic_start_query(struct session *session, const struct incoming *message,
                              struct span sql, struct effects *effects)
{
    struct request request = {.shape = REQUEST_QUERY,
                              .batch_open = session->pipeline.sent > 0,
                              .may_close = session->pipeline.sent == 0,
                              .message_left = message->frame.length - (incoming_is_whole(message)
                                                                           ? message->frame.length
                                                                           : message->rest.length)};
    struct span there = span_cut(message->rest, 0, message->frame.length);
    buffer_append_span(&request.message, there);
    buffer_append_span(&request.sql, sql);
    bool read = false;
    if (request.message_left > 0) {
        request.statements.at = calloc(1, sizeof(struct statement));
        if (request.statements.at != NULL) {
            request.statements.count = 1;
            inspect_too_long(session, buffer_span(&request.sql), request.statements.at);
            read = true;
        }
    } else {
        read = inspect_statements(session, buffer_span(&request.sql), &request.statements);
    }
    if (!read || request.message.failed || request.sql.failed) {
        request_free(&request);
        return traffic_refuse_memory(session, effects);
    }
    effects->consumed = there.length;
    session->flushed = false;
    runner_start(session, &request, effects);
    return FATE_TAKEN;
}

static enum fate on_query(struct session *session, const struct incoming *message,
                          struct effects *effects)
{
    struct query query;
    if (incoming_is_long(session, message)) {
        return long_on_query(session, message, effects);
    }
    if (!incoming_is_whole(message)) {
        return FATE_WAIT;
    }
    if (!decode_query(incoming_body(message), &query)) {
        return FATE_PASS; /* the server refuses it before it runs anything */
    }
    migration_watch_see(&session->migration, query.sql);
    if (!inspect_needs_plan(session, query.sql)) {
        return FATE_PASS;
    }
    if (!message->is_first) {
        return FATE_FIRST;
    }
    if (!session_is_quiet(session)) {
        return traffic_drain(session, effects);
    }
    if (session->pipeline.skip != SKIP_NONE) {
        return FATE_PASS;
    }
    return traffic_start_query(session, message, query.sql, effects);
}

static enum fate on_message(struct session *session, const struct incoming *message,
                            struct effects *effects)
{
    uint8_t tag = message->frame.tag;
    if (session->pipeline.copy_in) {
        return FATE_PASS; /* what does not belong to a COPY is the server's to refuse */
    }
    switch (client_messages[tag].body) {
    case BODY_PASS:
        return FATE_PASS;
    case BODY_NAMES:
        if (message->rest.length == FRAME_HEADER_BYTES &&
            message->frame.length > FRAME_HEADER_BYTES) {
            return FATE_WAIT; /* pipeline_client wants to know whose it is */
        }
        if (prepared_map_is_empty(&session->prepared) || session->pipeline.skip != SKIP_NONE) {
            return FATE_PASS;
        }
        break;
    case BODY_WHOLE:
        break;
    }
    switch (tag) {
    case CLIENT_QUERY:
        return on_query(session, message, effects);
    case CLIENT_PARSE:
        return extended_on_parse(session, message, effects);
    case CLIENT_BIND:
        return extended_on_bind(session, message, effects);
    case CLIENT_EXECUTE:
        return extended_on_execute(session, message, effects);
    case CLIENT_CLOSE:
        return extended_on_close(session, message, effects);
    default:
        return FATE_PASS;
    }
}

/* A refused rewrite has failed for the client but not on the server: what follows up to Sync is
 * dropped here, as the server would have dropped it. */
static bool drop_until_sync(struct session *session, const struct incoming *message,
                            struct effects *effects)
{
    size_t there =
        message->rest.length < message->frame.length ? message->rest.length : message->frame.length;
    session->drop_client = message->frame.length - there;
    effects->consumed = there;
    return true;
}

static bool fail_protocol(struct session *session, const char *what, unsigned value, size_t at,
                          struct effects *effects)
{
    char message[128];
    if (at > 0) { /* what stands before the junk is good and goes first */
        effects->forward = at;
        effects->consumed = at;
        return true;
    }
    snprintf(message, sizeof(message), "%s (%u)", what, value);
    session_end(session, SQLSTATE_PROTOCOL_VIOLATION, message, effects);
    return false;
}

/* Lets the rest of a message pass that was looked at before. */
static size_t pass_rest(size_t *left, struct span in)
{
    size_t pass = *left < in.length ? *left : in.length;
    *left -= pass;
    return pass;
}

/* No message of this type may go before more answers have come: for want of room to count it, or
 * because it is a Query in an open batch. Should that batch fail, the server skips the Query too
 * and never answers it; whether it has failed is known only when it is answered. And a COPY that
 * has not begun is not ended yet: a Sync before its end is not answered, one behind it is. */
static bool must_drain(const struct session *session, uint8_t tag)
{
    const struct pipeline *pipeline = &session->pipeline;
    bool whole_exchange = tag == CLIENT_QUERY || tag == CLIENT_FUNCTION_CALL;
    bool ends_copy = tag == CLIENT_COPY_DONE || tag == CLIENT_COPY_FAIL;
    if (pipeline->copy_in) {
        return false; /* there nothing comes before more is sent */
    }
    return !pipeline_has_room(pipeline) || (whole_exchange && pipeline->due > 0) ||
           (ends_copy && !pipeline_is_quiet(pipeline));
}

/* A portal's name stands first in Bind and Execute. */
static inline bool means_unnamed(const struct incoming *message)
{
    return message->rest.length > FRAME_HEADER_BYTES && message->rest.at[FRAME_HEADER_BYTES] == '\0';
}

bool traffic_on_client(struct session *session, struct span in, struct effects *effects)
{
    if (session->drop_client > 0) {
        effects->consumed = pass_rest(&session->drop_client, in);
        return effects->consumed < in.length;
    }
    if (session->long_message != NULL) {
        return long_on_rest(session, in, effects);
    }
    size_t at = pass_rest(&session->skip_client, in);
    for (;;) {
        struct incoming message = {.rest = span_from(in, at), .is_first = at == 0};
        enum frame_status framed = frame_peek(message.rest, FRAME_LIMIT, &message.frame);
        if (framed == FRAME_MORE) {
            break;
        }
        uint8_t tag = message.rest.at[0];
        size_t rows_end = tag == CLIENT_COPY_DATA ? frame_skip(in, at, tag) : at;
        if (rows_end > at) {
            at = rows_end;
            continue;
        }
        if (framed == FRAME_BAD) {
            return fail_protocol(session, "invalid message length, message type", tag, at, effects);
        }
        if (client_messages[tag].name == NULL) {
            return fail_protocol(session, "invalid frontend message type", tag, at, effects);
        }
        enum fate fate = FATE_PASS;
        if (session->pipeline.skip == SKIP_OURS && tag != CLIENT_SYNC && tag != CLIENT_TERMINATE) {
            if (at == 0) {
                return drop_until_sync(session, &message, effects);
            }
            fate = FATE_FIRST;
        } else if (must_drain(session, tag)) {
            fate = at == 0 ? traffic_drain(session, effects) : FATE_FIRST;
        } else {
            fate = on_message(session, &message, effects);
        }
        if (fate == FATE_TAKEN) {
            return effects->consumed > 0;
        }
        if (fate != FATE_PASS) {
            effects->forward = at;
            effects->consumed = at;
            return fate == FATE_FIRST;
        }
        pipeline_client(&session->pipeline, tag, means_unnamed(&message));
        size_t there =
            message.rest.length < message.frame.length ? message.rest.length : message.frame.length;
        session->skip_client = message.frame.length - there;
        at += there;
        if (session->long_message != NULL) {
            session->skip_client = 0; /* its rest is scanned, not skipped */
            break;
        }
    }
    effects->forward = at;
    effects->consumed = at;
    return false;
}
