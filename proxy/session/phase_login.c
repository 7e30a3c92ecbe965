/* Authentication is the server's business: its requests and the client's answers are relayed as
 * they are. The session only bounds the lengths and remembers what it will need: the cancel key and
 * a few parameters. */
#include "proxy/session/session_state.h"

#include "protocol/frame.h"
#include "protocol/message.h"
#include "protocol/server_message.h"
#include "protocol/sqlstate.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

bool login_on_client(struct session *session, struct span in, struct effects *effects)
{
    struct frame frame;
    switch (frame_peek(in, FRAME_LIMIT_LOGIN, &frame)) {
    case FRAME_MORE:
        return false;
    case FRAME_BAD:
        session_end(session, SQLSTATE_PROTOCOL_VIOLATION,
                    "invalid message length during authentication", effects);
        return false;
    case FRAME_READY:
        break;
    }
    /* A client may send its first query before it has heard that it is in: that waits. */
    bool is_login = frame.tag == CLIENT_PASSWORD || frame.tag == CLIENT_TERMINATE;
    session->is_early = !is_login;
    if (!is_login || !frame_is_whole(frame, in)) {
        return false;
    }
    effects->forward = frame.length;
    effects->consumed = frame.length;
    return true;
}

/* "15.20 (Debian …)", "18beta1", "9.6.24" as server_version_num has it. */
static uint32_t version_number(struct span text)
{
    uint32_t parts[3] = {0};
    size_t part = 0;
    for (size_t i = 0; i < text.length && part < 3; i++) {
        if (isdigit(text.at[i]) && parts[part] < 10000) {
            parts[part] = parts[part] * 10 + (uint32_t)(text.at[i] - '0');
        } else if (text.at[i] == '.') {
            part++;
        } else {
            break;
        }
    }
    return parts[0] >= 10 ? parts[0] * 10000 + parts[1]
                          : parts[0] * 10000 + parts[1] * 100 + parts[2];
}

static void set_application(struct session *session, struct span value)
{
    char *copy = malloc(value.length + 1);
    if (copy == NULL) {
        return; /* the old name stays: only a label in the ledger */
    }
    memcpy(copy, value.at, value.length);
    copy[value.length] = '\0';
    free(session->application);
    session->application = copy;
}

void session_note_parameter(struct session *session, struct span body)
{
    struct parameter_status status;
    if (!decode_parameter_status(body, &status)) {
        return;
    }
    if (span_is(status.name, "server_version")) {
        session->server_version = version_number(status.value);
    } else if (span_is(status.name, "standard_conforming_strings")) {
        session->standard_strings = span_is(status.value, "on");
    } else if (span_is(status.name, "client_encoding")) {
        session->encoding = (uint8_t)scan_encoding_named(status.value);
        snprintf(session->encoding_name, sizeof(session->encoding_name), "%.*s",
                 (int)span_cut(status.value, 0, 64).length, (const char *)status.value.at);
    } else if (span_is(status.name, "application_name")) {
        set_application(session, status.value);
    }
}

static void note_key(struct session *session, struct span body, struct effects *effects)
{
    struct backend_key key;
    if (!decode_backend_key(body, &key)) {
        session_log(effects, "warn", "BackendKeyData cannot be read: cancel will not work");
        return;
    }
    session->pid = key.pid;
    buffer_reset(&session->key);
    buffer_append_span(&session->key, key.key);
    if (!session->key.failed) {
        effects->requests |= REQUEST_REGISTER_KEY;
    }
}

/* Takes note of one whole message. False: the login is over, and the session ready. */
static bool note_message(struct session *session, struct frame frame, struct span body,
                         struct effects *effects)
{
    enum transaction_status status;
    if (frame.tag == SERVER_BACKEND_KEY_DATA) {
        note_key(session, body, effects);
    } else if (frame.tag == SERVER_PARAMETER_STATUS) {
        session_note_parameter(session, body);
    } else if (frame.tag == SERVER_READY_FOR_QUERY && decode_ready(body, &status)) {
        session->pipeline.status = (uint8_t)status;
        session_enter(session, PHASE_STREAMING, effects);
        return false;
    }
    return true;
}

bool login_on_server(struct session *session, struct span in, struct effects *effects)
{
    size_t at = 0;
    bool goes_on = true;
    while (goes_on) {
        struct span rest = span_from(in, at);
        struct frame frame;
        enum frame_status framed = frame_peek(rest, FRAME_LIMIT_LOGIN, &frame);
        if (framed == FRAME_BAD) {
            session_end(session, SQLSTATE_PROTOCOL_VIOLATION,
                        "the server sent an invalid message length during authentication", effects);
            return false;
        }
        if (framed == FRAME_MORE || !frame_is_whole(frame, rest)) {
            break;
        }
        goes_on = note_message(session, frame, frame_body(frame, rest), effects);
        at += frame.length;
    }
    effects->forward = at;
    effects->consumed = at;
    effects->offer_client = true; /* a query that came before its time waits for the end of login */
    return !goes_on;
}
