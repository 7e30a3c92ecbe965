/* The inside of struct scanner, in a header only so that it can be a plain value. Nothing but
 * policy/sql/scan*.c looks into it.
 *
 * All state that the scanner carries from one chunk to the next is here, and all of it has a fixed
 * size: depths are counters, so that text nested 100,000 deep costs no stack. */
#ifndef POLICY_SQL_SCAN_STATE_H
#define POLICY_SQL_SCAN_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest run of leading keywords that names a command: CREATE OR REPLACE TEMPORARY RECURSIVE VIEW
 */
#define SCAN_WORDS_MOST 6
#define SCAN_WORDS_ROOM 64
/* Longest dollar-quote tag that we compare. PostgreSQL has no limit, but cuts identifiers at 63
 * bytes, and tags are a few letters long. */
#define SCAN_TAG_ROOM 64

/* How a byte can be part of the character before it. */
enum scan_encoding {
    SCAN_ENCODING_SAFE, /* UTF8, LATINx, EUC_x, WINx, …: an ASCII byte is always that character */
    SCAN_ENCODING_WIDE, /* BIG5, GBK, UHC, GB18030: a byte above 0x7f takes the next one with it */
    SCAN_ENCODING_SJIS  /* SJIS, SHIFT_JIS_2004: likewise, but 0xa1 to 0xdf stand alone */
};

struct scan_options {
    bool standard_conforming_strings; /* as last reported by the server */
    enum scan_encoding encoding;
};

/* Where in a token the text was left. */
enum scan_place {
    SCAN_PLACE_CODE, /* between tokens */
    SCAN_PLACE_WORD,
    SCAN_PLACE_NUMBER,
    SCAN_PLACE_DOLLAR,        /* behind a '$' that may open a tag or a parameter */
    SCAN_PLACE_TAG,           /* in what may be the tag that opens a dollar quote */
    SCAN_PLACE_BODY,          /* in a dollar quote */
    SCAN_PLACE_BODY_TAG,      /* in what may be the tag that closes it */
    SCAN_PLACE_STRING,        /* in '…' without backslash escapes */
    SCAN_PLACE_ESCAPES,       /* in '…' with them */
    SCAN_PLACE_ESCAPED,       /* behind its backslash */
    SCAN_PLACE_AFTER_STRING,  /* behind a string that may be continued on another line */
    SCAN_PLACE_AFTER_DASH,    /* likewise, behind a '-' that may start a comment */
    SCAN_PLACE_AFTER_COMMENT, /* likewise, in a comment */
    SCAN_PLACE_QUOTED,        /* in "…" */
    SCAN_PLACE_DASH,          /* behind a '-' that may start a comment */
    SCAN_PLACE_SLASH,         /* behind a '/' that may start a comment */
    SCAN_PLACE_LINE,          /* in a comment that ends with the line */
    SCAN_PLACE_COMMENT        /* in a comment that nests */
};

/* What the next tokens of the statement are wanted for. */
enum scan_watch {
    SCAN_WATCH_FIRST,   /* the statement's first token */
    SCAN_WATCH_LEADING, /* its leading words */
    SCAN_WATCH_NOTHING, /* all is known: only its end is looked for */
    SCAN_WATCH_INTO,    /* a query: INTO makes it DDL */
    SCAN_WATCH_WITH,    /* WITH: the statement behind its list of queries */
    SCAN_WATCH_EXPLAIN, /* EXPLAIN: the statement that it explains */
    SCAN_WATCH_ROUTINE  /* CREATE FUNCTION: BEGIN ATOMIC opens a body of statements */
};

/* The token before, as far as the grammar above asks for it. */
enum scan_previous { SCAN_PREVIOUS_ANY, SCAN_PREVIOUS_CLOSE, SCAN_PREVIOUS_BEGIN };

struct scanner {
    size_t offset; /* of the next byte, in the whole text */
    size_t from;   /* see struct scan_statement */
    size_t start;
    size_t parens;   /* open '(' */
    size_t bodies;   /* open BEGIN ATOMIC */
    size_t comments; /* open comments that nest */
    struct scan_options options;
    uint8_t place;        /* enum scan_place */
    uint8_t watch;        /* enum scan_watch */
    uint8_t class;        /* enum scan_class */
    uint8_t previous;     /* enum scan_previous */
    uint8_t string_place; /* the place that a string goes on in when it is continued */
    uint8_t comment_byte; /* the byte before, if it may be half of a comment's mark */
    bool newline;         /* between a string and its continuation there was one */
    bool trail;           /* the next byte belongs to the character before it */
    bool started;         /* the statement has a token */
    uint8_t word_count;   /* leading words in `words` */
    uint8_t words_length;
    uint8_t tag_length; /* without its '$'; SCAN_TAG_ROOM when it is too long */
    uint8_t tag_seen;   /* bytes of `tag` that the closing tag has matched */
    uint8_t word_length;
    char word[32]; /* the word being read, upper-cased; longer words are no keywords */
    char words[SCAN_WORDS_ROOM];
    uint8_t tag[SCAN_TAG_ROOM];
};

#endif
