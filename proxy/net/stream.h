/* One socket of a pair: its descriptor, its libevent event, and the bytes that could not go on.
 *
 *      recv --> | worker's buffer, behind what was left of an unfinished message | --> session
 *      send <-- | out: only what the peer did not take at once |
 *
 * Both buffers exist only while there is something in them, so that an idle stream is a descriptor
 * and an event. It knows nothing of messages or sessions, and it never calls anybody: results are
 * values, readiness comes through the callback that the owner gave to stream_open. */
#ifndef PROXY_NET_STREAM_H
#define PROXY_NET_STREAM_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "protocol/buffer.h"

/* A worker's receive buffer, shared by all of its streams: between two events it holds nothing. */
struct receive {
    uint8_t *at;
    size_t capacity; /* bytes */
    bool filled;     /* the last read took all the room: the next one gets more */
};

/* 16 kB takes any ordinary exchange at one go; 256 kB halves the system calls of bulk transfers
 * against 64 kB and more brings nothing (design 3.1). */
#define RECEIVE_FIRST_BYTES 16384u
#define RECEIVE_MOST_BYTES  262144u

MUST_USE bool receive_init(struct receive *receive);
void receive_free(struct receive *receive);

/* What every event looks at comes first, so that it shares cache lines. */
struct stream {
    int fd;       /* -1: closed; all calls below then do nothing */
    short events; /* what the event is armed for */
    bool at_end;  /* the peer's end has been read: nothing more will come */
    bool broken;  /* the peer takes no more bytes; what is sent is dropped */
    bool finish;  /* shutdown(SHUT_WR) as soon as `out` is empty */
    struct buffer out;
    struct buffer in; /* the beginning of an unfinished message */
    struct event event;
};

/* Takes over `fd` (connected, non-blocking) and watches for input. `callback` gets `who` as its
 * argument. */
void stream_open(struct stream *stream, struct event_base *base, int fd, event_callback_fn callback,
                 void *who);
/* At once: what is queued is dropped. Safe to call twice, and for a zeroed stream with fd -1. */
void stream_close(struct stream *stream);

enum stream_status {
    STREAM_DATA,  /* *all: what was left before, and the new bytes behind it */
    STREAM_AGAIN, /* nothing there */
    STREAM_END,   /* the peer has closed its side */
    STREAM_LOST,  /* reset */
};

/* One recv. On STREAM_DATA the bytes lie in the receive buffer or in *held, which is stream->in
 * taken out; stream_keep puts back what was not used of them (a tail of *all), and must be called.
 */
enum stream_status stream_receive(struct stream *stream, struct receive *receive,
                                  struct buffer *held, struct span *all);
/* False: no memory; the rest is lost. */
MUST_USE bool stream_keep(struct stream *stream, struct buffer *held, struct span rest);

/* Sends `first`, then `second`, behind what is queued already; what the peer does not take now is
 * queued (copied). False: the peer takes no more bytes, or there is no memory to queue them. */
MUST_USE bool stream_send(struct stream *stream, struct span first, struct span second);
/* Sends what is queued, as far as the peer takes it. False as above. */
MUST_USE bool stream_flush(struct stream *stream);
/* Half-closes behind what is queued. */
void stream_finish(struct stream *stream);

static inline bool stream_is_clogged(const struct stream *stream)
{
    return stream->out.length > 0;
}

/* Armed for input, with nothing queued: stream_arm would change nothing. */
static inline bool stream_is_quiet(const struct stream *stream)
{
    return stream->events == EV_READ && stream->out.length == 0 && !stream->at_end;
}

/* Arms the event: for input if `reads`, for room if there is something queued. A stream that is not
 * read is left armed until input really comes (most pauses end before): then stream_pause. */
void stream_arm(struct stream *stream, bool reads);
/* Input came while nobody wants it: from now on only changes wake us, such as a reset, instead of
 * the same input again and again. */
void stream_pause(struct stream *stream);
/* Whether the connection has failed, without reading from it. */
bool stream_is_dead(const struct stream *stream);

#endif
