/* Secrets out of the text, before it is logged or kept. What is taken for a secret:
 *
 *      PASSWORD 'x'   CONNECTION 'x'            the literal behind the keyword
 *      OPTIONS (user 'a', password 'x')         every value, for servers, wrappers, user mappings;
 *                                               elsewhere the values of options with telling names
 *      SET app.jwt_secret = 'x'                 the value of a setting with a telling name
 *      '… password=x …'  '… ://user:x@host'     that part of any literal: connection strings, and
 *                                               the bodies of functions and DO, which are literals
 *      (does not parse, and may hold one)       every literal
 *
 * The parser has decided what statement it is; the places are found among its tokens, because the
 * tree does not tell where its texts stood. Comments are kept as they are. */
#include "policy/sql/internal.h"

#include <strings.h>

#define MASK "***"

/* Parts of names that tell of a secret. */
static const char *const telling[] = {"password",   "passwd",     "passphrase", "secret",
                                      "token",      "conninfo",   "api_key",    "apikey",
                                      "access_key", "credential", "private_key"};

struct redaction {
    struct lexer lexer;
    struct buffer *out; /* NULL: only look whether there is something to replace */
    size_t done;        /* bytes of the text that are written or replaced */
    bool replaced;
    bool all;         /* every literal */
    bool all_options; /* every value in OPTIONS (…) */
    bool settings;    /* the statement can be … SET name = value */
    bool in_options;
    bool in_secret; /* the literal before was one: the next may be its continuation */
    struct lexeme previous;
};

/* Is the word, which is in lower case, at this place of the text, in any case? */
static bool has_word_at(struct span text, size_t at, const char *word)
{
    if ((text.at[at] | 0x20) != word[0]) { /* nearly always: no need to know how long it is */
        return false;
    }
    size_t length = strlen(word);
    return length <= text.length - at && strncasecmp((const char *)text.at + at, word, length) == 0;
}

/* The first place of a word from `from` on. */
static size_t find_word(struct span text, size_t from, const char *word)
{
    for (size_t at = from; at < text.length; at++) {
        if (has_word_at(text, at, word)) {
            return at;
        }
    }
    return SIZE_MAX;
}

/* In one pass: texts that are too long to parse come here too. */
static bool is_telling(struct span text)
{
    static const bool initials[256] = {['a'] = 1, ['c'] = 1, ['p'] = 1, ['s'] = 1, ['t'] = 1};
    for (size_t at = 0; at < text.length; at++) {
        if (!initials[text.at[at] | 0x20]) {
            continue;
        }
        for (size_t i = 0; i < sizeof telling / sizeof telling[0]; i++) {
            if (has_word_at(text, at, telling[i])) {
                return true;
            }
        }
    }
    return false;
}

/* Writes the text up to `at` as it is, then the mask, and goes on at `to`. */
static void replace(struct redaction *redaction, size_t at, size_t to, const char *mask)
{
    redaction->replaced = true;
    if (redaction->out != NULL) {
        buffer_append_span(redaction->out,
                           span_cut(redaction->lexer.text, redaction->done, at - redaction->done));
        buffer_append_text(redaction->out, mask);
    }
    redaction->done = to;
}

static bool is_quote(uint8_t byte)
{
    return byte == '\'' || byte == '"';
}

static size_t count_quotes(struct span text, size_t at)
{
    size_t count = 0;
    while (at + count < text.length && is_quote(text.at[at + count])) {
        count++;
    }
    return count;
}

static bool ends_value(uint8_t byte)
{
    return byte <= ' ' || is_quote(byte) || strchr(";,)&|", byte) != NULL;
}

/* The end of a value at `at` that began with so many quotes: without any, up to a delimiter; else
 * up to as many, where twice as many are one quote inside the value. */
static size_t value_end(struct span text, size_t at, size_t quotes)
{
    while (at < text.length) {
        size_t here = count_quotes(text, at);
        bool ends = quotes == 0 ? ends_value(text.at[at]) : here % (2 * quotes) >= quotes;
        if (ends) {
            break;
        }
        at += here > 0 ? here : 1;
    }
    return at;
}

/* password=x, PASSWORD 'x', password := x at `at` of a literal that starts at `base` of the text.
 * The result is where to look on. */
static size_t replace_password(struct redaction *redaction, struct span literal, size_t base,
                               size_t at)
{
    size_t value = at + strlen("password");
    bool assigned = false;
    while (value < literal.length && memchr(" \t\n:=", literal.at[value], 5) != NULL) {
        assigned |= literal.at[value] == '=';
        value++;
    }
    size_t quotes = count_quotes(literal, value);
    size_t start = value + quotes;
    bool dollar = start < literal.length && literal.at[start] == '$';
    size_t end = value_end(literal, start, quotes);
    if ((assigned || quotes > 0 || dollar) && end > start && end < literal.length) {
        replace(redaction, base + start, base + end, MASK);
    }
    return end;
}

/* ://user:x@host, likewise */
static size_t replace_url(struct redaction *redaction, struct span literal, size_t base, size_t at)
{
    size_t colon = 0;
    size_t end = at + strlen("://");
    while (end < literal.length && !ends_value(literal.at[end]) && literal.at[end] != '@' &&
           literal.at[end] != '/') {
        colon = colon == 0 && literal.at[end] == ':' ? end : colon;
        end++;
    }
    if (colon > 0 && end < literal.length && literal.at[end] == '@') {
        replace(redaction, base + colon + 1, base + end, MASK);
    }
    return end;
}

/* What looks like a secret inside a literal that is none itself. */
static void replace_inside(struct redaction *redaction, struct lexeme lexeme)
{
    struct span literal = lexeme.text;
    size_t password = find_word(literal, 0, "password");
    size_t url = find_word(literal, 0, "://");
    bool escapes = (literal.at[0] | 0x20) == 'e';
    if (escapes && (password != SIZE_MAX || url != SIZE_MAX)) {
        replace(redaction, lexeme.at, lexeme.at + literal.length, "'" MASK "'");
        return; /* where a value ends among backslashes is not worth knowing */
    }
    while (password != SIZE_MAX || url != SIZE_MAX) {
        size_t from = password < url ? replace_password(redaction, literal, lexeme.at, password)
                                     : replace_url(redaction, literal, lexeme.at, url);
        password = password < from ? find_word(literal, from, "password") : password;
        url = url < from ? find_word(literal, from, "://") : url;
    }
}

static bool is_secret(const struct redaction *redaction)
{
    struct lexeme previous = redaction->previous;
    if (redaction->all || redaction->in_secret || lexeme_is(previous, "PASSWORD") ||
        lexeme_is(previous, "CONNECTION")) {
        return true;
    }
    if (redaction->in_options && (previous.kind == LEXEME_WORD || previous.kind == LEXEME_QUOTED)) {
        return redaction->all_options || is_telling(previous.text);
    }
    return false;
}

static void take_literal(struct redaction *redaction, struct lexeme literal)
{
    if (!is_secret(redaction)) {
        replace_inside(redaction, literal);
        return;
    }
    redaction->in_secret = true;
    if (literal.ambiguous) { /* nobody knows where it ends: the rest goes with it */
        redaction->lexer.at = redaction->lexer.text.length;
    }
    replace(redaction, literal.at, redaction->lexer.at, "'" MASK "'");
}

/* SET name {TO | =} value …, with the lexer behind SET. */
static void take_setting(struct redaction *redaction)
{
    struct lexer ahead = redaction->lexer;
    size_t start = lexer_peek(&ahead).at;
    struct lexeme lexeme = lexer_next(&ahead);
    while (lexeme.kind != LEXEME_END && !lexeme_is(lexeme, "TO") && !lexeme_is(lexeme, "=")) {
        lexeme = lexer_next(&ahead);
    }
    struct span name = span_cut(ahead.text, start, lexeme.at - start);
    if (lexeme.kind == LEXEME_END || !is_telling(name)) {
        return;
    }
    size_t value = lexer_peek(&ahead).at;
    replace(redaction, value, ahead.text.length, "'" MASK "'");
    redaction->lexer.at = ahead.text.length;
}

static void take(struct redaction *redaction, struct lexeme lexeme)
{
    if (lexeme.kind == LEXEME_STRING) {
        take_literal(redaction, lexeme);
        return;
    }
    redaction->in_secret = false;
    if (lexeme_is(lexeme, "(") && lexeme_is(redaction->previous, "OPTIONS")) {
        redaction->in_options = true;
    } else if (lexeme_is(lexeme, ")")) {
        redaction->in_options = false;
    } else if (lexeme_is(lexeme, "SET") && redaction->settings && !redaction->in_options) {
        take_setting(redaction);
    }
}

static bool tag_ends_with(const struct statement *statement, const char *end)
{
    size_t length = strlen(statement->tag);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(statement->tag + length - end_length, end) == 0;
}

static bool has_tag(const struct statement *statement, const char *const *ends, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (tag_ends_with(statement, ends[i])) {
            return true;
        }
    }
    return false;
}

/* A statement that we cannot read may hold a secret when its keywords or any of its words say so.
 */
static bool is_blind_and_suspect(struct span text, const struct statement *statement)
{
    static const char *const kinds[] = {" ROLE",         " SERVER", " WRAPPER",      " MAPPING",
                                        " SUBSCRIPTION", " SYSTEM", " FOREIGN TABLE"};
    bool blind = statement->kind == STATEMENT_UNPARSED || statement->kind == STATEMENT_TOO_LONG;
    return blind && (has_tag(statement, kinds, sizeof kinds / sizeof kinds[0]) ||
                     is_telling(text) || find_word(text, 0, "://") != SIZE_MAX);
}

static bool redact(struct span text, const struct statement *statement, struct buffer *out)
{
    static const char *const options[] = {" SERVER", " WRAPPER", " MAPPING"};
    static const char *const settings[] = {" ROLE", " SYSTEM", " DATABASE"};
    struct redaction redaction = {
        .lexer = lexer_of(text),
        .out = out,
        .all = is_blind_and_suspect(text, statement),
        .all_options = has_tag(statement, options, sizeof options / sizeof options[0]),
        .settings = has_tag(statement, settings, sizeof settings / sizeof settings[0]),
    };
    struct lexeme lexeme = lexer_next(&redaction.lexer);
    while (lexeme.kind != LEXEME_END) {
        take(&redaction, lexeme);
        redaction.previous = lexeme;
        lexeme = lexer_next(&redaction.lexer);
    }
    if (out != NULL) {
        buffer_append_span(out, span_from(text, redaction.done));
    }
    return redaction.replaced;
}

bool redact_is_needed(struct span text, const struct statement *statement)
{
    return redact(text, statement, NULL);
}

void sql_redact(struct span text, const struct statement *statement, struct buffer *out)
{
    if (statement->flags & FLAG_SECRET) {
        (void)redact(text, statement, out);
    } else {
        buffer_append_span(out, text);
    }
}
