/* The inside of struct scanner, in a header only so that it can be a plain value. Nothing but
 * policy/sql/scan*.c looks into it.
 *
 * All that the scanner carries from one chunk to the next is here, and all of it has a fixed size:
 * depths are counters, so that text nested 100,000 deep costs no stack. */
#ifndef POLICY_SQL_SCAN_STATE_H
#define POLICY_SQL_SCAN_STATE_H

#include "policy/sql/scan_encoding.h"

/* The longest run of leading words that names a command: CREATE OR REPLACE TEMP RECURSIVE VIEW. */
#define SCAN_WORDS_MOST 6
#define SCAN_WORDS_ROOM 64
/* The longest keyword is CREATE_REPLICATION_SLOT, of 23 bytes. */
#define SCAN_WORD_ROOM 32
/* The longest dollar-quote tag that is read. PostgreSQL has no limit; nobody writes a longer one
 * than an identifier can be (63 bytes), and the few that do get SCAN_UNKNOWN. A hash in the place
 * of the tag would not do: who finds two tags with one hash could hide statements. */
#define SCAN_TAG_ROOM 63

struct scan_options {
    bool standard_conforming_strings; /* as last reported by the server */
    enum scan_encoding encoding;
};

/* Where in a token the text was left. */
enum scan_place {
    SCAN_PLACE_CODE,     /* between tokens */
    SCAN_PLACE_WORD,     /* in a keyword or name */
    SCAN_PLACE_STRING,   /* in '…' without backslash escapes */
    SCAN_PLACE_ESCAPES,  /* in '…' with them */
    SCAN_PLACE_ESCAPED,  /* behind its backslash */
    SCAN_PLACE_QUOTE,    /* behind a ' that ends a string, unless another ' follows */
    SCAN_PLACE_GAP,      /* behind a string: a ' on a later line continues it */
    SCAN_PLACE_GAP_DASH, /* there, behind a '-' that may start a comment */
    SCAN_PLACE_GAP_LINE, /* there, in a comment */
    SCAN_PLACE_QUOTED,   /* in "…" */
    SCAN_PLACE_DOLLAR,   /* behind a '$' that may open a dollar quote */
    SCAN_PLACE_TAG,      /* in the tag that opens it */
    SCAN_PLACE_BODY,     /* in a dollar quote */
    SCAN_PLACE_BODY_TAG, /* in what may be the tag that closes it */
    SCAN_PLACE_DASH,     /* behind a '-' that may start a comment */
    SCAN_PLACE_LINE,     /* in a comment that ends with its line */
    SCAN_PLACE_SLASH,    /* behind a '/' that may start a comment */
    SCAN_PLACE_COMMENT,  /* in a comment that nests */
    SCAN_PLACE_LOST,     /* no longer sure: all that follows is one SCAN_UNKNOWN */
    SCAN_PLACE_END       /* behind the ';' that ends a statement */
};

/* What the statement's next tokens are wanted for. */
enum scan_watch {
    SCAN_WATCH_FIRST,   /* the first word, of a statement or of one in a BEGIN ATOMIC body */
    SCAN_WATCH_LEADING, /* the words that follow it */
    SCAN_WATCH_NOTHING, /* all is known: only the end is looked for */
    SCAN_WATCH_INTO,    /* a query: INTO makes it DDL */
    SCAN_WATCH_WITH,    /* WITH: which statement follows its queries */
    SCAN_WATCH_PREPARE, /* PREPARE: AS, or TRANSACTION */
    SCAN_WATCH_INNER,   /* PREPARE … AS, EXPLAIN: which statement follows */
    SCAN_WATCH_ROUTINE  /* CREATE FUNCTION: BEGIN ATOMIC opens a body of statements */
};

/* The token before, as far as it is asked for. */
enum scan_previous {
    SCAN_PREVIOUS_ANY,
    SCAN_PREVIOUS_CLOSE, /* the ')' that closes the outermost '(' */
    SCAN_PREVIOUS_BEGIN
};

struct scanner {
    struct scan_options options;
    size_t offset;      /* of the next byte, in the whole text */
    size_t from;        /* see struct scan_statement */
    size_t start;       /* likewise */
    size_t parens;      /* open '(' */
    size_t bodies;      /* open BEGIN ATOMIC */
    size_t comments;    /* open comments that nest */
    uint8_t place;      /* enum scan_place */
    uint8_t watch;      /* enum scan_watch */
    uint8_t previous;   /* enum scan_previous */
    uint8_t class;      /* enum scan_class */
    bool started;       /* the statement has a token */
    uint8_t lead;       /* first byte of a character whose second is still to come; 0 for none */
    uint8_t word_count; /* words in `words` */
    uint8_t words_length;
    bool last;         /* the text ends with this chunk */
    uint8_t otherwise; /* the class of a query in which no INTO turns up */
    bool newline;      /* there is a newline in this PLACE_GAP */
    uint8_t half;      /* '*' or '/' when the byte before is that half of a comment's mark */
    uint8_t tag_length;
    uint8_t tag_seen; /* bytes of `tag` found again by PLACE_BODY_TAG */
    uint8_t word_length;
    /* The word that is read, or its start: upper-cased, padded with NUL. On lines of the
     * processor's cache, because what is written at once should be read at once. */
    _Alignas(16) char word[SCAN_WORD_ROOM];
    char words[SCAN_WORDS_ROOM + SCAN_WORD_ROOM]; /* see struct scan_statement; and the padding */
    uint8_t tag[SCAN_TAG_ROOM];                   /* of the dollar quote, without its '$' */
};

#endif
