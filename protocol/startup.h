/* What a client sends before the first tagged message: SSLRequest, GSSENCRequest, CancelRequest and
 * StartupMessage, both ways (manual, "Message Formats" and "Start-up"). Decoded fields are spans
 * into the packet. */
#ifndef PROTOCOL_STARTUP_H
#define PROTOCOL_STARTUP_H

#include "protocol/buffer.h"

enum startup_kind {
    STARTUP_MESSAGE, /* a StartupMessage of major version 3, whatever its minor version */
    STARTUP_SSL,
    STARTUP_GSSENC,
    STARTUP_CANCEL,
    STARTUP_VERSION, /* a StartupMessage of another major version: `version` says which */
    STARTUP_BAD,     /* anything else; `reason` says what was expected and what came */
};

/* Requests stand in the place of the version: a "major" that is never to be one (pqcomm.h). */
#define STARTUP_CODE_CANCEL (1234u << 16 | 5678u)
#define STARTUP_CODE_SSL    (1234u << 16 | 5679u)
#define STARTUP_CODE_GSSENC (1234u << 16 | 5680u)

/* 4 bytes in protocol 3.0, up to 256 in 3.2 (manual, BackendKeyData). */
#define CANCEL_KEY_MIN 4
#define CANCEL_KEY_MAX 256

struct startup {
    enum startup_kind kind;
    uint32_t version;       /* as sent: major << 16 | minor */
    struct span parameters; /* STARTUP_MESSAGE: name NUL value NUL ... without the final NUL */
    uint32_t pid;           /* STARTUP_CANCEL */
    struct span key;        /* STARTUP_CANCEL */
    const char *reason;     /* STARTUP_BAD: constant text */
};

/* `body` is the packet behind its length word (frame_body). Parameters are checked to be pairs of
 * texts, NUL-terminated, to the very end of the packet. */
struct startup startup_decode(struct span body);

/* The next pair; *at starts at 0 and moves. False at the end. */
bool startup_parameter(struct span parameters, size_t *at, struct span *name, struct span *value);
/* The value of one parameter; an empty span with at == NULL when it is not there. The last one
 * wins, as in PostgreSQL. */
struct span startup_parameter_named(struct span parameters, const char *name);

/* `parameters` as in struct startup. */
void startup_encode(struct buffer *out, uint32_t version, struct span parameters);
void startup_encode_ssl(struct buffer *out);
void startup_encode_gssenc(struct buffer *out);
void startup_encode_cancel(struct buffer *out, uint32_t pid, struct span key);

#endif
