/* The parser adapter's contract: the only door to PostgreSQL's grammar. No libpg_query type appears
 * here. Text comes in as the scanner cut it, one statement at a time; what does not parse, or is
 * too long to parse, is a kind like any other and never an error path.
 *
 * Stack: libpg_query before 18 has no depth check. Writing the tree of 1+1+1+…, its worst case,
 * takes 68 bytes of stack per byte of SQL (measured with 15 and 17; see grammar.c), so every
 * function below must run on a stack of at least SQL_STACK_BYTES(limit), nearly four times as much;
 * sql_parse refuses longer texts as STATEMENT_TOO_LONG.
 *
 * Threads: any number may call at once; there is nothing to set up or to tear down. */
#ifndef POLICY_SQL_SQL_H
#define POLICY_SQL_SQL_H

#include "policy/sql/scan.h"
#include "policy/statement.h"
#include "protocol/buffer.h"

#define SQL_STACK_BYTES(parse_limit) (256u * (size_t)(parse_limit) + (1u << 20))

/* Fills *out from one statement. `text` is the whole message text, `cut` the scanner's place and
 * leading keywords. Never fails: STATEMENT_UNPARSED and STATEMENT_TOO_LONG (longer than
 * `parse_limit` bytes) get tag, target and objects as far as the leading keywords tell. A text that
 * is not exactly one statement to the grammar is STATEMENT_UNPARSED. */
void sql_parse(struct span text, const struct scan_statement *cut, size_t parse_limit,
               struct statement *out);

#define SPLICES_MOST 16

/* Insertions made by a rewrite, for mapping error positions back. In the order of the text. */
struct splice {
    size_t count;
    struct {
        size_t at;     /* bytes from the first byte of what is rewritten, in the client's text */
        size_t length; /* bytes inserted; always ASCII but for a name, see characters */
        size_t characters;
    } at[SPLICES_MOST];
};

/* Appends to *out the statement with CONCURRENTLY spliced into the client's own text, and with
 * `index_name` (quoted when needed) where a CREATE INDEX has none (NULL: leave as it is). The
 * result is proved: it parses to the original tree plus exactly that change. False (nothing
 * appended) when there is no place for it or the proof fails: then it must not be rewritten. `text`
 * is the statement's own bytes (start, length). */
MUST_USE bool sql_make_concurrent(struct span text, const struct statement *statement,
                                  const char *index_name, struct buffer *out,
                                  struct splice *splice);

/* Appends a DROP of only those of its objects whose bit is set, in their order, and CONCURRENTLY if
 * `concurrently`: a statement of ours, proved to hold just what the client's does of them. False
 * (nothing appended): the proof fails, as for a name with a database in it. `text` is the
 * statement's own bytes. */
MUST_USE bool sql_drop_some(struct span text, const struct statement *statement, unsigned objects,
                            bool concurrently, struct buffer *out);

/* A statement of ours in a message of the client's. */
struct insertion {
    size_t before;   /* the client's statement that it stands before, counted from 0 */
    const char *sql; /* without a semicolon */
};

/* Appends to *out the client's message with the insertions put in, which must be in the order of
 * their places. The result is proved: it parses to the client's statements plus exactly ours. False
 * (nothing appended) for more than SPLICES_MOST of them, for a text longer than `parse_limit`
 * bytes, and when the proof fails. `statements`: all of `text`, in order. */
MUST_USE bool sql_insert_statements(struct span text, const struct statement *statements,
                                    const struct insertion *insertions, size_t count,
                                    size_t parse_limit, struct buffer *out, struct splice *splice);

/* A 1-based position in characters of the rewritten statement, as a position in the client's own;
 * one inside an insertion maps to the character before it. `text` is the client's statement,
 * `encoding` its client encoding. Both positions count from the statement's first character: what
 * the message has before it is the caller's to add. */
uint32_t sql_original_position(const struct splice *splice, struct span text,
                               enum scan_encoding encoding, uint32_t position);

/* An error of syntax, as PostgreSQL's own grammar tells it. */
struct sql_error {
    char message[256]; /* UTF-8 where the text is; cut when it quotes more of the text than fits */
    size_t at;         /* bytes from the statement's first byte; its length: behind the end */
};

/* For who reads SQL without a server that would report it. True: the grammar does not take `text`,
 * a statement's own bytes in UTF-8, and *error says why; false, too, for want of memory. */
MUST_USE bool sql_find_error(struct span text, struct sql_error *error);
/* Is it COPY … FROM STDIN? Then data follow it that are no SQL. */
MUST_USE bool sql_reads_copy_data(struct span text);

/* The next comment from *at on, with its marks; *at moves behind it. `text`: a statement with the
 * comments before it. False: there is no other one, or it is not certain to be one. */
bool sql_next_comment(struct span text, size_t *at, struct span *comment);

/* Appends the text with its secrets replaced (passwords of ROLE, options of USER MAPPING and
 * SERVER, connection strings of SUBSCRIPTION, ALTER SYSTEM values …), decided on the parse tree;
 * for what does not parse and may hold one, every string literal is replaced. `text` is the
 * statement's own bytes. Statements without FLAG_SECRET are appended as they are. */
void sql_redact(struct span text, const struct statement *statement, struct buffer *out);

/* The names PostgreSQL would try for an unnamed CREATE INDEX, in order (ChooseIndexName: table and
 * column names joined, "_idx", then "_idx1" …, cut to 63 bytes as makeObjectName does). Fills at
 * most `most` names; 0 when the statement is not an unnamed CREATE INDEX. */
size_t sql_index_names(struct span text, const struct statement *statement,
                       char (*names)[NAME_BYTES], size_t most);

/* The key columns of a CREATE INDEX that names nothing but columns: a btree without expressions,
 * operator classes, collations, INCLUDE, WITH, TABLESPACE or WHERE. 0: it has more to it, or more
 * columns than `most`. */
size_t sql_index_columns(struct span text, const struct statement *statement,
                         char (*columns)[NAME_BYTES], size_t most);

/* Appends `name` as an SQL identifier, in double quotes when it needs them. */
void sql_append_identifier(struct buffer *out, const char *name);
/* Appends schema.name, or name alone when there is no schema. */
void sql_append_name(struct buffer *out, const struct object_name *name);
/* Appends a string literal that is safe whatever standard_conforming_strings says. */
void sql_append_literal(struct buffer *out, struct span text);

#endif
