/* Cuts a file of SQL, as psql reads it, into statements and what is none:
 *
 *      \set ON_ERROR_STOP on             skipped: a command of psql's
 *      CREATE TABLE t (a int);           statement
 *      COPY t FROM STDIN;                statement
 *      1                                 skipped: data, up to and with the line "\."
 *      \.
 *      SELECT count(*) FROM t \gset      statement, ended by psql's command, which is skipped
 *
 * What is skipped is blanked out in a copy of the text, so that every place in it is a place in the
 * file. Nothing is included, run or substituted. It needs a stack of SQL_STACK_BYTES, because only
 * the grammar knows whether a COPY reads data. */
#ifndef PROXY_CLI_CHECK_READER_H
#define PROXY_CLI_CHECK_READER_H

#include "policy/sql/sql.h"

enum check_piece_kind { CHECK_STATEMENT, CHECK_SKIPPED, CHECK_END };

struct check_piece {
    enum check_piece_kind kind;
    size_t at; /* its first byte */
    /* CHECK_STATEMENT */
    struct scan_statement cut;
    bool open; /* the text ends within it, inside something that must be closed */
    /* CHECK_SKIPPED */
    struct span word; /* psql's command: "\set"; empty for data. Into the text */
    const char *what; /* constant: says what is not looked at */
};

struct check_reader {
    struct span text;  /* borrowed: the file's bytes */
    struct buffer sql; /* owned: the same with blanks, and a newline behind it */
    struct scanner scanner;
    size_t parse_limit; /* bytes that the grammar may be given */
    size_t at;          /* read so far */
    size_t from;        /* behind the last statement */
    size_t backslash;   /* the next one to be looked at; the length of `sql`: none */
    size_t copies;      /* COPY statements whose data begin on the next line */
};

/* `text` must outlive the reader. False: no memory. Free it in both cases. */
MUST_USE bool check_reader_start(struct check_reader *reader, struct span text, size_t parse_limit);
void check_reader_free(struct check_reader *reader);

/* The next piece, in the order in which they end; so what is skipped within a statement comes
 * before it. Behind the last one CHECK_END for ever. */
void check_reader_next(struct check_reader *reader, struct check_piece *piece);

#endif
