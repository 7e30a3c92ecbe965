/* What the handlers of single client messages share. Every handler looks at one message at the
 * front of the input and says what becomes of it. */
#ifndef PROXY_SESSION_TRAFFIC_H
#define PROXY_SESSION_TRAFFIC_H

#include "protocol/frame.h"
#include "proxy/session/session_state.h"

enum fate {
    FATE_PASS,  /* goes to the server as it is */
    FATE_WAIT,  /* more of it is needed first */
    FATE_FIRST, /* what stands before it in the input must have gone first */
    FATE_TAKEN, /* *effects says what happened; stop here */
};

struct incoming {
    struct frame frame;
    struct span rest; /* from the message on, as far as it is there */
    bool is_first;    /* nothing stands before it in the input */
};

static inline bool incoming_is_whole(const struct incoming *message)
{
    return frame_is_whole(message->frame, message->rest);
}

/* What is there of the body. */
static inline struct span incoming_body(const struct incoming *message)
{
    return span_from(span_cut(message->rest, 0, message->frame.length), FRAME_HEADER_BYTES);
}

static inline bool incoming_is_long(const struct session *session, const struct incoming *message)
{
    return message->frame.length > session->options->inspect_limit;
}

/* Waits until everything sent so far is answered. A batch without its Sync needs a Flush, or the
 * server would keep its answers to itself. */
enum fate traffic_drain(struct session *session, struct effects *effects);
enum fate traffic_refuse_memory(struct session *session, struct effects *effects);
/* Hands a Query to the runner; `sql` is its text, or what is there of it. */
enum fate traffic_start_query(struct session *session, const struct incoming *message,
                              struct span sql, struct effects *effects);

/* traffic_extended.c */
enum fate extended_on_parse(struct session *session, const struct incoming *message,
                            struct effects *effects);
enum fate extended_on_bind(struct session *session, const struct incoming *message,
                           struct effects *effects);
enum fate extended_on_execute(struct session *session, const struct incoming *message,
                              struct effects *effects);
enum fate extended_on_close(struct session *session, const struct incoming *message,
                            struct effects *effects);
/* Remembers a prepared statement under its name. */
enum fate extended_remember(struct session *session, struct span name, struct span sql,
                            const struct statement *statement, struct effects *effects);

/* long_message.c */
enum fate long_on_query(struct session *session, const struct incoming *message,
                        struct effects *effects);
enum fate long_on_parse(struct session *session, const struct incoming *message,
                        struct effects *effects);
/* The bytes of a long message behind its first part. */
bool long_on_rest(struct session *session, struct span in, struct effects *effects);

#endif
