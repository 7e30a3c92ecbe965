/* The bytes of a link, and what its session is told. One callback at a time: the session is never
 * called while it is being called, and what comes up meanwhile is noted as due and told afterwards.
 *
 *      readable --> one recv --> session, until it wants no more --> link_obey sends
 *      writable --> flush
 *      alarm    --> the session's timer, or our own limit
 *                                               each ends in link_settle */
#include <assert.h>
#include <errno.h>

#include "proxy/net/link_state.h"
#include "proxy/net/turn.h"

/* How long a client may take to close after us. */
#define LINGER_LIMIT_US (2u * 1000000u)

void link_tell(struct link *link, enum session_event event, struct span text)
{
    struct effects *effects = &link->worker->effects;
    const struct session_clock *clock = worker_clock(link->worker);
    effects_reset(effects);
    session_event(link->session, event, text, clock, effects);
    link_obey(link, SIDE_CLIENT, span_of(NULL, 0));
}

/* The first cause is the one that the log tells of. */
static void note_reason(struct link *link, const char *reason)
{
    if (link->reason == NULL) {
        link->reason = reason;
    }
}

void link_tell_all(struct worker *worker, enum session_event event)
{
    struct link *next;
    for (struct link *link = worker->links; link != NULL; link = next) {
        next = link->next;
        if (link->state == LINK_OPEN) {
            note_reason(link, "the proxy ends");
            link_tell(link, event, span_of(NULL, 0));
            link_settle(link);
        } else if (event == SESSION_KILL) {
            link_die(link, "killed");
        }
    }
}

/* `all`: in the receive buffer, or in *held. */
static void feed(struct link *link, enum session_side side, struct buffer *held, struct span all)
{
    struct effects *effects = &link->worker->effects;
    const struct session_clock *clock = worker_clock(link->worker);
    bool again;
    do {
        effects_reset(effects);
        again = side == SIDE_CLIENT ? session_client_bytes(link->session, all, clock, effects)
                                    : session_server_bytes(link->session, all, clock, effects);
        assert(effects->forward <= effects->consumed && effects->consumed <= all.length);
        size_t consumed = effects->consumed;
        link_obey(link, side, span_of(all.at, effects->forward));
        all = span_from(all, consumed);
    } while (again && link->state == LINK_OPEN);
    if ((all.length > 0 || held->at != NULL) && !stream_keep(&link->streams[side], held, all)) {
        link_die(link, "out of memory");
    }
}

/* A rest that was held back, or none, once more. */
static void offer(struct link *link, enum session_side side)
{
    struct buffer held = buffer_take(&link->streams[side].in);
    feed(link, side, &held, buffer_span(&held));
}

static void on_end(struct link *link, enum session_side side, bool lost)
{
    if (side == SIDE_SERVER) {
        note_reason(link, "server closed");
        link_tell(link, SESSION_SERVER_CLOSED, span_of(NULL, 0));
    } else if (lost) {
        note_reason(link, "client lost");
        stream_close(&link->streams[SIDE_CLIENT]);
        link_tell(link, SESSION_CLIENT_LOST, span_of(NULL, 0));
    } else {
        note_reason(link, "client closed");
        link_tell(link, SESSION_CLIENT_CLOSED, span_of(NULL, 0));
    }
}

static void tell_due(struct link *link)
{
    enum link_due due = (enum link_due)(link->due & -link->due);
    link->due &= ~(unsigned)due;
    switch (due) {
    case DUE_OFFER_CLIENT:
        offer(link, SIDE_CLIENT);
        break;
    case DUE_OFFER_SERVER:
        offer(link, SIDE_SERVER);
        break;
    case DUE_UNREACHABLE:
        link_tell(link, SESSION_UNREACHABLE, span_text(link->unreachable));
        break;
    case DUE_LEDGER_FAILED:
        link_tell(link, SESSION_LEDGER_FAILED, span_text("out of memory"));
        break;
    case DUE_ASIDE_FAILED:
        link_tell(link, SESSION_ASIDE_FAILED, span_text("53200 out of memory in ddlguard"));
        break;
    case DUE_CLIENT_LOST:
        on_end(link, SIDE_CLIENT, true);
        break;
    case DUE_TURN:
        turn_come(link, false);
        break;
    case DUE_QUEUED: {
        struct buffer ahead = buffer_take(&link->ahead);
        link_tell(link, SESSION_QUEUED, buffer_span(&ahead));
        buffer_free(&ahead);
        break;
    }
    }
}

static void arm_alarm(struct link *link)
{
    uint64_t wanted = link->deadline_us;
    if (wanted == 0 || (link->limit_us != 0 && link->limit_us < wanted)) {
        wanted = link->limit_us;
    }
    if (wanted == link->alarm_us) {
        return;
    }
    link->alarm_us = wanted;
    if (wanted == 0) {
        event_del(&link->alarm);
        return;
    }
    uint64_t now_us = worker_clock(link->worker)->now_us;
    uint64_t wait_us = wanted > now_us ? wanted - now_us : 0;
    const struct timeval wait = {.tv_sec = (time_t)(wait_us / 1000000u),
                                 .tv_usec = (suseconds_t)(wait_us % 1000000u)};
    evtimer_add(&link->alarm, &wait);
}

/* From FLUSHING on: when all is flushed the client's own end is awaited, since closing a socket
 * with unread input resets it, and a reset can destroy what the client has not read yet. */
static void settle_closing(struct link *link)
{
    struct stream *client = &link->streams[SIDE_CLIENT];
    if (client->fd < 0 || client->broken || client->at_end) {
        if (!stream_is_clogged(client)) {
            link_die(link, link->reason);
            return;
        }
    } else if (link->state == LINK_FLUSHING && !stream_is_clogged(client)) {
        link_enter(link, LINK_LINGERING);
        link->limit_us = worker_clock(link->worker)->now_us + LINGER_LIMIT_US;
    }
    stream_arm(client, link->state == LINK_LINGERING);
    arm_alarm(link);
}

static bool wants(const struct link *link, enum session_side side)
{
    return session_reads(link->session, side) && !stream_is_clogged(&link->streams[!side]);
}

/* The usual case: everything is armed as it must be, whatever the session wants to read. */
static bool is_settled(const struct link *link)
{
    return link->state == LINK_OPEN && link->due == 0 &&
           stream_is_quiet(&link->streams[SIDE_CLIENT]) &&
           stream_is_quiet(&link->streams[SIDE_SERVER]) &&
           (link->deadline_us | link->limit_us | link->alarm_us) == 0;
}

void link_settle(struct link *link)
{
    if (is_settled(link)) {
        return;
    }
    while (link->due != 0 && link->state == LINK_OPEN) {
        tell_due(link);
    }
    if (link->state == LINK_OPEN) {
        stream_arm(&link->streams[SIDE_CLIENT], wants(link, SIDE_CLIENT));
        stream_arm(&link->streams[SIDE_SERVER], wants(link, SIDE_SERVER));
        arm_alarm(link);
    } else if (link->state != LINK_DEAD) {
        settle_closing(link);
    }
}

static void receive(struct link *link, enum session_side side)
{
    struct stream *stream = &link->streams[side];
    struct buffer held;
    struct span all;
    enum stream_status status = stream_receive(stream, &link->worker->receive, &held, &all);
    if (status == STREAM_DATA) {
        feed(link, side, &held, all);
        return;
    }
    if (!stream_keep(stream, &held, buffer_span(&held))) {
        link_die(link, "out of memory");
    } else if (status != STREAM_AGAIN) {
        on_end(link, side, status == STREAM_LOST);
    }
}

/* Input that nobody wants now stays in the socket; only the connection's death is of interest. */
static void leave(struct link *link, enum session_side side)
{
    struct stream *stream = &link->streams[side];
    if (stream_is_dead(stream) && side == SIDE_CLIENT) {
        on_end(link, side, true);
    } else {
        stream_pause(stream);
    }
}

/* After our last word: whatever comes is read away until the client closes. */
static void discard(struct link *link)
{
    const struct receive *receive = &link->worker->receive;
    struct stream *client = &link->streams[SIDE_CLIENT];
    ssize_t count = recv(client->fd, receive->at, receive->capacity, 0);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        link_die(link, link->reason);
    }
}

static void on_io(struct link *link, enum session_side side, short what)
{
    struct stream *stream = &link->streams[side];
    if ((what & EV_WRITE) != 0 && !stream_flush(stream) && side == SIDE_CLIENT) {
        link->due |= DUE_CLIENT_LOST;
    }
    if ((what & EV_READ) != 0 && stream->fd >= 0) {
        if (link->state == LINK_LINGERING) {
            discard(link);
        } else if (link->state == LINK_OPEN && wants(link, side)) {
            receive(link, side);
        } else if (link->state == LINK_OPEN) {
            leave(link, side);
        }
    }
    link_settle(link);
}

void link_on_client_io(evutil_socket_t fd, short what, void *who)
{
    (void)fd;
    on_io(who, SIDE_CLIENT, what);
}

void link_on_server_io(evutil_socket_t fd, short what, void *who)
{
    (void)fd;
    on_io(who, SIDE_SERVER, what);
}

void link_on_alarm(evutil_socket_t fd, short what, void *who)
{
    (void)fd, (void)what;
    struct link *link = who;
    uint64_t now_us = worker_clock(link->worker)->now_us;
    link->alarm_us = 0; /* no longer armed */
    if (link->limit_us != 0 && now_us >= link->limit_us) {
        link_die(link, link->state == LINK_OPEN ? "login timeout" : link->reason);
    } else if (link->deadline_us != 0 && now_us >= link->deadline_us) {
        link_tell(link, SESSION_TIMER, span_of(NULL, 0));
    }
    link_settle(link);
}
