/* The tokens of one statement, for the places where its text matters and not its tree: where a
 * word is spliced in, where a secret lies, and what a statement that does not parse names. It needs
 * no text without errors, and never fails: what has no end ends with the text.
 *
 * It reads strings with standard_conforming_strings on, as libpg_query does. A string in which that
 * makes a difference to where it ends is marked. */
#ifndef POLICY_SQL_LEXER_H
#define POLICY_SQL_LEXER_H

#include "protocol/span.h"

enum lexeme_kind {
    LEXEME_END,
    LEXEME_WORD,   /* a keyword, or a name without quotes */
    LEXEME_QUOTED, /* a name in double quotes */
    LEXEME_STRING, /* any string literal, with its prefix and quotes */
    LEXEME_OTHER   /* a number, or one byte of anything else */
};

struct lexeme {
    enum lexeme_kind kind;
    struct span text;
    size_t at;      /* of its first byte, in the lexer's text */
    bool ambiguous; /* a string with \' in it: where it ends depends on the server's setting */
};

struct lexer {
    struct span text;
    size_t at;
};

static inline struct lexer lexer_of(struct span text)
{
    return (struct lexer){.text = text};
}

/* Skips white space and comments, then takes one token. At the end of the text: LEXEME_END, for
 * ever. */
struct lexeme lexer_next(struct lexer *lexer);
/* Skips white space, then takes one comment, with its marks. False: a token comes first. */
bool lexer_take_comment(struct lexer *lexer, struct span *comment);
/* The next token, which stays where it is. */
struct lexeme lexer_peek(const struct lexer *lexer);
/* Takes the next token when it is that word, whatever its case. */
bool lexer_take(struct lexer *lexer, const char *word);

/* Takes one name; U&"…" UESCAPE '!' is one of three tokens. */
void lexer_take_name(struct lexer *lexer);

/* Takes a group in parentheses, groups in it included; of anything else one token. */
void lexer_take_group(struct lexer *lexer);

/* Is it that word, or that one byte? Words in any case. */
bool lexeme_is(struct lexeme lexeme, const char *word);

#endif
