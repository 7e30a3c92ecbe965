/* Any message as one line, for logs, tests and docs, and back again from such a line, so that a
 * dialogue is written as it would be traced:
 *
 *      Query "CREATE INDEX i ON t(a)"
 *      Parse "s1" "SELECT 1"          Bind "p" "s1"          Execute "" 0        Sync
 *      CommandComplete "CREATE INDEX"          ReadyForQuery I          DataRow "0" NULL "3s"
 *      ErrorResponse S "ERROR" C "55P03" M "canceling statement due to lock timeout"
 *      Bind "" "s1" [0 1] ["42" NULL] [1]           RowDescription "id" ["n" 1 2 23 4 -1 0]
 *      StartupMessage 3.0 user "alice" database "a"    CancelRequest 1234 "\x00\x01\x02\x03"
 *      SSLRequest                                      Raw "P\x00\x00\x00\x04"
 *
 * Fields are in the order of the wire (trace_format.h has the list for each message). Texts and
 * bytes are in double quotes; backslash escapes \\ \" \n \r \t and \xHH. Empty lists and bytes at
 * the end of a line may be left out. */
#ifndef PROTOCOL_TRACE_H
#define PROTOCOL_TRACE_H

#include "protocol/buffer.h"

enum trace_side { TRACE_CLIENT, TRACE_SERVER, TRACE_STARTUP };

/* Appends the line (no newline) for the whole message in `message`. What is no whole message, or
 * cannot be decoded, is shown as Raw, header included; never fails but for memory. At most `most`
 * bytes of each text are shown, then ... (0: no limit, and trace_parse then gives the same bytes
 * back, whatever they were). Passwords and cancel keys are shown like all else: whoever logs lines
 * leaves those messages out. */
void trace_message(struct buffer *out, enum trace_side side, struct span message, size_t most);

/* The reverse: appends the bytes of the message that `line` describes. False when it cannot be
 * understood; *reason is then a constant text and nothing was appended. */
MUST_USE bool trace_parse(struct buffer *out, enum trace_side side, struct span line,
                          const char **reason);

#endif
