/* The two message tables of protocol 3.0 and 3.2: one row per message type, with the name that the
 * manual gives it ("Message Formats"), how much of it the program looks at, and what it means for
 * the count of replies. A tag that is not here is unknown: its sender gets a protocol error.
 *
 * Tags mean different things in the two directions ('C' is Close from a client and CommandComplete
 * from a server), hence two tables. */
#ifndef PROTOCOL_MESSAGE_H
#define PROTOCOL_MESSAGE_H

#include "protocol/span.h"

/* How much of the body the program wants to see before the message goes on. */
enum message_body {
    BODY_PASS,  /* nothing: it streams through, whatever its size */
    BODY_NAMES, /* the names at its start, and those only when the session knows prepared DDL */
    BODY_WHOLE, /* all of it, up to the inspection limit */
};

/* What a message of the server's is in the reply to the client's messages. */
enum reply_role {
    REPLY_PART,    /* more of the same reply follows */
    REPLY_END,     /* the last of the reply to one extended-protocol message */
    REPLY_ERROR,   /* ends the reply, and skips what follows up to Sync */
    REPLY_READY,   /* ReadyForQuery: ends an exchange */
    REPLY_COPY_IN, /* the server now reads CopyData: Sync and Flush mean nothing meanwhile */
    REPLY_COPY,    /* CopyOutResponse, CopyBothResponse */
    REPLY_ASYNC,   /* may come at any time and belongs to no reply */
    REPLY_LOGIN,   /* only before the first ReadyForQuery */
};

/* Tables read by columns. */
/* clang-format off */
/*    tag  ENUM              name                    body     */
#define CLIENT_MESSAGES(X)                                                                         \
    X('Q', QUERY,            "Query",                BODY_WHOLE)                                   \
    X('P', PARSE,            "Parse",                BODY_WHOLE)                                   \
    X('B', BIND,             "Bind",                 BODY_NAMES)                                   \
    X('E', EXECUTE,          "Execute",              BODY_NAMES)                                   \
    X('D', DESCRIBE,         "Describe",             BODY_PASS)                                    \
    X('C', CLOSE,            "Close",                BODY_NAMES)                                   \
    X('S', SYNC,             "Sync",                 BODY_PASS)                                    \
    X('H', FLUSH,            "Flush",                BODY_PASS)                                    \
    X('F', FUNCTION_CALL,    "FunctionCall",         BODY_PASS)                                    \
    X('d', COPY_DATA,        "CopyData",             BODY_PASS)                                    \
    X('c', COPY_DONE,        "CopyDone",             BODY_PASS)                                    \
    X('f', COPY_FAIL,        "CopyFail",             BODY_PASS)                                    \
    X('p', PASSWORD,         "PasswordMessage",      BODY_PASS)                                    \
    X('X', TERMINATE,        "Terminate",            BODY_PASS)

/*    tag  ENUM              name                    body        role */
#define SERVER_MESSAGES(X)                                                                         \
    X('R', AUTHENTICATION,   "Authentication",       BODY_PASS,  REPLY_LOGIN)                      \
    X('K', BACKEND_KEY_DATA, "BackendKeyData",       BODY_WHOLE, REPLY_LOGIN)                      \
    X('v', NEGOTIATE,        "NegotiateProtocolVersion", BODY_PASS, REPLY_LOGIN)                   \
    X('S', PARAMETER_STATUS, "ParameterStatus",      BODY_WHOLE, REPLY_ASYNC)                      \
    X('N', NOTICE,           "NoticeResponse",       BODY_PASS,  REPLY_ASYNC)                      \
    X('A', NOTIFICATION,     "NotificationResponse", BODY_PASS,  REPLY_ASYNC)                      \
    X('E', ERROR,            "ErrorResponse",        BODY_PASS,  REPLY_ERROR)                      \
    X('Z', READY_FOR_QUERY,  "ReadyForQuery",        BODY_WHOLE, REPLY_READY)                      \
    X('1', PARSE_COMPLETE,   "ParseComplete",        BODY_PASS,  REPLY_END)                        \
    X('2', BIND_COMPLETE,    "BindComplete",         BODY_PASS,  REPLY_END)                        \
    X('3', CLOSE_COMPLETE,   "CloseComplete",        BODY_PASS,  REPLY_END)                        \
    X('n', NO_DATA,          "NoData",               BODY_PASS,  REPLY_END)                        \
    X('T', ROW_DESCRIPTION,  "RowDescription",       BODY_PASS,  REPLY_END)                        \
    X('t', PARAMETER_DESCRIPTION, "ParameterDescription", BODY_PASS, REPLY_PART)                   \
    X('D', DATA_ROW,         "DataRow",              BODY_PASS,  REPLY_PART)                       \
    X('C', COMMAND_COMPLETE, "CommandComplete",      BODY_PASS,  REPLY_END)                        \
    X('I', EMPTY_QUERY,      "EmptyQueryResponse",   BODY_PASS,  REPLY_END)                        \
    X('s', PORTAL_SUSPENDED, "PortalSuspended",      BODY_PASS,  REPLY_END)                        \
    X('V', FUNCTION_RESULT,  "FunctionCallResponse", BODY_PASS,  REPLY_PART)                       \
    X('G', COPY_IN,          "CopyInResponse",       BODY_PASS,  REPLY_COPY_IN)                    \
    X('H', COPY_OUT,         "CopyOutResponse",      BODY_PASS,  REPLY_COPY)                       \
    X('W', COPY_BOTH,        "CopyBothResponse",     BODY_PASS,  REPLY_COPY)                       \
    X('d', COPY_DATA,        "CopyData",             BODY_PASS,  REPLY_PART)                       \
    X('c', COPY_DONE,        "CopyDone",             BODY_PASS,  REPLY_PART)
/* clang-format on */

enum client_tag {
#define X(tag, name, text, body) CLIENT_##name = tag,
    CLIENT_MESSAGES(X)
#undef X
};

enum server_tag {
#define X(tag, name, text, body, role) SERVER_##name = tag,
    SERVER_MESSAGES(X)
#undef X
};

struct client_message_info {
    const char *name; /* NULL: no such message */
    enum message_body body;
};

struct server_message_info {
    const char *name; /* NULL: no such message */
    enum message_body body;
    enum reply_role role;
};

/* Indexed by the tag; constant, 256 rows each. */
extern const struct client_message_info client_messages[256];
extern const struct server_message_info server_messages[256];

#endif
