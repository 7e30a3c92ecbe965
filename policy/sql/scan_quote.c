/* Strings, quoted names, dollar quotes, comments (src/backend/parser/scan.l: xq, xe, xb, xqs, xd,
 * xdolq, xc). Two quotes in a row inside quotes are read as the end of one and the start of
 * another, which comes to the same wherever what follows is read alike. Where it is not:
 *
 *     E'a' -- why
 *       'b\''          goes on being E'…', because a newline and no token is between the two
 *
 *     ESCAPES -> QUOTE -> GAP <-> GAP_DASH, GAP_LINE
 *        ^---------'------'                               else -> CODE */
#include "policy/sql/scan_quote.h"

#include "policy/sql/scan_byte.h"
#include "policy/sql/scan_class.h"
#include "policy/sql/scan_skip.h"

static bool is_wide(const struct scanner *scanner)
{
    return scan_encoding_is_wide(scanner->options.encoding);
}

/* From here on nothing is sure, so that the rest of the text is one statement that nobody may take
 * for harmless. */
static void lose_place(struct scanner *scanner)
{
    scanner->class = SCAN_UNKNOWN;
    scanner->watch = SCAN_WATCH_NOTHING;
    scanner->place = SCAN_PLACE_LOST;
}

bool scan_takes_wide(struct scanner *scanner, uint8_t byte)
{
    enum scan_encoding encoding = scanner->options.encoding;
    uint8_t lead = scanner->lead;
    scanner->lead = 0;
    if (lead != 0) {
        if (scan_encoding_is_doubtful(encoding, lead, byte)) {
            lose_place(scanner);
        }
        return true;
    }
    if (scan_encoding_pairs(encoding, byte)) {
        scanner->lead = byte;
    }
    return byte >= 0x80;
}

void scan_open_string(struct scanner *scanner, bool escapes)
{
    scanner->place = escapes ? SCAN_PLACE_ESCAPES : SCAN_PLACE_STRING;
}

/* A string that is read unlike a plain '…': E'…' where those have no escapes, B'…' and X'…' where
 * they have. Only these must know that they are continued. */
static bool string_is_special(const struct scanner *scanner)
{
    bool escapes = scanner->place == SCAN_PLACE_ESCAPES;
    return escapes == scanner->options.standard_conforming_strings;
}

static void continue_special(struct scanner *scanner)
{
    scan_open_string(scanner, scanner->options.standard_conforming_strings);
}

static void close_string(struct scanner *scanner)
{
    scanner->place = string_is_special(scanner) ? SCAN_PLACE_QUOTE : SCAN_PLACE_CODE;
}

size_t scan_in_string(struct scanner *scanner, struct span text, size_t i)
{
    size_t end = scan_find(text, i, '\'', '\'');
    if (end == text.length) {
        return end;
    }
    close_string(scanner);
    return end + 1;
}

/* Wide characters can hide a backslash, but no quote: their second bytes start at 0x30. */
static size_t find_escape(struct scanner *scanner, struct span text, size_t i)
{
    if (!is_wide(scanner)) {
        return scan_find(text, i, '\'', '\\');
    }
    while (i < text.length && scanner->place == SCAN_PLACE_ESCAPES &&
           (scan_takes_wide(scanner, text.at[i]) || (text.at[i] != '\'' && text.at[i] != '\\'))) {
        i++;
    }
    return i;
}

size_t scan_in_escapes(struct scanner *scanner, struct span text, size_t i)
{
    size_t end = find_escape(scanner, text, i);
    if (end == text.length || scanner->place == SCAN_PLACE_LOST) {
        return end;
    }
    if (text.at[end] == '\'') {
        close_string(scanner);
    } else {
        scanner->place = SCAN_PLACE_ESCAPED;
    }
    return end + 1;
}

/* Longer escapes (\x41) go on with bytes that are as good as plain ones. */
size_t scan_in_escaped(struct scanner *scanner, struct span text, size_t i)
{
    scanner->place = SCAN_PLACE_ESCAPES;
    if (is_wide(scanner)) {
        (void)scan_takes_wide(scanner, text.at[i]);
    }
    return i + 1;
}

size_t scan_in_quote(struct scanner *scanner, struct span text, size_t i)
{
    if (text.at[i] == '\'') {
        continue_special(scanner);
        return i + 1;
    }
    scanner->place = SCAN_PLACE_GAP;
    scanner->newline = false;
    return i;
}

size_t scan_in_gap(struct scanner *scanner, struct span text, size_t i)
{
    for (; i < text.length && scan_byte_is_space(text.at[i]); i++) {
        scanner->newline = scanner->newline || scan_byte_is_newline(text.at[i]);
    }
    if (i == text.length) {
        return i;
    }
    if (text.at[i] == '-') {
        scanner->place = SCAN_PLACE_GAP_DASH;
        return i + 1;
    }
    if (text.at[i] == '\'' && scanner->newline) {
        continue_special(scanner);
        return i + 1;
    }
    scanner->place = SCAN_PLACE_CODE;
    return i;
}

/* One '-' was an operator, two start a comment. */
static size_t after_dash(struct scanner *scanner, struct span text, size_t i,
                         enum scan_place comment)
{
    if (text.at[i] == '-') {
        scanner->place = (uint8_t)comment;
        return i + 1;
    }
    scanner->place = SCAN_PLACE_CODE;
    scan_class_token(scanner, '-', scanner->offset + i - 1);
    return i;
}

size_t scan_in_gap_dash(struct scanner *scanner, struct span text, size_t i)
{
    return after_dash(scanner, text, i, SCAN_PLACE_GAP_LINE);
}

size_t scan_in_dash(struct scanner *scanner, struct span text, size_t i)
{
    return after_dash(scanner, text, i, SCAN_PLACE_LINE);
}

/* The newline stays, because a gap asks for it. */
size_t scan_in_line(struct scanner *scanner, struct span text, size_t i)
{
    size_t end = scan_find(text, i, '\n', '\r');
    if (end < text.length) {
        bool gap = scanner->place == SCAN_PLACE_GAP_LINE;
        scanner->place = gap ? SCAN_PLACE_GAP : SCAN_PLACE_CODE;
    }
    return end;
}

size_t scan_in_quoted(struct scanner *scanner, struct span text, size_t i)
{
    size_t end = scan_find(text, i, '"', '"');
    if (end == text.length) {
        return end;
    }
    scanner->place = SCAN_PLACE_CODE;
    return end + 1;
}

/* $$ and $tag$ open a dollar quote, $1 is a parameter. A '$' alone is in no statement. */
size_t scan_in_dollar(struct scanner *scanner, struct span text, size_t i)
{
    scanner->tag_length = 0;
    if (text.at[i] == '$' || scan_byte_is_letter(text.at[i])) {
        scanner->place = SCAN_PLACE_TAG;
    } else {
        scanner->place = SCAN_PLACE_CODE;
    }
    return i;
}

size_t scan_in_tag(struct scanner *scanner, struct span text, size_t i)
{
    for (; i < text.length && scanner->place == SCAN_PLACE_TAG; i++) {
        uint8_t byte = text.at[i];
        bool part = (is_wide(scanner) && scan_takes_wide(scanner, byte)) ||
                    scan_byte_is_letter(byte) || scan_byte_is_digit(byte);
        if (part && scanner->tag_length == sizeof scanner->tag) {
            lose_place(scanner);
        } else if (part) {
            scanner->tag[scanner->tag_length++] = byte;
        } else {
            scanner->place = byte == '$' ? SCAN_PLACE_BODY : SCAN_PLACE_CODE;
            return byte == '$' ? i + 1 : i;
        }
    }
    return i;
}

size_t scan_in_body(struct scanner *scanner, struct span text, size_t i)
{
    size_t end = scan_find(text, i, '$', '$');
    if (end == text.length) {
        return end;
    }
    scanner->place = SCAN_PLACE_BODY_TAG;
    scanner->tag_seen = 0;
    return end + 1;
}

/* A '$' that is not the right one's end may be its start: $a$b$ ends what $b$ opened. */
size_t scan_in_body_tag(struct scanner *scanner, struct span text, size_t i)
{
    while (i < text.length && scanner->tag_seen < scanner->tag_length &&
           text.at[i] == scanner->tag[scanner->tag_seen]) {
        scanner->tag_seen++;
        i++;
    }
    if (i == text.length) {
        return i;
    }
    bool found = scanner->tag_seen == scanner->tag_length && text.at[i] == '$';
    scanner->place = found ? SCAN_PLACE_CODE : SCAN_PLACE_BODY;
    return found ? i + 1 : i;
}

size_t scan_in_slash(struct scanner *scanner, struct span text, size_t i)
{
    if (text.at[i] == '*') {
        scanner->place = SCAN_PLACE_COMMENT;
        scanner->comments = 1;
        scanner->half = 0;
        return i + 1;
    }
    scanner->place = SCAN_PLACE_CODE;
    scan_class_token(scanner, '/', scanner->offset + i - 1);
    return i;
}

/* A byte is half of at most one mark: what opens a comment in / * / does not close it. */
size_t scan_in_comment(struct scanner *scanner, struct span text, size_t i)
{
    while (i < text.length && scanner->comments > 0) {
        if (scanner->half == 0) {
            i = scan_find(text, i, '*', '/');
        }
        if (i == text.length) {
            return i;
        }
        uint8_t byte = text.at[i++];
        uint8_t half = scanner->half;
        scanner->half = 0;
        if (half == '*' && byte == '/') {
            scanner->comments--;
        } else if (half == '/' && byte == '*') {
            scanner->comments++;
        } else if (byte == '*' || byte == '/') {
            scanner->half = byte;
        }
    }
    if (scanner->comments == 0) {
        scanner->place = SCAN_PLACE_CODE;
    }
    return i;
}
