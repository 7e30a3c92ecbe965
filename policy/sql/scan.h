/* The scanner: cuts SQL text into statements and says what each one is, without parsing it.
 *
 * Every byte of SQL that a client sends goes through here, so it is linear, holds no heap and takes
 * its text in pieces of any size. It knows PostgreSQL's lexical rules (src/backend/parser/scan.l)
 * and just enough grammar to find where a statement ends and whether it may change the schema, take
 * locks, touch settings or steer transactions. It never decides what such a statement means: that
 * is the parser's work, and every class but SCAN_OTHER goes there.
 *
 *     SELECT 1; (comment) CREATE INDEX i ON t (a) ;
 *              ^          ^                       ^
 *              from       start                   start + length
 *
 * The server lexes and parses the whole text before it runs any of it. So text with a lexical or
 * syntax error anywhere runs nothing, and only for text without one must the cuts be the server's.
 *
 * A doubt ends in SCAN_UNKNOWN, never in SCAN_OTHER. */
#ifndef POLICY_SQL_SCAN_H
#define POLICY_SQL_SCAN_H

#include "policy/sql/scan_encoding.h"
#include "policy/sql/scan_state.h"

/* What a statement is, as far as its keywords tell. */
#define SCAN_CLASSES(X)                                                                            \
    X(UNDECIDED, "undecided")     /* not known yet; never the class of a finished statement */     \
    X(OTHER, "other")             /* harmless here: queries, DML, COPY, cursors, SHOW, … */      \
    X(DDL, "ddl")                 /* may change the schema or take locks; SELECT … INTO too */   \
    X(CODE, "code")               /* DO, CALL: may do anything inside */                           \
    X(TRANSACTION, "transaction") /* BEGIN … PREPARE TRANSACTION, see enum scan_verb */          \
    X(SETTING, "setting")         /* SET, RESET, DISCARD */                                        \
    X(PREPARED, "prepared")       /* PREPARE name AS, [EXPLAIN ANALYZE] EXECUTE, DEALLOCATE:       \
                                     harmless unless the name is of a statement that is not: one   \
                                     of a Parse message, or a SELECT … INTO of PREPARE. Both run \
                                     when they are executed so (measured with PostgreSQL 15) */    \
    X(UNKNOWN, "unknown")         /* starts with no keyword that we know, or is beyond us */

enum scan_class {
#define SCAN_CLASS_ENUM(name, text) SCAN_##name,
    SCAN_CLASSES(SCAN_CLASS_ENUM)
#undef SCAN_CLASS_ENUM
};

/* Which statement of SCAN_TRANSACTION or SCAN_SETTING, by its leading keywords. The parser has the
 * last word: "SET transaction = x" is called SET_TRANSACTION here. */
#define SCAN_VERBS(X)                                                                              \
    X(NONE, "none")                                                                                \
    X(BEGIN, "begin")       /* BEGIN, START TRANSACTION */                                         \
    X(COMMIT, "commit")     /* COMMIT, END */                                                      \
    X(ROLLBACK, "rollback") /* ROLLBACK, ABORT */                                                  \
    X(ROLLBACK_TO, "rollback to")                                                                  \
    X(SAVEPOINT, "savepoint")                                                                      \
    X(RELEASE, "release")                                                                          \
    X(PREPARE_TRANSACTION, "prepare transaction")                                                  \
    X(COMMIT_PREPARED, "commit prepared")                                                          \
    X(ROLLBACK_PREPARED, "rollback prepared")                                                      \
    X(SET, "set")                                                                                  \
    X(SET_TRANSACTION, "set transaction")                                                          \
    X(SET_CONSTRAINTS, "set constraints")                                                          \
    X(RESET, "reset")                                                                              \
    X(DISCARD, "discard")

enum scan_verb {
#define SCAN_VERB_ENUM(name, text) SCAN_VERB_##name,
    SCAN_VERBS(SCAN_VERB_ENUM)
#undef SCAN_VERB_ENUM
};

enum scan_status {
    SCAN_MORE,      /* the chunk is used up: call again with the next one */
    SCAN_STATEMENT, /* *out is a whole statement; call again with the same chunk and *at */
    SCAN_END        /* the text is over */
};

/* Offsets are bytes of the whole text since scan_start. Statements without a token (`;;`, only
 * comments) are not reported: the server sends no CommandComplete for them. */
struct scan_statement {
    size_t from;  /* first byte behind the previous ';': comments before the first token are here */
    size_t start; /* its first token */
    size_t length; /* from start up to its ';', or to the end of the text */
    enum scan_class class;
    bool terminated; /* by a ';' */
    /* Its leading words, upper-cased, single spaces between them, NUL at the end: at most
     * SCAN_WORDS_MOST, up to the first token that is no unquoted word of ASCII letters, shorter
     * than SCAN_WORD_ROOM, or for which there is no room. Names are words too ("DROP TABLE T
     * CASCADE"), so compare prefixes. Queries, EXPLAIN, PREPARE … AS, functions and SCAN_OTHER have
     * only the words that were needed to class them. */
    char words[SCAN_WORDS_ROOM];
};

/* Starts a new text (the string of one Query or Parse message). */
void scan_start(struct scanner *scanner, struct scan_options options);

/* Reads `chunk` from *at on and moves *at forward. `last` says that the text ends with this chunk;
 * an empty last chunk is allowed. Cutting the text at other places gives the same statements.
 * *out is set only when SCAN_STATEMENT is returned. */
MUST_USE enum scan_status scan_next(struct scanner *scanner, struct span chunk, size_t *at,
                                    bool last, struct scan_statement *out);

/* What the statement being read is already known to be, for a text that is sent on while it is
 * read. Once it is not SCAN_UNDECIDED it is final, but for one case: anything can still become
 * SCAN_UNKNOWN. */
enum scan_class scan_class_so_far(const struct scanner *scanner);

/* Is the text outside strings, quoted names and comments where it was left? There psql looks for
 * its backslash commands. False, too, when the scanner is no longer sure. */
bool scan_is_outside_quotes(const struct scanner *scanner);
/* Is something open where the text was left that must be closed: one of those, a parenthesis, a
 * body of statements? In there no semicolon ends a statement. */
bool scan_is_open(const struct scanner *scanner);

/* SCAN_VERB_NONE for every class but SCAN_TRANSACTION and SCAN_SETTING. */
enum scan_verb scan_statement_verb(const struct scan_statement *statement);

const char *scan_class_name(enum scan_class class);
const char *scan_verb_name(enum scan_verb verb);

#endif
