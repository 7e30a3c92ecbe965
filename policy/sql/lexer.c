/* PostgreSQL's lexical rules (src/backend/parser/scan.l) for one statement in memory: white space,
 * comments, names, strings of every form; numbers and operators only so far that they are passed
 * by. It never looks outside its text. */
#include "policy/sql/lexer.h"

#include <strings.h>

static bool is_space(uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool is_name_start(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           byte >= 0x80;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* The byte `ahead` of the lexer's place; 0 behind the end. */
static uint8_t byte_at(const struct lexer *lexer, size_t ahead)
{
    return ahead < lexer->text.length - lexer->at ? lexer->text.at[lexer->at + ahead] : 0;
}

static bool at_end(const struct lexer *lexer)
{
    return lexer->at >= lexer->text.length;
}

static void skip_nested_comment(struct lexer *lexer)
{
    size_t depth = 0;
    do {
        if (byte_at(lexer, 0) == '/' && byte_at(lexer, 1) == '*') {
            depth++;
            lexer->at += 2;
        } else if (byte_at(lexer, 0) == '*' && byte_at(lexer, 1) == '/') {
            depth--;
            lexer->at += 2;
        } else {
            lexer->at++;
        }
    } while (depth > 0 && !at_end(lexer));
}

static void skip_space(struct lexer *lexer)
{
    while (!at_end(lexer) && is_space(byte_at(lexer, 0))) {
        lexer->at++;
    }
}

/* False: there is none here. */
static bool skip_comment(struct lexer *lexer)
{
    if (byte_at(lexer, 0) == '-' && byte_at(lexer, 1) == '-') {
        while (!at_end(lexer) && byte_at(lexer, 0) != '\n' && byte_at(lexer, 0) != '\r') {
            lexer->at++;
        }
        return true;
    }
    bool nested = byte_at(lexer, 0) == '/' && byte_at(lexer, 1) == '*';
    if (nested) {
        skip_nested_comment(lexer);
    }
    return nested;
}

static void skip_blank(struct lexer *lexer)
{
    do {
        skip_space(lexer);
    } while (skip_comment(lexer));
}

/* From the opening quote to behind the closing one; a doubled quote is part of the text. True when
 * it has a backslash before a quote that is not an escape here. */
static bool skip_quoted(struct lexer *lexer, bool escapes)
{
    bool ambiguous = false;
    uint8_t quote = byte_at(lexer, 0);
    lexer->at++;
    while (!at_end(lexer)) {
        uint8_t byte = byte_at(lexer, 0);
        if (byte == '\\' && escapes) {
            lexer->at += lexer->at + 1 < lexer->text.length ? 2 : 1;
        } else if (byte != quote) {
            ambiguous |= byte == '\\' && byte_at(lexer, 1) == quote;
            lexer->at++;
        } else if (byte_at(lexer, 1) == quote) {
            lexer->at += 2;
        } else {
            lexer->at++;
            break;
        }
    }
    return ambiguous;
}

/* The length of a dollar quote's opening tag at the lexer's place, with its dollars; 0: none. */
static size_t dollar_tag(const struct lexer *lexer)
{
    size_t length = 1;
    while (is_name_start(byte_at(lexer, length)) ||
           (length > 1 && is_digit(byte_at(lexer, length)))) {
        length++;
    }
    return byte_at(lexer, 0) == '$' && byte_at(lexer, length) == '$' ? length + 1 : 0;
}

static void skip_dollar_quoted(struct lexer *lexer, size_t tag_length)
{
    struct span tag = span_cut(lexer->text, lexer->at, tag_length);
    lexer->at += tag_length;
    struct span rest = span_from(lexer->text, lexer->at);
    const uint8_t *end = rest.length == 0 ? NULL : memmem(rest.at, rest.length, tag.at, tag.length);
    lexer->at = end == NULL ? lexer->text.length : (size_t)(end - lexer->text.at) + tag.length;
}

/* The length of what stands before the quote of a literal: E, B, X, N or U&; 0: nothing. */
static size_t quote_prefix(const struct lexer *lexer)
{
    uint8_t letter = byte_at(lexer, 0) | 0x20;
    uint8_t second = byte_at(lexer, 1);
    if (second == '\'' && (letter == 'e' || letter == 'b' || letter == 'x' || letter == 'n')) {
        return 1;
    }
    uint8_t third = byte_at(lexer, 2);
    return letter == 'u' && second == '&' && (third == '\'' || third == '"') ? 2 : 0;
}

static void skip_word(struct lexer *lexer)
{
    while (is_name_start(byte_at(lexer, 0)) || is_digit(byte_at(lexer, 0)) ||
           byte_at(lexer, 0) == '$') {
        lexer->at++;
    }
}

static enum lexeme_kind take_token(struct lexer *lexer, bool *ambiguous)
{
    size_t prefix = quote_prefix(lexer);
    uint8_t quote = byte_at(lexer, prefix);
    if (quote == '\'' || quote == '"') {
        bool escapes = prefix == 1 && (byte_at(lexer, 0) | 0x20) == 'e';
        lexer->at += prefix;
        *ambiguous = skip_quoted(lexer, escapes) && prefix == 0 && quote == '\'';
        return quote == '"' ? LEXEME_QUOTED : LEXEME_STRING;
    }
    if (is_name_start(byte_at(lexer, 0))) {
        skip_word(lexer);
        return LEXEME_WORD;
    }
    size_t tag = dollar_tag(lexer);
    if (tag > 0) {
        skip_dollar_quoted(lexer, tag);
        return LEXEME_STRING;
    }
    bool number = is_digit(byte_at(lexer, 0));
    lexer->at++;
    if (number) {
        skip_word(lexer);
    }
    return LEXEME_OTHER;
}

struct lexeme lexer_next(struct lexer *lexer)
{
    skip_blank(lexer);
    struct lexeme lexeme = {.kind = LEXEME_END, .at = lexer->at};
    if (!at_end(lexer)) {
        lexeme.kind = take_token(lexer, &lexeme.ambiguous);
        lexeme.text = span_cut(lexer->text, lexeme.at, lexer->at - lexeme.at);
    }
    return lexeme;
}

bool lexer_take_comment(struct lexer *lexer, struct span *comment)
{
    skip_space(lexer);
    size_t at = lexer->at;
    bool found = skip_comment(lexer);
    *comment = span_cut(lexer->text, at, lexer->at - at);
    return found;
}

struct lexeme lexer_peek(const struct lexer *lexer)
{
    struct lexer copy = *lexer;
    return lexer_next(&copy);
}

bool lexer_take(struct lexer *lexer, const char *word)
{
    struct lexer ahead = *lexer;
    if (!lexeme_is(lexer_next(&ahead), word)) {
        return false;
    }
    *lexer = ahead;
    return true;
}

void lexer_take_name(struct lexer *lexer)
{
    (void)lexer_next(lexer);
    if (lexer_take(lexer, "UESCAPE")) {
        (void)lexer_next(lexer);
    }
}

bool lexeme_is(struct lexeme lexeme, const char *word)
{
    return (lexeme.kind == LEXEME_WORD || lexeme.kind == LEXEME_OTHER) &&
           lexeme.text.length == strlen(word) &&
           strncasecmp((const char *)lexeme.text.at, word, lexeme.text.length) == 0;
}

void lexer_take_group(struct lexer *lexer)
{
    size_t depth = 0;
    do {
        struct lexeme lexeme = lexer_next(lexer);
        depth += lexeme_is(lexeme, "(");
        depth -= depth > 0 && lexeme_is(lexeme, ")");
    } while (depth > 0 && lexer_peek(lexer).kind != LEXEME_END);
}
