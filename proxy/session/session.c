/* The session: phases, events and what the shell asks it. Never touches a socket, a clock or a
 * file.
 *
 *      STARTUP -> DIALLING -> LOGIN -> STREAMING <-> DRAINING -> RUNNING -> STREAMING
 *         \-> CANCEL                       any of them -> CLOSING                                */
#include "proxy/session/session_state.h"

#include "protocol/server_message.h"
#include "protocol/sqlstate.h"
#include "proxy/session/runner.h"

#include <stdio.h>
#include <stdlib.h>

typedef bool on_bytes(struct session *session, struct span in, struct effects *effects);

static bool hold(struct session *session, struct span in, struct effects *effects)
{
    (void)session;
    (void)in;
    (void)effects;
    return false;
}

static bool drop(struct session *session, struct span in, struct effects *effects)
{
    (void)session;
    effects->consumed = in.length;
    return false;
}

static const struct {
    const char *name;
    on_bytes *on_client, *on_server;
    bool reads_client, reads_server;
} phases[] = {
    [PHASE_STARTUP] = {"startup", startup_on_client, drop, true, false},
    [PHASE_DIALLING] = {"dialling", hold, drop, false, false},
    [PHASE_LOGIN] = {"login", login_on_client, login_on_server, true, true},
    [PHASE_STREAMING] = {"streaming", traffic_on_client, traffic_on_server, true, true},
    [PHASE_DRAINING] = {"draining", hold, traffic_on_server, false, true},
    [PHASE_RUNNING] = {"running", runner_on_client, runner_on_server, false, true},
    [PHASE_CANCEL] = {"cancel", drop, drop, true, false},
    [PHASE_CLOSING] = {"closing", drop, drop, false, false},
};

struct session *session_new(const struct session_options *options, const char *client_address,
                            uint64_t seed)
{
    struct session *session = calloc(1, sizeof(*session));
    if (session == NULL) {
        return NULL;
    }
    session->options = options;
    session->random = seed;
    session->standard_strings = true;
    pipeline_start(&session->pipeline);
    if (!startup_set_identity(session, (struct span){0}, client_address)) {
        session_free(session);
        return NULL;
    }
    return session;
}

void session_free(struct session *session)
{
    if (session == NULL) {
        return;
    }
    runner_free(session->runner);
    prepared_map_free(&session->prepared);
    transaction_free(&session->transaction);
    buffer_free(&session->startup);
    buffer_free(&session->key);
    buffer_free(&session->debt);
    free(session->long_message);
    free(session->identity);
    free(session->application);
    free(session);
}

void session_enter(struct session *session, enum phase phase, struct effects *effects)
{
    bool read_client = phases[session->phase].reads_client;
    bool is_traffic = phase == PHASE_STREAMING || phase == PHASE_DRAINING || phase == PHASE_RUNNING;
    if (!is_traffic) {
        session_log(effects, "debug", "phase %s -> %s", phases[session->phase].name,
                    phases[phase].name);
    }
    session->phase = phase;
    if (!read_client && phases[phase].reads_client) {
        effects->offer_client = true;
    }
}

/* The server rolls back what is open when its connection ends. But a Sync that is not answered yet
 * may be the commit of an implicit transaction, and nobody will hear how it went. */
static void end_changes(struct session *session, struct effects *effects)
{
    bool committing = session->pipeline.used > 0 && !session->pipeline.failed;
    struct change_outcome outcome = {
        .message = span_text("the connection was lost while the transaction was being committed")};
    transaction_end(&session->transaction, committing ? CHANGE_UNKNOWN : CHANGE_ROLLED_BACK,
                    committing ? &outcome : NULL, &effects->ledger, session->wall_us);
}

/* Nothing more will be heard of the server: what had begun is told to the ledger as it stands. No
 * COMMIT of pending changes is under way unless a plan runs it: the server rolls them back. */
static void settle_changes(struct session *session, struct effects *effects)
{
    if (session->phase == PHASE_RUNNING && session->runner != NULL) {
        runner_on_server_lost(session, effects);
    }
    end_changes(session, effects);
}

void session_end(struct session *session, const char *sqlstate, const char *message,
                 struct effects *effects)
{
    settle_changes(session, effects);
    if (sqlstate != NULL && session->skip_server == 0) { /* not into the middle of a message */
        encode_error(&effects->to_client,
                     &(struct report_text){"FATAL", sqlstate, span_text(message), {0}, {0}});
    }
    if (sqlstate != NULL) {
        session_log(effects, "warn", "closing: %s", message);
    }
    effects->requests |= REQUEST_CLOSE;
    session_enter(session, PHASE_CLOSING, effects);
}

void session_await_ledger(struct session *session, struct effects *effects)
{
    if (effects->ledger.length > 0) {
        session->awaits_ledger = true;
        effects->ledger_wait = true;
    }
}

static void take_clock(struct session *session, const struct session_clock *clock)
{
    session->now_us = clock->now_us;
    session->wall_us = clock->wall_us;
}

static void end_call(struct session *session, struct effects *effects)
{
    uint64_t silence_us = uncommitted_deadline(session); /* while a plan runs there is none */
    effects->deadline_us = session->runner != NULL ? runner_deadline(session->runner) : silence_us;
    /* A buffer without its memory: whatever it held is incomplete and must not be sent. */
    if (effects->to_client.failed || effects->to_server.failed || effects->ledger.failed ||
        session->debt.failed) {
        buffer_reset(&effects->to_client);
        buffer_reset(&effects->to_server);
        effects->requests |= REQUEST_CLOSE;
        session_log(effects, "error", "out of memory: session closed");
        session_enter(session, PHASE_CLOSING, effects);
    }
}

bool session_client_bytes(struct session *session, struct span in,
                          const struct session_clock *clock, struct effects *effects)
{
    if (session->awaits_ledger) {
        return false;
    }
    take_clock(session, clock);
    bool again =
        !session->server_finished && phases[session->phase].on_client(session, in, effects);
    if (!again && session->client_gone && session_reads(session, SIDE_CLIENT)) {
        /* What it had sent is worked off: the server hears that no more comes, behind all of it. */
        effects->requests |= session->server_finished ? 0u : REQUEST_HALF_CLOSE_SERVER;
        session->server_finished = true;
    }
    end_call(session, effects);
    return again;
}

bool session_server_bytes(struct session *session, struct span in,
                          const struct session_clock *clock, struct effects *effects)
{
    if (session->awaits_ledger) {
        return false;
    }
    take_clock(session, clock);
    bool again = phases[session->phase].on_server(session, in, effects);
    end_call(session, effects);
    return again;
}

bool session_is_idle(const struct session *session)
{
    return session->phase == PHASE_STREAMING && session_is_quiet(session) &&
           session->pipeline.sent == 0 && session->pipeline.status == STATUS_IDLE &&
           session->transaction.count == 0 && session->skip_client == 0 && !session->awaits_ledger;
}

static void on_connected(struct session *session, struct span dbname, struct effects *effects)
{
    if (session->phase != PHASE_DIALLING) {
        return;
    }
    startup_send(session, dbname, effects);
    session_enter(session, PHASE_LOGIN, effects);
}

static void on_unreachable(struct session *session, struct span why, struct effects *effects)
{
    char message[320];
    snprintf(message, sizeof(message), "ddlguard cannot reach the server: %.*s",
             (int)(why.length < 256 ? why.length : 256), (const char *)why.at);
    bool unknown = why.length >= 11 && memcmp(why.at, "no upstream", 11) == 0;
    session_end(session, unknown ? SQLSTATE_INVALID_DATABASE : SQLSTATE_CANNOT_CONNECT, message,
                effects);
}

/* The client will send no more. What it has sent is still worked off, and it may still read: only
 * the direction towards the server is closed, behind the last byte (session_client_bytes). */
static void on_client_closed(struct session *session, struct effects *effects)
{
    session->client_gone = true;
    if (phases[session->phase].reads_server) {
        effects->offer_client = true;
        return;
    }
    effects->requests |= REQUEST_CLOSE;
    session_enter(session, PHASE_CLOSING, effects);
}

/* Nobody listens any more. A change under way is seen to its end; an open transaction dies with the
 * server connection, which the server rolls back. */
static void on_client_lost(struct session *session, struct effects *effects)
{
    session->client_gone = true;
    if (session->phase == PHASE_RUNNING || session->awaits_ledger) {
        runner_on_client_lost(session, effects);
        return;
    }
    end_changes(session, effects);
    effects->requests |= REQUEST_CLOSE;
    session_enter(session, PHASE_CLOSING, effects);
}

static void on_server_closed(struct session *session, struct effects *effects)
{
    settle_changes(session, effects);
    effects->requests |= REQUEST_CLOSE;
    session_enter(session, PHASE_CLOSING, effects);
}

static void on_cancel(struct session *session, struct effects *effects)
{
    if (session->phase == PHASE_RUNNING) {
        runner_on_cancel(session, effects);
        return;
    }
    effects->requests |= REQUEST_CANCEL_SERVER;
}

static void on_shutdown(struct session *session, struct effects *effects)
{
    session->shutting_down = true;
    if (session_is_idle(session) || session->phase < PHASE_STREAMING) {
        session_end(session, SQLSTATE_ADMIN_SHUTDOWN,
                    "terminating connection because ddlguard is shutting down", effects);
    }
}

static void on_ledger(struct session *session, bool durable, struct span why,
                      struct effects *effects)
{
    if (!session->awaits_ledger) {
        return;
    }
    session->awaits_ledger = false;
    if (!durable) {
        session_log(effects, "error", "ledger cannot be written: %.*s", (int)why.length,
                    (const char *)why.at);
    }
    if (session->phase == PHASE_RUNNING) {
        runner_on_ledger(session, durable, why, effects);
    } else if (session->client_lost) {
        on_client_lost(session, effects);
    }
    effects->offer_client = true;
    effects->offer_server = true;
}

void session_event(struct session *session, enum session_event event, struct span text,
                   const struct session_clock *clock, struct effects *effects)
{
    take_clock(session, clock);
    if (session->phase == PHASE_CLOSING) {
        session->awaits_ledger = false;
        return;
    }
    switch (event) {
    case SESSION_CONNECTED:
        on_connected(session, text, effects);
        break;
    case SESSION_UNREACHABLE:
        on_unreachable(session, text, effects);
        break;
    case SESSION_CLIENT_CLOSED:
        on_client_closed(session, effects);
        break;
    case SESSION_CLIENT_LOST:
        on_client_lost(session, effects);
        break;
    case SESSION_SERVER_CLOSED:
        on_server_closed(session, effects);
        break;
    case SESSION_LEDGER_DURABLE:
    case SESSION_LEDGER_FAILED:
        on_ledger(session, event == SESSION_LEDGER_DURABLE, text, effects);
        break;
    case SESSION_TIMER:
        runner_on_timer(session, effects);
        uncommitted_on_timer(session, effects);
        break;
    case SESSION_CANCEL:
        on_cancel(session, effects);
        break;
    case SESSION_BLOCKERS:
        runner_on_blockers(session, text);
        break;
    case SESSION_TURN:
        runner_on_turn(session, text, effects);
        break;
    case SESSION_ASIDE_DONE:
    case SESSION_ASIDE_FAILED:
        runner_on_aside(session, event == SESSION_ASIDE_DONE, text, effects);
        break;
    case SESSION_QUEUED:
        runner_on_queued(session, text, effects);
        break;
    case SESSION_YIELD:
        runner_yield(session, effects);
        break;
    case SESSION_YIELDED:
        runner_on_yielded(session, effects);
        break;
    case SESSION_SHUTDOWN:
        on_shutdown(session, effects);
        break;
    case SESSION_KILL:
        on_server_closed(session, effects);
        break;
    }
    end_call(session, effects);
}

bool session_reads(const struct session *session, enum session_side side)
{
    if (session->awaits_ledger) {
        return false;
    }
    if (side == SIDE_SERVER) {
        return phases[session->phase].reads_server;
    }
    if (session->phase == PHASE_LOGIN && session->is_early) {
        return false;
    }
    return phases[session->phase].reads_client || runner_reads_client(session->runner);
}

struct span session_database(const struct session *session)
{
    return span_text(session->database);
}

struct span session_user(const struct session *session)
{
    return span_text(session->user);
}

uint32_t session_server_pid(const struct session *session)
{
    return session->pid;
}

struct span session_cancel_key(const struct session *session)
{
    return buffer_span(&session->key);
}

const char *session_phase_name(const struct session *session)
{
    return phases[session->phase].name;
}
