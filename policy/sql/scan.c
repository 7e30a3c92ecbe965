/* The tokens of SQL. One function per place of enum scan_place (the opaque ones in scan_quote.c),
 * called in turn until a statement or the chunk ends, so that a chunk may end anywhere:
 *
 *     CODE -> WORD ---------------------> CODE     names and keywords; from E to E'…' too
 *     CODE -> STRING, ESCAPES, QUOTED --> CODE
 *     CODE -> DOLLAR -> TAG -> BODY ----> CODE
 *     CODE -> DASH -> LINE -------------> CODE
 *     CODE -> SLASH -> COMMENT ---------> CODE
 *
 * Numbers and operators have no place of their own: what one of their bytes means does not depend
 * on the others. A letter behind a digit starts a word, as it does for PostgreSQL up to 14, where
 * "1into t" is 1 INTO t; later versions refuse it. */
#include "policy/sql/scan.h"

#include <assert.h>

#include "policy/sql/scan_byte.h"
#include "policy/sql/scan_class.h"
#include "policy/sql/scan_quote.h"
#include "policy/sql/scan_skip.h"

/* In parentheses it is part of CREATE RULE … DO (a; b), in a body it ends a statement of the body.
 */
static void see_semicolon(struct scanner *scanner, size_t offset)
{
    if (scanner->parens > 0) {
        return;
    }
    if (scanner->bodies > 0) {
        scanner->watch = SCAN_WATCH_FIRST;
    } else if (scanner->started) {
        scanner->place = SCAN_PLACE_END;
    } else {
        scanner->from = offset + 1;
    }
}

static void see_mark(struct scanner *scanner, uint8_t byte, size_t offset)
{
    switch (byte) {
    case ';':
        see_semicolon(scanner, offset);
        return;
    case '-':
        scanner->place = SCAN_PLACE_DASH;
        return;
    case '/':
        scanner->place = SCAN_PLACE_SLASH;
        return;
    case '(':
        scanner->parens++;
        break;
    case ')':
        scanner->parens -= scanner->parens > 0 ? 1 : 0;
        break;
    case '\'':
        scan_open_string(scanner, !scanner->options.standard_conforming_strings);
        break;
    case '"':
        scanner->place = SCAN_PLACE_QUOTED;
        break;
    case '$':
        scanner->place = SCAN_PLACE_DOLLAR;
        break;
    default:
        break;
    }
    scan_class_token(scanner, byte, offset);
}

static size_t in_digits(struct scanner *scanner, struct span text, size_t i)
{
    scan_class_token(scanner, text.at[i], scanner->offset + i);
    while (i < text.length && scan_byte_is_digit(text.at[i])) {
        i++;
    }
    return i;
}

/* `next` is the byte behind the word; true when it is the quote of a string that the word, E, B or
 * X, is part of. What N and U& are part of is read as if they were not. */
static bool opens_string(struct scanner *scanner, uint8_t next)
{
    if (next != '\'' || scanner->word_length != 1) {
        return false;
    }
    char prefix = scanner->word[0];
    if (prefix != 'E' && prefix != 'B' && prefix != 'X') {
        return false;
    }
    scan_open_string(scanner, prefix == 'E');
    return true;
}

/* Not inline, because in_word runs for every word and this for hardly any. */
__attribute__((noinline)) static size_t skip_wide_word(struct scanner *scanner, struct span text,
                                                       size_t i)
{
    while (i < text.length &&
           (scan_takes_wide(scanner, text.at[i]) || scan_byte_is_word(text.at[i]))) {
        scan_add_to_word(scanner, text.at[i]);
        i++;
    }
    return i;
}

static size_t in_word(struct scanner *scanner, struct span text, size_t i)
{
    bool wide = scan_encoding_is_wide(scanner->options.encoding);
    i = wide ? skip_wide_word(scanner, text, i) : scan_skip_word(scanner, text, i);
    if (i == text.length || scanner->place == SCAN_PLACE_LOST) {
        return i;
    }
    if (opens_string(scanner, text.at[i])) {
        scan_class_token(scanner, '\'', scanner->offset + i);
        return i + 1;
    }
    scanner->place = SCAN_PLACE_CODE;
    scan_class_word(scanner);
    return i;
}

/* Reads a space, or a token, or the start of one. */
static inline size_t read_token(struct scanner *scanner, struct span text, size_t i)
{
    uint8_t byte = text.at[i];
    if (scan_byte_is_letter(byte)) {
        scan_class_start(scanner, scanner->offset + i);
        scanner->place = SCAN_PLACE_WORD;
        scanner->word_length = 0;
        memset(scanner->word, 0, sizeof scanner->word);
        return in_word(scanner, text, i);
    }
    if (scan_byte_is_space(byte)) {
        return i + 1;
    }
    if (scan_byte_is_digit(byte)) {
        return in_digits(scanner, text, i);
    }
    see_mark(scanner, byte, scanner->offset + i);
    return i + 1;
}

/* Whether no word matters but INTO, at which scan_skip_dull stops: in parentheses nothing else is
 * watched for. */
static inline bool is_dull(const struct scanner *scanner)
{
    return scanner->watch == SCAN_WATCH_NOTHING || scanner->watch == SCAN_WATCH_INTO ||
           scanner->parens > 0;
}

static size_t in_code(struct scanner *scanner, struct span text, size_t i)
{
    while (i < text.length && scanner->place == SCAN_PLACE_CODE) {
        if (is_dull(scanner)) {
            i = scan_skip_dull(scanner, text, i);
        }
        if (i < text.length) {
            i = read_token(scanner, text, i);
        }
    }
    return i;
}

static size_t in_place(struct scanner *scanner, struct span text, size_t i)
{
    switch ((enum scan_place)scanner->place) {
    case SCAN_PLACE_CODE:
        return in_code(scanner, text, i);
    case SCAN_PLACE_WORD:
        return in_word(scanner, text, i);
    case SCAN_PLACE_STRING:
        return scan_in_string(scanner, text, i);
    case SCAN_PLACE_ESCAPES:
        return scan_in_escapes(scanner, text, i);
    case SCAN_PLACE_ESCAPED:
        return scan_in_escaped(scanner, text, i);
    case SCAN_PLACE_QUOTE:
        return scan_in_quote(scanner, text, i);
    case SCAN_PLACE_GAP:
        return scan_in_gap(scanner, text, i);
    case SCAN_PLACE_GAP_DASH:
        return scan_in_gap_dash(scanner, text, i);
    case SCAN_PLACE_GAP_LINE:
    case SCAN_PLACE_LINE:
        return scan_in_line(scanner, text, i);
    case SCAN_PLACE_QUOTED:
        return scan_in_quoted(scanner, text, i);
    case SCAN_PLACE_DOLLAR:
        return scan_in_dollar(scanner, text, i);
    case SCAN_PLACE_TAG:
        return scan_in_tag(scanner, text, i);
    case SCAN_PLACE_BODY:
        return scan_in_body(scanner, text, i);
    case SCAN_PLACE_BODY_TAG:
        return scan_in_body_tag(scanner, text, i);
    case SCAN_PLACE_DASH:
        return scan_in_dash(scanner, text, i);
    case SCAN_PLACE_SLASH:
        return scan_in_slash(scanner, text, i);
    case SCAN_PLACE_COMMENT:
        return scan_in_comment(scanner, text, i);
    case SCAN_PLACE_LOST:
        return text.length;
    case SCAN_PLACE_END:
        break;
    }
    return i;
}

/* The text is over: what may have been only the start of a token is one. */
static void end_text(struct scanner *scanner)
{
    if (scanner->place == SCAN_PLACE_WORD) {
        scan_class_word(scanner);
    } else if (scanner->place == SCAN_PLACE_DASH || scanner->place == SCAN_PLACE_SLASH) {
        scan_class_token(scanner, '-', scanner->offset - 1);
    }
}

static void start_statement(struct scanner *scanner)
{
    scanner->from = scanner->offset;
    scanner->parens = 0;
    scanner->bodies = 0;
    scanner->place = SCAN_PLACE_CODE;
    scanner->watch = SCAN_WATCH_FIRST;
    scanner->previous = SCAN_PREVIOUS_ANY;
    scanner->class = SCAN_UNDECIDED;
    scanner->started = false;
    scanner->lead = 0;
    scanner->word_count = 0;
    scanner->words_length = 0;
}

static void finish_statement(struct scanner *scanner, bool terminated, struct scan_statement *out)
{
    scan_class_end(scanner);
    out->from = scanner->from;
    out->start = scanner->start;
    out->length = scanner->offset - (terminated ? 1 : 0) - scanner->start;
    out->class = (enum scan_class)scanner->class;
    out->terminated = terminated;
    memcpy(out->words, scanner->words, sizeof out->words);
    out->words[scanner->words_length] = '\0';
    start_statement(scanner);
}

void scan_start(struct scanner *scanner, struct scan_options options)
{
    scanner->options = options;
    scanner->offset = 0;
    start_statement(scanner);
}

enum scan_status scan_next(struct scanner *scanner, struct span chunk, size_t *at, bool last,
                           struct scan_statement *out)
{
    assert(*at <= chunk.length);
    struct span text = span_from(chunk, *at);
    assert(text.at != NULL || text.length == 0);
    scanner->last = last;
    size_t i = 0;
    while (i < text.length && scanner->place != SCAN_PLACE_END) {
        i = in_place(scanner, text, i);
    }
    scanner->offset += i;
    *at += i;
    if (scanner->place == SCAN_PLACE_END) {
        finish_statement(scanner, true, out);
        return SCAN_STATEMENT;
    }
    if (!last) {
        return SCAN_MORE;
    }
    end_text(scanner);
    if (!scanner->started) {
        return SCAN_END;
    }
    finish_statement(scanner, false, out);
    return SCAN_STATEMENT;
}

enum scan_class scan_class_so_far(const struct scanner *scanner)
{
    return (enum scan_class)scanner->class;
}

bool scan_is_outside_quotes(const struct scanner *scanner)
{
    switch ((enum scan_place)scanner->place) {
    case SCAN_PLACE_CODE:
    case SCAN_PLACE_WORD:
    case SCAN_PLACE_QUOTE:
    case SCAN_PLACE_GAP:
    case SCAN_PLACE_GAP_DASH:
    case SCAN_PLACE_DOLLAR:
    case SCAN_PLACE_TAG:
    case SCAN_PLACE_DASH:
    case SCAN_PLACE_SLASH:
    case SCAN_PLACE_END:
        return true;
    case SCAN_PLACE_STRING:
    case SCAN_PLACE_ESCAPES:
    case SCAN_PLACE_ESCAPED:
    case SCAN_PLACE_GAP_LINE:
    case SCAN_PLACE_QUOTED:
    case SCAN_PLACE_BODY:
    case SCAN_PLACE_BODY_TAG:
    case SCAN_PLACE_LINE:
    case SCAN_PLACE_COMMENT:
    case SCAN_PLACE_LOST:
        break;
    }
    return false;
}

bool scan_is_open(const struct scanner *scanner)
{
    return !scan_is_outside_quotes(scanner) || scanner->parens > 0 || scanner->bodies > 0;
}
