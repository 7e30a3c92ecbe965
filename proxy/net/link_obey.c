/* Carries out what the session wants, in the order that its effects promise: records before bytes,
 * bytes before requests. Nothing here calls the session. */
#include <errno.h>
#include <stdlib.h>

#include "protocol/server_message.h"
#include "protocol/sqlstate.h"
#include "proxy/net/cancel_call.h"
#include "proxy/net/link_state.h"
#include "proxy/net/maintenance.h"
#include "proxy/net/maintenance_aside.h"
#include "proxy/net/turn.h"
#include "proxy/net/yield.h"

static void on_ledger_done(void *who, bool ok, const char *why)
{
    letter_post(who, ok ? SESSION_LEDGER_DURABLE : SESSION_LEDGER_FAILED,
                span_text(ok ? NULL : why));
}

static void submit(struct link *link, const struct effects *effects)
{
    struct ledger *ledger = link->worker->proxy->ledger;
    struct maintenance_line *maintenance = link->worker->proxy->maintenance;
    if (maintenance != NULL) {
        maintenance_read_ledger(maintenance, session_database(link->session),
                                buffer_span(&effects->ledger));
    }
    if (!effects->ledger_wait) {
        ledger_submit(ledger, buffer_span(&effects->ledger), NULL, NULL);
        return;
    }
    struct letter *letter = letter_new(link);
    if (letter == NULL) {
        link->due |= DUE_LEDGER_FAILED;
        return;
    }
    link->ledger_waits++;
    ledger_submit(ledger, buffer_span(&effects->ledger), on_ledger_done, letter);
}

static void send_to(struct link *link, enum session_side side, struct span first,
                    struct span second)
{
    struct stream *stream = &link->streams[side];
    if (stream->fd < 0 || first.length + second.length == 0) {
        return;
    }
    /* A server that takes no more has still something to say, which is read as usual. A client that
     * takes no more is lost. */
    if (!stream_send(stream, first, second) && side == SIDE_CLIENT) {
        link->due |= DUE_CLIENT_LOST;
    }
}

static void log_start(const struct link *link)
{
    if (!log_shows(link->worker->proxy->log_level, LOG_INFO)) {
        return;
    }
    struct address client = {.length = sizeof client.at};
    char text[ADDRESS_TEXT_BYTES] = "?";
    if (getpeername(link->streams[SIDE_CLIENT].fd, (struct sockaddr *)&client.at, &client.length) ==
        0) {
        address_text(&client, text);
    }
    struct buffer line = link_log(link, LOG_INFO, "session_start");
    log_text(&line, "client", span_text(text));
    log_text(&line, "user", session_user(link->session));
    log_text(&line, "database", session_database(link->session));
    log_end(&line);
}

static void on_dialled(void *who, int fd, const struct address *address, struct span why)
{
    (void)address;
    struct link *link = who;
    link->dial = NULL;
    if (fd >= 0) {
        stream_open(&link->streams[SIDE_SERVER], link->worker->base, fd, link_on_server_io, link);
        link_tell(link, SESSION_CONNECTED, span_text(link->upstream->dbname));
    } else {
        link->reason = "server unreachable";
        link_tell(link, SESSION_UNREACHABLE, why);
    }
    link_settle(link);
}

/* Only a session that wants a server counts: a CancelRequest gets through when all places are
 * taken. */
static void refuse(struct link *link)
{
    struct buffer out = {0};
    encode_error(&out, &(struct report_text){
                           .severity = "FATAL",
                           .sqlstate = SQLSTATE_TOO_MANY_CONNECTIONS,
                           .message = span_text("too many clients: the proxy serves as many as "
                                                "it may"),
                           .hint = span_text("Raise max_connections of the proxy, and its limit "
                                             "of open files to twice that.")});
    send_to(link, SIDE_CLIENT, buffer_span(&out), span_of(NULL, 0));
    buffer_free(&out);
    link_close(link, "too many clients");
}

static void unreachable(struct link *link, const char *why)
{
    link->reason = "server unreachable";
    link->unreachable = why;
    link->due |= DUE_UNREACHABLE;
}

static void dial(struct link *link)
{
    struct worker *worker = link->worker;
    struct proxy *proxy = worker->proxy;
    link->dialled = true;
    log_start(link);
    if (atomic_fetch_add(&proxy->pairs, 1) >= proxy->pairs_max) {
        atomic_fetch_sub(&proxy->pairs, 1);
        refuse(link);
        return;
    }
    link->counted = true;
    link->upstream = config_upstream(proxy->config, session_database(link->session));
    if (link->upstream == NULL) {
        unreachable(link, "no upstream is configured for this database");
        return;
    }
    link->dial = dial_host(worker, link->upstream->host, link->upstream->port,
                           proxy->config->connect_timeout_ms, on_dialled, link);
    if (link->dial == NULL) {
        unreachable(link, "out of memory");
    }
}

/* The key comes when the server has let the client in: the login is over. */
static void register_key(struct link *link)
{
    link->limit_us = 0;
    if (link->registered) {
        return;
    }
    link->cancel = (struct cancel_entry){.key = session_cancel_key(link->session),
                                         .pid = session_server_pid(link->session),
                                         .pins = &link->pins,
                                         .link = link};
    cancel_map_add(link->worker->proxy->cancels, &link->cancel);
    link->registered = true;
}

static void cancel_server(struct link *link)
{
    const struct stream *server = &link->streams[SIDE_SERVER];
    struct address address = {.length = sizeof address.at};
    if (server->fd < 0 ||
        getpeername(server->fd, (struct sockaddr *)&address.at, &address.length) != 0) {
        return; /* there is nothing left to cancel; whoever waits is answered by deliver_cancel */
    }
    struct worker *waiter = NULL;
    struct mail *done = NULL;
    struct letter *letter = link->canceller;
    if (letter != NULL) {
        link->canceller = NULL;
        letter_turn(letter);
        waiter = letter_worker(letter);
        done = &letter->mail;
    }
    cancel_call_start(link->worker, &address, session_server_pid(link->session),
                      session_cancel_key(link->session), waiter, done);
}

static void forward_cancel(struct link *link)
{
    struct link *target =
        cancel_map_find(link->worker->proxy->cancels, session_server_pid(link->session),
                        session_cancel_key(link->session));
    if (target == NULL || !letter_cancel(target, link)) {
        link_close(link, "cancel request for an unknown session");
    }
}

static void watch(struct link *link)
{
    struct maintenance_line *line = link->worker->proxy->maintenance;
    if (line != NULL && link->upstream != NULL && !link->watched) {
        link->watched =
            maintenance_watch(line, link, link->upstream, session_server_pid(link->session));
    }
}

static void unwatch(struct link *link)
{
    if (link->watched) {
        maintenance_unwatch(link->worker->proxy->maintenance, link);
        link->watched = false;
    }
}

static void obey_aside(struct link *link, unsigned requests)
{
    struct maintenance_line *line = link->worker->proxy->maintenance;
    bool ordered = true;
    if ((requests & REQUEST_ASIDE_CANCEL) != 0) {
        aside_give_up(line, link->id);
    }
    if ((requests & REQUEST_ASIDE) != 0) {
        const struct session_aside aside = session_aside(link->session);
        const struct aside_target target = {link->upstream, session_database(link->session),
                                            session_server_pid(link->session), link->id};
        ordered = aside_prepare(line, link, &target, &aside);
        link->aside = true;
    }
    if ((requests & REQUEST_ASIDE_GO) != 0) {
        ordered = aside_go_ahead(line, link, link->id);
    }
    link->due |= ordered ? 0u : DUE_ASIDE_FAILED;
}

static void obey_requests(struct link *link, unsigned requests)
{
    if ((requests & REQUEST_DIAL) != 0) {
        dial(link);
    }
    if ((requests & REQUEST_REGISTER_KEY) != 0) {
        register_key(link);
    }
    if ((requests & REQUEST_CANCEL_SERVER) != 0) {
        cancel_server(link);
    }
    if ((requests & REQUEST_FORWARD_CANCEL) != 0) {
        forward_cancel(link);
    }
    if ((requests & REQUEST_TURN_BACK) != 0) {
        turn_give_back(link);
    }
    if ((requests & REQUEST_TURN) != 0) {
        turn_ask(link);
    }
    if ((requests & REQUEST_YIELD) != 0) {
        yield_ask_others(link);
    }
    if ((requests & REQUEST_YIELD_ANSWER) != 0) {
        yield_answer(link);
    }
    if ((requests & (REQUEST_ASIDE | REQUEST_ASIDE_GO | REQUEST_ASIDE_CANCEL)) != 0) {
        obey_aside(link, requests);
    }
    if ((requests & REQUEST_WATCH) != 0) {
        watch(link);
    }
    if ((requests & REQUEST_UNWATCH) != 0) {
        unwatch(link);
    }
    if ((requests & REQUEST_HALF_CLOSE_SERVER) != 0) {
        stream_finish(&link->streams[SIDE_SERVER]);
    }
    if ((requests & REQUEST_CLOSE_SERVER) != 0) {
        stream_close(&link->streams[SIDE_SERVER]);
    }
    if ((requests & REQUEST_CLOSE) != 0) {
        link_close(link, link->reason == NULL ? "ended by its session" : link->reason);
    }
}

/* Lines of "level text". */
static void write_log(const struct link *link, struct span lines)
{
    while (lines.length > 0) {
        const uint8_t *end = memchr(lines.at, '\n', lines.length);
        size_t length = end == NULL ? lines.length : (size_t)(end - lines.at);
        const uint8_t *blank = memchr(lines.at, ' ', length);
        size_t word = blank == NULL ? 0 : (size_t)(blank - lines.at);
        enum log_level level = LOG_INFO;
        size_t text_at = log_level_parse(span_of(lines.at, word), &level) ? word + 1 : 0;
        if (log_shows(link->worker->proxy->log_level, level)) {
            struct buffer line = link_log(link, level, "session");
            log_text(&line, "text", span_cut(lines, text_at, length - text_at));
            log_end(&line);
        }
        lines = span_from(lines, length + 1);
    }
}

/* Nothing but bytes to forward, as nearly always. */
static bool is_plain(const struct effects *effects)
{
    return (effects->ledger.length | effects->to_server.length | effects->to_client.length |
            effects->log.length | effects->requests | effects->deadline_us) == 0 &&
           !(effects->ledger.failed | effects->to_server.failed | effects->to_client.failed |
             effects->offer_client | effects->offer_server);
}

void link_obey(struct link *link, enum session_side side, struct span forward)
{
    const struct effects *effects = &link->worker->effects;
    if (is_plain(effects)) {
        link->deadline_us = 0;
        send_to(link, side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT, forward, span_of(NULL, 0));
        return;
    }
    if (effects->ledger.failed || effects->to_server.failed || effects->to_client.failed) {
        link_die(link, "out of memory");
        return;
    }
    if (effects->ledger.length > 0) {
        submit(link, effects);
    }
    const struct span none = span_of(NULL, 0);
    send_to(link, SIDE_SERVER, side == SIDE_CLIENT ? forward : none,
            buffer_span(&effects->to_server));
    send_to(link, SIDE_CLIENT, side == SIDE_SERVER ? forward : none,
            buffer_span(&effects->to_client));
    link->deadline_us = effects->deadline_us;
    link->due |= effects->offer_client ? DUE_OFFER_CLIENT : 0u;
    link->due |= effects->offer_server ? DUE_OFFER_SERVER : 0u;
    if (effects->log.length > 0) { /* before the requests: they may log the end of the link */
        write_log(link, buffer_span(&effects->log));
    }
    if (effects->requests != 0) {
        obey_requests(link, effects->requests);
    }
}
