/* One socket. One recv and one send per event: a read that did not fill the buffer is not tried
 * again, and a write is tried before epoll is asked for room. */
#include "proxy/net/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Up to here the remains of a message are put in front of the new bytes in the receive buffer (the
 * usual case: a header cut in two); beyond, the new bytes are put behind them, so that a large
 * message is not copied again with every read. */
#define REMAINS_MOST_BYTES (RECEIVE_FIRST_BYTES / 2)

bool receive_init(struct receive *receive)
{
    *receive = (struct receive){.at = malloc(RECEIVE_FIRST_BYTES), .capacity = RECEIVE_FIRST_BYTES};
    return receive->at != NULL;
}

void receive_free(struct receive *receive)
{
    free(receive->at);
    *receive = (struct receive){0};
}

/* Without memory it stays as it is. */
static void receive_grow(struct receive *receive)
{
    size_t capacity = receive->capacity * 2;
    uint8_t *grown = malloc(capacity);
    if (grown != NULL) {
        free(receive->at);
        *receive = (struct receive){.at = grown, .capacity = capacity};
    }
}

void stream_open(struct stream *stream, struct event_base *base, int fd, event_callback_fn callback,
                 void *who)
{
    *stream = (struct stream){.fd = fd, .events = EV_READ};
    event_assign(&stream->event, base, fd, EV_READ | EV_PERSIST, callback, who);
    event_add(&stream->event, NULL);
}

void stream_close(struct stream *stream)
{
    if (stream->fd >= 0) {
        event_del(&stream->event);
        close(stream->fd);
        stream->fd = -1;
    }
    buffer_free(&stream->in);
    buffer_free(&stream->out);
}

static enum stream_status receive_status(struct stream *stream, ssize_t count)
{
    if (count > 0) {
        return STREAM_DATA;
    }
    if (count == 0) {
        stream->at_end = true;
        return STREAM_END;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        return STREAM_AGAIN;
    }
    stream->at_end = true;
    return STREAM_LOST;
}

static enum stream_status receive_behind(struct stream *stream, struct buffer *held,
                                         struct span *all)
{
    if (!buffer_reserve(held, RECEIVE_FIRST_BYTES)) {
        return STREAM_LOST;
    }
    ssize_t count = recv(stream->fd, held->at + held->length, held->capacity - held->length, 0);
    if (count > 0) {
        held->length += (size_t)count;
    }
    *all = buffer_span(held);
    return receive_status(stream, count);
}

enum stream_status stream_receive(struct stream *stream, struct receive *receive,
                                  struct buffer *held, struct span *all)
{
    if (receive->filled && receive->capacity < RECEIVE_MOST_BYTES) {
        receive_grow(receive);
    }
    *held = buffer_take(&stream->in);
    if (held->length > 0) {
        if (held->length > REMAINS_MOST_BYTES) {
            return receive_behind(stream, held, all);
        }
        memcpy(receive->at, held->at, held->length);
    }
    size_t room = receive->capacity - held->length;
    ssize_t count = recv(stream->fd, receive->at + held->length, room, 0);
    receive->filled = count > 0 && (size_t)count == room;
    *all = span_of(receive->at, held->length + (count > 0 ? (size_t)count : 0));
    return receive_status(stream, count);
}

bool stream_keep(struct stream *stream, struct buffer *held, struct span rest)
{
    if (rest.length == 0 || stream->fd < 0) {
        buffer_free(held);
        return true;
    }
    if (held->at != NULL && rest.at >= held->at && rest.at < held->at + held->capacity) {
        buffer_consume(held, held->length - rest.length);
    } else {
        buffer_reset(held);
        buffer_append_span(held, rest);
    }
    stream->in = buffer_take(held);
    return !stream->in.failed;
}

/* The peer takes no more. Its own last words may still wait to be read, so reading goes on. */
static void stream_break(struct stream *stream)
{
    stream->broken = true;
    buffer_free(&stream->out);
}

/* Bytes that were taken now; 0 when the peer has no room. -1: it never will. */
static ssize_t send_now(const struct stream *stream, struct span first, struct span second)
{
    ssize_t count;
    if (second.length == 0) {
        count = send(stream->fd, first.at, first.length, MSG_NOSIGNAL);
    } else {
        struct iovec parts[2] = {{(void *)(uintptr_t)first.at, first.length},
                                 {(void *)(uintptr_t)second.at, second.length}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        count = sendmsg(stream->fd, &message, MSG_NOSIGNAL);
    }
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return 0;
    }
    return count;
}

bool stream_send(struct stream *stream, struct span first, struct span second)
{
    if (stream->fd < 0 || stream->broken || first.length + second.length == 0) {
        return stream->fd >= 0 && !stream->broken;
    }
    size_t sent = 0;
    if (stream->out.length == 0) {
        ssize_t count = send_now(stream, first, second);
        if (count < 0) {
            stream_break(stream);
            return false;
        }
        sent = (size_t)count;
        if (sent == first.length + second.length) {
            return true;
        }
    }
    buffer_append_span(&stream->out, span_from(first, sent));
    buffer_append_span(&stream->out,
                       span_from(second, sent > first.length ? sent - first.length : 0));
    if (stream->out.failed) {
        stream_break(stream);
        return false;
    }
    return true;
}

static void finish_now(struct stream *stream)
{
    stream->finish = false;
    /* It can only fail when the connection has, which the next read or write tells. */
    shutdown(stream->fd, SHUT_WR);
}

bool stream_flush(struct stream *stream)
{
    if (stream->fd < 0 || stream->broken) {
        return false;
    }
    if (stream->out.length == 0) {
        return true;
    }
    ssize_t count = send_now(stream, buffer_span(&stream->out), span_of(NULL, 0));
    if (count < 0) {
        stream_break(stream);
        return false;
    }
    buffer_consume(&stream->out, (size_t)count);
    if (stream->out.length == 0) {
        buffer_free(&stream->out);
        if (stream->finish) {
            finish_now(stream);
        }
    }
    return true;
}

void stream_finish(struct stream *stream)
{
    if (stream->fd < 0 || stream->broken) {
        return;
    }
    if (stream->out.length > 0) {
        stream->finish = true;
    } else {
        finish_now(stream);
    }
}

static void stream_rearm(struct stream *stream, short events)
{
    event_callback_fn callback = event_get_callback(&stream->event);
    void *who = event_get_callback_arg(&stream->event);
    struct event_base *base = event_get_base(&stream->event);
    event_del(&stream->event);
    event_assign(&stream->event, base, stream->fd, (short)(events | EV_PERSIST), callback, who);
    event_add(&stream->event, NULL);
    stream->events = events;
}

void stream_arm(struct stream *stream, bool reads)
{
    if (stream->fd < 0) {
        return;
    }
    short events;
    if (stream->out.length > 0) {
        events = reads && !stream->at_end ? EV_READ | EV_WRITE : EV_WRITE;
    } else if (reads && !stream->at_end) {
        events = EV_READ;
    } else if (stream->events == EV_READ && !stream->at_end) {
        return;
    } else {
        events = EV_READ | EV_ET;
    }
    if (events != stream->events) {
        stream_rearm(stream, events);
    }
}

void stream_pause(struct stream *stream)
{
    if (stream->fd >= 0 && stream->events == EV_READ) {
        stream_rearm(stream, EV_READ | EV_ET);
    }
}

bool stream_is_dead(const struct stream *stream)
{
    struct pollfd poll_one = {.fd = stream->fd};
    return poll(&poll_one, 1, 0) == 1 && (poll_one.revents & POLLERR) != 0;
}
