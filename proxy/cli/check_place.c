/* Counts lines and characters, and makes foreign bytes fit to be shown. */
#include "proxy/cli/check_place.h"

#include "policy/sql/scan_encoding.h"

/* Bytes of a line that are shown before and behind the place: what fits a screen. */
#define EXCERPT_BEFORE 60
#define EXCERPT_BEHIND 120

/* How many lines end in the text; *last gets what is behind the last line break. */
static size_t count_lines(struct span text, struct span *last)
{
    size_t count = 0;
    const uint8_t *newline = NULL;
    while (text.length > 0 && (newline = memchr(text.at, '\n', text.length)) != NULL) {
        text = span_from(text, (size_t)(newline - text.at) + 1);
        count++;
    }
    *last = text;
    return count;
}

struct check_place check_place_of(struct span text, struct check_place known, size_t at)
{
    struct span rest;
    struct check_place place = {.at = at};
    if (at < known.at) {
        const uint8_t *newline = at == 0 ? NULL : memrchr(text.at, '\n', at);
        size_t start = newline == NULL ? 0 : (size_t)(newline - text.at) + 1;
        place.line = known.line - count_lines(span_cut(text, at, known.at - at), &rest);
        place.column =
            1 + scan_encoding_characters(SCAN_ENCODING_UTF8, span_cut(text, start, at - start));
        return place;
    }
    size_t lines = count_lines(span_cut(text, known.at, at - known.at), &rest);
    place.line = known.line + lines;
    place.column =
        (lines == 0 ? known.column : 1) + scan_encoding_characters(SCAN_ENCODING_UTF8, rest);
    return place;
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

struct check_excerpt check_excerpt_at(struct span text, size_t at)
{
    size_t start = at < text.length ? at : text.length;
    size_t end = start;
    while (start > 0 && at - start < EXCERPT_BEFORE && text.at[start - 1] != '\n') {
        start--;
    }
    while (start < at && start < text.length && is_continuation(text.at[start])) {
        start++; /* no half characters */
    }
    while (end < text.length && end - at < EXCERPT_BEHIND && text.at[end] != '\n') {
        end++;
    }
    while (end > at && end < text.length && is_continuation(text.at[end])) {
        end--;
    }
    struct check_excerpt out = {.cut_off = start > 0 && text.at[start - 1] != '\n',
                                .cut_away = end < text.length && text.at[end] != '\n'};
    if (!out.cut_away && end > start && text.at[end - 1] == '\r') {
        end--;
    }
    out.text = span_cut(text, start, end - start);
    out.before = span_cut(out.text, 0, at - start);
    return out;
}

/* The length of the character that `text` begins with; 0 when that is no UTF-8 (RFC 3629: no longer
 * forms than needed, no surrogates, nothing above U+10FFFF). */
static size_t utf8_character(struct span text)
{
    uint8_t first = text.at[0];
    if (first < 0x80) {
        return 1;
    }
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.length < length) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if (!is_continuation(text.at[i])) {
            return 0;
        }
    }
    uint8_t second = text.at[1];
    bool bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
               (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
    return bad ? 0 : length;
}

static bool is_control(struct span character)
{
    uint8_t first = character.at[0];
    bool c1 = first == 0xc2 && character.length == 2 && character.at[1] < 0xa0;
    return first < ' ' || first == 0x7f || c1;
}

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static void append_clean(struct buffer *out, struct span text, bool controls)
{
    while (text.length > 0) {
        size_t length = utf8_character(text);
        struct span character = span_cut(text, 0, length == 0 ? 1 : length);
        if (length == 0 || (!controls && is_control(character) && character.at[0] != '\t')) {
            buffer_append_text(out, REPLACEMENT);
        } else {
            buffer_append_span(out, character);
        }
        text = span_from(text, character.length);
    }
}

void check_append_utf8(struct buffer *out, struct span text)
{
    append_clean(out, text, true);
}

void check_append_visible(struct buffer *out, struct span text)
{
    append_clean(out, text, false);
}

void check_append_line(struct buffer *out, struct span text, size_t most)
{
    size_t start = out->length;
    bool blank = false;
    while (text.length > 0 && out->length - start < most) {
        size_t length = utf8_character(text);
        struct span character = span_cut(text, 0, length == 0 ? 1 : length);
        text = span_from(text, character.length);
        if (character.at[0] == ' ' || (character.at[0] >= '\t' && character.at[0] <= '\r')) {
            blank = out->length > start;
            continue;
        }
        buffer_append_text(out, blank ? " " : "");
        blank = false;
        append_clean(out, character, false);
    }
    buffer_append_text(out, text.length > 0 ? "…" : "");
}
