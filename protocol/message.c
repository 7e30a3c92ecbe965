/* The message tables, spread out by tag so that a lookup is one index. Nothing but data. */
#include "protocol/message.h"

const struct client_message_info client_messages[256] = {
#define X(tag, enum_name, text, body) [tag] = {text, body},
    CLIENT_MESSAGES(X)
#undef X
};

const struct server_message_info server_messages[256] = {
#define X(tag, enum_name, text, body, role) [tag] = {text, body, role},
    SERVER_MESSAGES(X)
#undef X
};
