/* Messages from client to server, both ways. decode_* take the body (frame_body) and give spans
 * into it; false means malformed: missing NUL, trailing bytes, counts that lie. encode_* append one
 * whole message; texts given to them hold no NUL. */
#ifndef PROTOCOL_CLIENT_MESSAGE_H
#define PROTOCOL_CLIENT_MESSAGE_H

#include "protocol/buffer.h"

struct query {
    struct span sql;
};

struct parse {
    struct span name; /* of the prepared statement; empty: the unnamed one */
    struct span sql;
    uint16_t type_count;
    struct span types; /* type_count times 4 bytes */
};

/* The two names a Bind starts with. A Bind may be huge; only its start is looked at. */
struct bind_names {
    struct span portal;
    struct span statement;
};

struct execute {
    struct span portal;
    uint32_t max_rows; /* 0: all */
};

/* Close and Describe: 'S' names a prepared statement, 'P' a portal. */
struct target {
    uint8_t type;
    struct span name;
};

enum names_status { NAMES_READY, NAMES_MORE };

/* Exactly one NUL, at the end. */
MUST_USE bool decode_query(struct span body, struct query *out);
MUST_USE bool decode_parse(struct span body, struct parse *out);
/* `body` may be cut short anywhere: NAMES_MORE when both names are not there yet. For a body that
 * is whole that means malformed. */
MUST_USE enum names_status decode_bind_names(struct span body, struct bind_names *out);
MUST_USE bool decode_execute(struct span body, struct execute *out);
MUST_USE bool decode_target(struct span body, struct target *out);

void encode_query(struct buffer *out, struct span sql);
void encode_parse(struct buffer *out, struct span name, struct span sql);
/* No parameters, results in text. */
void encode_bind(struct buffer *out, struct span portal, struct span statement);
/* The same with parameters, in text; NULL has at == NULL. */
void encode_bind_values(struct buffer *out, struct span portal, struct span statement,
                        const struct span *values, uint16_t count);
void encode_describe(struct buffer *out, uint8_t type, struct span name);
void encode_execute(struct buffer *out, struct span portal, uint32_t max_rows);
void encode_close(struct buffer *out, uint8_t type, struct span name);
void encode_sync(struct buffer *out);
void encode_flush(struct buffer *out);
void encode_terminate(struct buffer *out);
void encode_password(struct buffer *out, struct span password);
void encode_copy_data(struct buffer *out, struct span data);
void encode_copy_done(struct buffer *out);
void encode_copy_fail(struct buffer *out, struct span reason);

#endif
