/* The log: one line per event on stderr, key=value, written with one write(2) so that the lines of
 * several threads do not mix. It holds no state: who logs brings the level that is in force.
 *
 *      time=2026-01-31T09:30:00.123456Z level=info event=session_end session=7 user=app
 *
 * A line is built and ended:
 *
 *      if (log_shows(limit, LOG_INFO)) {
 *          struct buffer line = log_begin(LOG_INFO, "session_end");
 *          log_number(&line, "session", 7);
 *          log_text(&line, "user", user);
 *          log_end(&line);
 *      }
 *
 * It never logs SQL or message bodies by itself, and it never fails: a line that has no memory is
 * lost. */
#ifndef PROXY_NET_LOG_H
#define PROXY_NET_LOG_H

#include "protocol/buffer.h"

/* clang-format off */
/*    level      text     when */
#define LOG_LEVELS(X)                                                                              \
    X(LOG_ERROR, "error") /* the operator must act */                                              \
    X(LOG_WARN,  "warn")  /* a client was refused or cut off */                                    \
    X(LOG_INFO,  "info")  /* life of sessions and changes */                                       \
    X(LOG_DEBUG, "debug") /* for the developer */
/* clang-format on */

enum log_level {
#define X(level, text) level,
    LOG_LEVELS(X)
#undef X
};

/* False: no such level; *out is left alone. */
MUST_USE bool log_level_parse(struct span text, enum log_level *out);

static inline bool log_shows(enum log_level limit, enum log_level level)
{
    return level <= limit;
}

/* `event`: one word. The line belongs to the caller until log_end. */
struct buffer log_begin(enum log_level level, const char *event);
/* ` key=value`; the value is put in double quotes and escaped where it needs them, so that no value
 * can make up a key or a line. */
void log_text(struct buffer *line, const char *key, struct span value);
void log_number(struct buffer *line, const char *key, uint64_t value);
/* Writes the line and frees it. */
void log_end(struct buffer *line);

#endif
