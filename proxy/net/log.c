/* One line per event: built in a buffer, written at once. What is written here came partly from
 * peers (user names, addresses, error texts), so every value is quoted against forged lines. */
#include "proxy/net/log.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

static const char *const names[] = {
#define X(level, text) [level] = text,
    LOG_LEVELS(X)
#undef X
};

bool log_level_parse(struct span text, enum log_level *out)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (span_is(text, names[i])) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

struct buffer log_begin(enum log_level level, const char *event)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm utc;
    gmtime_r(&now.tv_sec, &utc);
    struct buffer line = {0};
    buffer_append_format(&line, "time=%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ level=%s event=%s",
                         utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                         utc.tm_sec, now.tv_nsec / 1000, names[level], event);
    return line;
}

/* Bytes above 0x7f are left as they are: names in UTF-8 stay readable. */
static bool needs_quotes(struct span value)
{
    for (size_t i = 0; i < value.length; i++) {
        uint8_t byte = value.at[i];
        if (byte <= ' ' || byte == '"' || byte == '\\' || byte == '=' || byte == 0x7f) {
            return true;
        }
    }
    return value.length == 0;
}

static void append_quoted(struct buffer *line, struct span value)
{
    buffer_append_u8(line, '"');
    for (size_t i = 0; i < value.length; i++) {
        uint8_t byte = value.at[i];
        if (byte == '"' || byte == '\\') {
            buffer_append_u8(line, '\\');
            buffer_append_u8(line, byte);
        } else if (byte == '\n') {
            buffer_append_text(line, "\\n");
        } else if (byte < ' ' || byte == 0x7f) {
            buffer_append_format(line, "\\x%02x", byte);
        } else {
            buffer_append_u8(line, byte);
        }
    }
    buffer_append_u8(line, '"');
}

void log_text(struct buffer *line, const char *key, struct span value)
{
    buffer_append_format(line, " %s=", key);
    if (needs_quotes(value)) {
        append_quoted(line, value);
    } else {
        buffer_append_span(line, value);
    }
}

void log_number(struct buffer *line, const char *key, uint64_t value)
{
    buffer_append_format(line, " %s=%" PRIu64, key, value);
}

void log_end(struct buffer *line)
{
    buffer_append_u8(line, '\n');
    if (!line->failed) {
        /* A log that cannot be written must not stop the proxy. */
        ssize_t written = write(STDERR_FILENO, line->at, line->length);
        (void)written;
    }
    buffer_free(line);
}
