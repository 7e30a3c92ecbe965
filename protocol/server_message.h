/* Messages from server to client, both ways. decode_* take the body (frame_body) and give spans
 * into it; false means malformed. encode_* append one whole message. */
#ifndef PROTOCOL_SERVER_MESSAGE_H
#define PROTOCOL_SERVER_MESSAGE_H

#include "protocol/buffer.h"

/* Transaction status in ReadyForQuery. */
enum transaction_status { STATUS_IDLE = 'I', STATUS_TRANSACTION = 'T', STATUS_FAILED = 'E' };

/* ErrorResponse and NoticeResponse. A field that is not there has at == NULL. Unknown fields are
 * skipped, as the manual demands. */
struct report {
    struct span severity;       /* 'V' if there (never translated), else 'S' */
    struct span severity_shown; /* 'S' */
    struct span sqlstate, message, detail, hint;
    struct span position; /* decimal, 1-based, in characters of the client's text */
    struct span context, schema, table, column, type, constraint, file, line, routine;
};

struct parameter_status {
    struct span name, value;
};

struct backend_key {
    uint32_t pid;
    struct span key;
};

MUST_USE bool decode_ready(struct span body, enum transaction_status *out);
/* The command tag, such as "CREATE INDEX" or "INSERT 0 1". */
MUST_USE bool decode_command_complete(struct span body, struct span *tag);
MUST_USE bool decode_report(struct span body, struct report *out);
MUST_USE bool decode_parameter_status(struct span body, struct parameter_status *out);
MUST_USE bool decode_backend_key(struct span body, struct backend_key *out);
/* The columns of a DataRow. At most `most` are stored; *count is the row's own number. A NULL value
 * has at == NULL. */
MUST_USE bool decode_data_row(struct span body, struct span *columns, size_t most, size_t *count);
/* Authentication: the request code (0 = Ok, 3 cleartext, 5 md5, 10 SASL, 11, 12). */
MUST_USE bool decode_authentication(struct span body, uint32_t *code);

/* What we say ourselves. Empty spans are left out; severity goes to 'S' and 'V'. */
struct report_text {
    const char *severity; /* "ERROR", "FATAL", "WARNING", "NOTICE" */
    const char *sqlstate;
    struct span message, detail, hint;
};
void encode_error(struct buffer *out, const struct report_text *report);
/* ... that is about a column. */
void encode_column_error(struct buffer *out, const struct report_text *report, struct span schema,
                         struct span table, struct span column);
void encode_notice(struct buffer *out, const struct report_text *report);
/* A copy of an ErrorResponse or NoticeResponse (`tag` 'E' or 'N') with another position; everything
 * else stays as it was, unknown fields included. One that has no position gets none; 0 leaves it
 * out. */
void encode_report_at(struct buffer *out, uint8_t tag, struct span body, uint32_t position);

void encode_ready(struct buffer *out, enum transaction_status status);
void encode_command_complete(struct buffer *out, const char *tag);
void encode_parameter_status(struct buffer *out, const char *name, const char *value);
void encode_backend_key(struct buffer *out, uint32_t pid, struct span key);
void encode_authentication(struct buffer *out, uint32_t code, struct span rest);
/* ParseComplete, BindComplete, CloseComplete, NoData, EmptyQueryResponse, PortalSuspended,
 * CopyDone. */
void encode_bare(struct buffer *out, uint8_t tag);
/* A NULL column has at == NULL. */
void encode_data_row(struct buffer *out, const struct span *columns, size_t count);
/* Text columns of type text, named as given. */
void encode_row_description(struct buffer *out, const char *const *names, size_t count);

#endif
