/* Messages of a dialogue's line: into bytes where they are fed, into patterns where they are
 * expected. Never reads a file. */
#include "tests/unit/session/dialogue.h"

#include "protocol/trace.h"

#define WILDCARD        "\xe2\x80\xa6" /* … */
#define WILDCARD_TRACED "\\xe2\\x80\\xa6"

/* The next message of "a | b | c"; bars in quotes do not count. */
static struct span next_message(struct span *line)
{
    bool quoted = false;
    size_t at = 0;
    for (; at < line->length && (quoted || line->at[at] != '|'); at++) {
        if (quoted && line->at[at] == '\\') {
            at++;
        } else if (line->at[at] == '"') {
            quoted = !quoted;
        }
    }
    struct span message = dialogue_skip_blanks(span_cut(*line, 0, at));
    while (message.length > 0 && message.at[message.length - 1] == ' ') {
        message.length--;
    }
    *line = span_from(*line, at + 1);
    return message;
}

/* The bytes of one message that is no short form. */
static bool parse_message(struct dialogue *dialogue, enum session_side from, struct span message,
                          struct buffer *bytes)
{
    const char *reason = "";
    const char *startup_reason = "";
    enum trace_side side = from == SIDE_CLIENT ? TRACE_CLIENT : TRACE_SERVER;
    if (trace_parse(bytes, side, message, &reason) ||
        (from == SIDE_CLIENT && trace_parse(bytes, TRACE_STARTUP, message, &startup_reason))) {
        return true;
    }
    dialogue_refuse(dialogue, "%.*s: %s", (int)message.length, (const char *)message.at, reason);
    return false;
}

static void note_status(struct dialogue *dialogue, struct span message)
{
    static const char ready[] = "ReadyForQuery ";
    if (message.length == sizeof ready && memcmp(message.at, ready, sizeof ready - 1) == 0) {
        dialogue->status = (char)message.at[sizeof ready - 1];
    }
}

void dialogue_feed(struct dialogue *dialogue, enum session_side from, struct span line)
{
    struct buffer bytes = {0};
    while (line.length > 0 && dialogue->fault[0] == '\0') {
        struct buffer lines = {0};
        struct span message = next_message(&line);
        if (!dialogue_expand(dialogue, message, false, &lines)) {
            buffer_append_span(&lines, message);
        }
        for (struct span rest = buffer_span(&lines); rest.length > 0;) {
            const uint8_t *end = memchr(rest.at, '\n', rest.length);
            struct span one =
                span_cut(rest, 0, end == NULL ? rest.length : (size_t)(end - rest.at));
            note_status(dialogue, one);
            (void)parse_message(dialogue, from, one, &bytes);
            rest = span_from(rest, one.length + 1);
        }
        buffer_free(&lines);
    }
    struct dialogue_step *step = dialogue_add(dialogue, ACT_FEED);
    step->side = from;
    step->bytes = bytes;
}

/* As the trace would show it, so that spelling does not matter; with … where it was. A short form
 * that leaves fields open is a pattern already, behind a ~. */
static void append_pattern(struct dialogue *dialogue, enum shell_place place, struct span message,
                           struct buffer *out)
{
    if (message.length > 0 && message.at[0] == '~') {
        buffer_append_span(out, span_from(message, 1));
        return;
    }
    struct buffer bytes = {0};
    struct buffer line = {0};
    enum session_side from = place == PLACE_SERVER ? SIDE_CLIENT : SIDE_SERVER;
    if (parse_message(dialogue, from, message, &bytes)) {
        bool startup = place == PLACE_SERVER && bytes.length > 0 && bytes.at[0] == 0;
        trace_message(&line,
                      startup                 ? TRACE_STARTUP
                      : place == PLACE_SERVER ? TRACE_CLIENT
                                              : TRACE_SERVER,
                      buffer_span(&bytes), 0);
    }
    for (size_t at = 0; at < line.length;) {
        bool any = line.length - at >= sizeof WILDCARD_TRACED - 1 &&
                   memcmp(line.at + at, WILDCARD_TRACED, sizeof WILDCARD_TRACED - 1) == 0;
        buffer_append(out, any ? (const void *)WILDCARD : (const void *)(line.at + at),
                      any ? sizeof WILDCARD - 1 : 1);
        at += any ? sizeof WILDCARD_TRACED - 1 : 1;
    }
    buffer_free(&bytes);
    buffer_free(&line);
}

void dialogue_expect_text(struct dialogue *dialogue, enum shell_place place, struct span pattern)
{
    struct dialogue_step *step = dialogue_add(dialogue, ACT_EXPECT);
    step->place = place;
    buffer_append_span(&step->bytes, pattern);
}

void dialogue_expect(struct dialogue *dialogue, enum shell_place place, struct span line)
{
    while (line.length > 0 && dialogue->fault[0] == '\0') {
        struct buffer lines = {0};
        struct span message = next_message(&line);
        if (!dialogue_expand(dialogue, message, true, &lines)) {
            buffer_append_span(&lines, message);
        }
        for (struct span rest = buffer_span(&lines); rest.length > 0;) {
            const uint8_t *end = memchr(rest.at, '\n', rest.length);
            struct span one =
                span_cut(rest, 0, end == NULL ? rest.length : (size_t)(end - rest.at));
            struct buffer pattern = {0};
            append_pattern(dialogue, place, one, &pattern);
            dialogue_expect_text(dialogue, place, buffer_span(&pattern));
            buffer_free(&pattern);
            rest = span_from(rest, one.length + 1);
        }
        buffer_free(&lines);
    }
}
