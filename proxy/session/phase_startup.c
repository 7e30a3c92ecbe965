/* The packets before the first tagged message. SSLRequest and GSSENCRequest are answered 'N'; a
 * CancelRequest makes this a cancel connection; a StartupMessage is kept as it came, minor version
 * and _pq_ options included, until the server leg stands. */
#include "proxy/session/session_state.h"

#include "protocol/frame.h"
#include "protocol/server_message.h"
#include "protocol/sqlstate.h"

#include <stdio.h>
#include <stdlib.h>

static size_t put_text(char *to, struct span text)
{
    if (text.length > 0) {
        memcpy(to, text.at, text.length);
    }
    to[text.length] = '\0';
    return text.length + 1;
}

bool startup_set_identity(struct session *session, struct span parameters, const char *client)
{
    struct span user = startup_parameter_named(parameters, "user");
    struct span database = startup_parameter_named(parameters, "database");
    struct span application = startup_parameter_named(parameters, "application_name");
    if (database.length == 0) {
        database = user; /* manual, StartupMessage: defaults to the user name */
    }
    size_t bytes = strlen(client) + user.length + database.length + 3;
    char *identity = malloc(bytes);
    char *name = malloc(application.length + 1);
    if (identity == NULL || name == NULL) {
        free(identity);
        free(name);
        return false;
    }
    size_t client_bytes = put_text(identity, span_text(client));
    size_t user_bytes = put_text(identity + client_bytes, user);
    put_text(identity + client_bytes + user_bytes, database);
    put_text(name, application);
    free(session->identity);
    free(session->application);
    session->identity = identity;
    session->client = identity;
    session->user = identity + client_bytes;
    session->database = identity + client_bytes + user_bytes;
    session->application = name;
    return true;
}

/* The server's own reading of the parameter (walsender): a boolean, or the word "database". */
static bool is_replication(struct span value)
{
    static const char *const yes[] = {"true", "on", "yes", "1", "database", "t", "y"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        if (value.length == strlen(yes[i]) &&
            strncasecmp((const char *)value.at, yes[i], value.length) == 0) {
            return true;
        }
    }
    return false;
}

static void on_startup_message(struct session *session, const struct startup *startup,
                               struct span packet, struct effects *effects)
{
    buffer_append_span(&session->startup, packet);
    if (session->startup.failed ||
        !startup_set_identity(session, startup->parameters, session->client)) {
        session_end(session, NULL, NULL, effects);
        return;
    }
    session->replication =
        is_replication(startup_parameter_named(startup->parameters, "replication"));
    effects->requests |= REQUEST_DIAL;
    session_enter(session, PHASE_DIALLING, effects);
}

void startup_send(struct session *session, struct span dbname, struct effects *effects)
{
    struct span packet = buffer_span(&session->startup);
    if (dbname.length == 0) {
        buffer_append_span(&effects->to_server, packet);
        buffer_free(&session->startup);
        return;
    }
    struct startup startup = startup_decode(span_from(packet, 4));
    struct buffer parameters = {0};
    struct span name;
    struct span value;
    size_t at = 0;
    while (startup_parameter(startup.parameters, &at, &name, &value)) {
        if (!span_is(name, "database")) {
            buffer_append(&parameters, name.at, name.length + 1); /* with their NUL */
            buffer_append(&parameters, value.at, value.length + 1);
        }
    }
    buffer_append(&parameters, "database", sizeof("database"));
    buffer_append_span(&parameters, dbname);
    buffer_append_u8(&parameters, '\0');
    effects->to_server.failed |= parameters.failed;
    startup_encode(&effects->to_server, startup.version, buffer_span(&parameters));
    buffer_free(&parameters);
    buffer_free(&session->startup);
}

static void on_cancel_request(struct session *session, const struct startup *startup,
                              struct effects *effects)
{
    session->pid = startup->pid;
    buffer_append_span(&session->key, startup->key);
    effects->requests |= REQUEST_FORWARD_CANCEL;
    session_enter(session, PHASE_CANCEL, effects);
}

static void on_other_version(struct session *session, uint32_t version, struct effects *effects)
{
    char message[128];
    snprintf(message, sizeof(message),
             "unsupported frontend protocol %u.%u: ddlguard supports 3.0 to 3.2", version >> 16,
             version & 0xffff);
    session_end(session, SQLSTATE_NOT_SUPPORTED, message, effects);
}

bool startup_on_client(struct session *session, struct span in, struct effects *effects)
{
    struct frame frame;
    switch (frame_peek_startup(in, &frame)) {
    case FRAME_MORE:
        return false;
    case FRAME_BAD:
        /* PostgreSQL closes without a word: the peer does not speak the protocol. */
        session_log(effects, "warn",
                    "invalid startup packet: expected a length of 8 to %u bytes, first bytes are "
                    "%02x %02x %02x %02x",
                    FRAME_LIMIT_STARTUP, in.at[0], in.at[1], in.at[2], in.at[3]);
        session_end(session, NULL, NULL, effects);
        return false;
    case FRAME_READY:
        break;
    }
    if (!frame_is_whole(frame, in)) {
        return false;
    }
    effects->consumed = frame.length;
    struct startup startup = startup_decode(frame_body(frame, in));
    switch (startup.kind) {
    case STARTUP_SSL:
    case STARTUP_GSSENC:
        buffer_append_u8(&effects->to_client, 'N');
        return true;
    case STARTUP_CANCEL:
        on_cancel_request(session, &startup, effects);
        break;
    case STARTUP_MESSAGE:
        on_startup_message(session, &startup, span_cut(in, 0, frame.length), effects);
        break;
    case STARTUP_VERSION:
        on_other_version(session, startup.version, effects);
        break;
    case STARTUP_BAD:
        session_end(session, SQLSTATE_PROTOCOL_VIOLATION, startup.reason, effects);
        break;
    }
    return false;
}
