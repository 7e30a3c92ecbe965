/* What a client of the session's fuzz target may say: one message for each number, of every kind
 * and with every sort of text that the session treats apart. */
#ifndef TESTS_FUZZ_SESSION_CLIENT_H
#define TESTS_FUZZ_SESSION_CLIENT_H

#include "protocol/buffer.h"

/* Appends one message. */
void session_client_say(uint8_t which, struct buffer *out);

#endif
