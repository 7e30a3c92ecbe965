/* The simulated shell. See dialogue_shell.h; what it does and in which order is what proxy/net does
 * with sockets. It never looks into the session's insides. */
#include "tests/unit/session/dialogue_shell.h"

#include <assert.h>
#include <string.h>

/* Calls in a row that consume nothing: the session is turning in circles. */
#define IDLE_CALLS_MOST 1000

/* 2023-11-14T22:13:20Z, as good as any. */
#define WALL_START_US 1700000000000000u

static void shell_break(struct shell *shell, const char *promise)
{
    if (shell->broken == NULL) {
        shell->broken = promise;
    }
}

void shell_start(struct shell *shell, const struct session_options *options,
                 shell_listener *listener, void *who)
{
    *shell = (struct shell){.clock = {.now_us = 1000000, .wall_us = WALL_START_US},
                            .ledger_why = "no space left on device",
                            .listener = listener,
                            .who = who};
    shell->session = session_new(options, "127.0.0.1:51234", 42);
    assert(shell->session != NULL);
}

void shell_stop(struct shell *shell)
{
    session_free(shell->session);
    effects_free(&shell->effects);
    for (int side = 0; side < 2; side++) {
        buffer_free(&shell->socket[side]);
        buffer_free(&shell->rest[side]);
    }
}

static void say(struct shell *shell, enum shell_place place, struct span bytes)
{
    if (bytes.length == 0) {
        return;
    }
    if (place == PLACE_SERVER) {
        if (!shell->server_open) {
            shell_break(shell, "bytes for a server that is not connected");
            return;
        }
        if (shell->server_finished) {
            shell_break(shell, "bytes for the server behind a half-close");
        }
    }
    shell->listener(shell->who, place, bytes);
}

/* These kinds must be on disk before anything else happens (docs/ledger-events.md). */
static bool must_be_durable(struct span line)
{
    static const char *const kinds[] = {"intended", "denied", "committed", "rolled_back",
                                        "failed",   "no_op",  "prepared"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct buffer wanted = {0};
        buffer_append_format(&wanted, "\"kind\":\"%s\"", kinds[i]);
        bool found = memmem(line.at, line.length, wanted.at, wanted.length) != NULL;
        buffer_free(&wanted);
        if (found) {
            return true;
        }
    }
    return false;
}

static void obey_ledger(struct shell *shell)
{
    struct span lines = buffer_span(&shell->effects.ledger);
    bool last_words = (shell->effects.requests & REQUEST_CLOSE) != 0;
    while (lines.length > 0) {
        const uint8_t *end = memchr(lines.at, '\n', lines.length);
        if (end == NULL) {
            shell_break(shell, "a ledger line without its end");
            return;
        }
        struct span line = span_cut(lines, 0, (size_t)(end - lines.at));
        say(shell, PLACE_LEDGER, line);
        lines = span_from(lines, line.length + 1);
        if (must_be_durable(line) && !shell->effects.ledger_wait && !last_words) {
            shell_break(shell, "an intent or an outcome that is not waited for");
        }
    }
    shell->ledger_due = shell->ledger_due || shell->effects.ledger_wait;
}

static void obey_turn(struct shell *shell, unsigned requests)
{
    if ((requests & REQUEST_TURN_BACK) != 0) {
        if (!shell->in_queue) {
            shell_break(shell, "a turn given back that it does not have");
        }
        shell->in_queue = shell->turn_due = false;
        say(shell, PLACE_SHELL, span_text(shell->queue_waits ? "TURN_BACK" : ""));
    }
    if ((requests & REQUEST_TURN) != 0) {
        if (shell->in_queue || session_turn_table(shell->session).length == 0) {
            shell_break(shell, "a turn asked for twice, or at no table");
        }
        shell->in_queue = true;
        shell->turn_due = !shell->queue_waits;
        say(shell, PLACE_SHELL, span_text(shell->queue_waits ? "TURN" : ""));
    }
}

static void obey_requests(struct shell *shell)
{
    static const struct {
        enum session_request request;
        const char *name;
    } names[] = {
        {REQUEST_DIAL, "DIAL"},
        {REQUEST_REGISTER_KEY, "REGISTER_KEY"},
        {REQUEST_CANCEL_SERVER, "CANCEL_SERVER"},
        {REQUEST_FORWARD_CANCEL, "FORWARD_CANCEL"},
        {REQUEST_WATCH, "WATCH"},
        {REQUEST_UNWATCH, "UNWATCH"},
        {REQUEST_HALF_CLOSE_SERVER, "HALF_CLOSE_SERVER"},
        {REQUEST_CLOSE_SERVER, "CLOSE_SERVER"},
        {REQUEST_ASIDE, "ASIDE"},
        {REQUEST_ASIDE_GO, "ASIDE_GO"},
        {REQUEST_ASIDE_CANCEL, "ASIDE_CANCEL"},
        {REQUEST_YIELD_ANSWER, "YIELD_ANSWER"},
        {REQUEST_CLOSE, "CLOSE"},
    };
    unsigned requests = shell->effects.requests;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((requests & names[i].request) != 0) {
            say(shell, PLACE_SHELL, span_text(names[i].name));
        }
    }
    obey_turn(shell, requests);
    if ((requests & REQUEST_YIELD) != 0) {
        shell->yielded_due = !shell->others_wait;
        say(shell, PLACE_SHELL, span_text(shell->others_wait ? "YIELD" : ""));
    }
    shell->server_finished = shell->server_finished || (requests & REQUEST_HALF_CLOSE_SERVER) != 0;
    if ((requests & REQUEST_CLOSE_SERVER) != 0) {
        shell->server_open = false;
    }
    shell->closed = shell->closed || (requests & REQUEST_CLOSE) != 0;
}

/* In the order of the fields. */
static void obey(struct shell *shell, enum session_side side, struct span forward)
{
    struct effects *effects = &shell->effects;
    obey_ledger(shell);
    say(shell, side == SIDE_CLIENT ? PLACE_SERVER : PLACE_CLIENT, forward);
    say(shell, PLACE_SERVER, buffer_span(&effects->to_server));
    say(shell, PLACE_CLIENT, buffer_span(&effects->to_client));
    obey_requests(shell);
    shell->deadline_us = effects->deadline_us;
    shell->offers[SIDE_CLIENT] = shell->offers[SIDE_CLIENT] || effects->offer_client;
    shell->offers[SIDE_SERVER] = shell->offers[SIDE_SERVER] || effects->offer_server;
}

static void tell(struct shell *shell, enum session_event event, struct span text)
{
    effects_reset(&shell->effects);
    session_event(shell->session, event, text, &shell->clock, &shell->effects);
    obey(shell, SIDE_CLIENT, span_of(NULL, 0));
}

/* A side's rest goes to the session for as long as it wants to be called again. */
static void feed(struct shell *shell, enum session_side side)
{
    struct effects *effects = &shell->effects;
    struct buffer *rest = &shell->rest[side];
    bool again = true;
    for (unsigned idle = 0; again && !shell->closed; idle++) {
        effects_reset(effects);
        struct span in = buffer_span(rest);
        again = side == SIDE_CLIENT
                    ? session_client_bytes(shell->session, in, &shell->clock, effects)
                    : session_server_bytes(shell->session, in, &shell->clock, effects);
        if (effects->forward > effects->consumed || effects->consumed > in.length) {
            shell_break(shell, "forward <= consumed <= length");
            shell->closed = true;
            return;
        }
        size_t consumed = effects->consumed;
        obey(shell, side, span_cut(in, 0, effects->forward));
        buffer_consume(rest, consumed);
        idle = consumed > 0 ? 0 : idle;
        if (idle > IDLE_CALLS_MOST) {
            shell_break(shell, "again without an end");
            shell->closed = true;
        }
    }
}

static bool answer_ledger(struct shell *shell)
{
    if (!shell->ledger_due || shell->ledger == LEDGER_WAITS) {
        return false;
    }
    shell->ledger_due = false;
    if (shell->ledger == LEDGER_WORKS) {
        tell(shell, SESSION_LEDGER_DURABLE, span_of(NULL, 0));
    } else {
        tell(shell, SESSION_LEDGER_FAILED, span_text(shell->ledger_why));
    }
    return true;
}

static bool answer_turn(struct shell *shell)
{
    if (!shell->turn_due) {
        return false;
    }
    shell->turn_due = false;
    tell(shell, SESSION_TURN, span_of(NULL, 0));
    return true;
}

static bool answer_yield(struct shell *shell)
{
    if (!shell->yielded_due) {
        return false;
    }
    shell->yielded_due = false;
    tell(shell, SESSION_YIELDED, span_of(NULL, 0));
    return true;
}

static bool offer(struct shell *shell, enum session_side side)
{
    if (!shell->offers[side]) {
        return false;
    }
    shell->offers[side] = false;
    feed(shell, side);
    return true;
}

/* One recv: bytes, or the end. */
static bool read_side(struct shell *shell, enum session_side side)
{
    if (shell->closed || !session_reads(shell->session, side)) {
        return false;
    }
    if (shell->socket[side].length > 0) {
        buffer_append_span(&shell->rest[side], buffer_span(&shell->socket[side]));
        buffer_reset(&shell->socket[side]);
        feed(shell, side);
        return true;
    }
    if (shell->ends[side] && !shell->told_end[side]) {
        shell->told_end[side] = true;
        shell->server_open = shell->server_open && side != SIDE_SERVER;
        tell(shell, side == SIDE_CLIENT ? SESSION_CLIENT_CLOSED : SESSION_SERVER_CLOSED,
             span_of(NULL, 0));
        return true;
    }
    return false;
}

static void pump(struct shell *shell)
{
    for (unsigned rounds = 0; !shell->closed; rounds++) {
        if (rounds > IDLE_CALLS_MOST) {
            shell_break(shell, "offers without an end");
            return;
        }
        bool moved = offer(shell, SIDE_CLIENT) || offer(shell, SIDE_SERVER) ||
                     answer_ledger(shell) || answer_turn(shell) || answer_yield(shell) ||
                     read_side(shell, SIDE_SERVER) || read_side(shell, SIDE_CLIENT);
        if (!moved) {
            return;
        }
    }
}

void shell_receive(struct shell *shell, enum session_side side, struct span bytes)
{
    if (!shell->ends[side]) {
        buffer_append_span(&shell->socket[side], bytes);
    }
    pump(shell);
}

void shell_end(struct shell *shell, enum session_side side)
{
    shell->ends[side] = true;
    pump(shell);
}

void shell_tell(struct shell *shell, enum session_event event, struct span text)
{
    if (shell->closed) {
        return;
    }
    shell->server_open = shell->server_open || event == SESSION_CONNECTED;
    if (event == SESSION_LEDGER_DURABLE || event == SESSION_LEDGER_FAILED) {
        shell->ledger_due = false;
    }
    if (event == SESSION_CLIENT_LOST) { /* its socket is closed, and what was in it is gone */
        buffer_reset(&shell->socket[SIDE_CLIENT]);
        buffer_reset(&shell->rest[SIDE_CLIENT]);
        shell->ends[SIDE_CLIENT] = shell->told_end[SIDE_CLIENT] = true;
    }
    tell(shell, event, text);
    pump(shell);
}

void shell_pass_time(struct shell *shell, uint64_t us)
{
    shell->clock.now_us += us;
    shell->clock.wall_us += us;
    if (!shell->closed && shell->deadline_us != 0 && shell->clock.now_us >= shell->deadline_us) {
        shell_tell(shell, SESSION_TIMER, span_of(NULL, 0));
    }
}
