/* Any message as one line, for logs, tests and docs, and back again from such a line, so that a
 * dialogue is written as it would be traced:
 *
 *      Query "CREATE INDEX i ON t(a)"
 *      Parse "s1" "SELECT 1"          Bind "p" "s1"          Execute "" 0        Sync
 *      CommandComplete "CREATE INDEX"          ReadyForQuery I          DataRow "0" NULL "3s"
 *      ErrorResponse S "ERROR" C "55P03" M "canceling statement due to lock timeout"
 *
 * Texts are in double quotes; backslash escapes \\ \" \n \r \t and \xHH. */
#ifndef PROTOCOL_TRACE_H
#define PROTOCOL_TRACE_H

#include "protocol/buffer.h"

enum trace_side { TRACE_CLIENT, TRACE_SERVER, TRACE_STARTUP };

/* Appends the line (no newline) for the whole message in `message`. A message that cannot be decoded
 * is shown with its tag, length and the first bytes in hex; never fails but for memory. At most
 * `most` bytes of each text are shown, then "..." (0: no limit). */
void trace_message(struct buffer *out, enum trace_side side, struct span message, size_t most);

/* The reverse: appends the bytes of the message that `line` describes. False when it cannot be
 * understood; *reason is then a constant text. Raw bytes: `Raw "\x50\x00"`. */
MUST_USE bool trace_parse(struct buffer *out, enum trace_side side, struct span line,
                          const char **reason);

#endif
