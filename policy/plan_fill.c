/* A new column's rows, filled some at a time: an UPDATE to the column's default of those that have
 * nothing in it yet. A page is the rows of one batch:
 *
 *      first   the rows with the smallest keys; tells where it ended, and the largest key of all
 *      next    from there on, again and again, up to that key: what is added later has the default
 *      rest    the rows that others had locked, or moved meanwhile, found by reading the table;
 *              again, until there are none
 *
 * A page takes no row that is locked, so it waits for nobody and makes no deadlock; others wait for
 * its rows for as long as the batch takes. The rest does wait, within the lock timeout, and tells
 * whoever is in its way like any other step. It reads all rows with one snapshot: what it has
 * filled is all that there was.
 *
 * Without a primary key that can be used the pages are the table's own, some blocks at a time.
 *
 * Each answers with one row: whether it is to be sent again, how many rows it has filled, and the
 * parameters of the one that is sent next. No row: the page was empty. The UPDATE finds its rows by
 * ctid, which PostgreSQL 11 does not do in a join. */
#include "policy/plan_moves.h"

#include <stdio.h>

/* Rows of a block at most: a tuple takes 24 bytes and its pointer 4 (MaxHeapTuplesPerPage). */
#define TUPLE_BYTES 28
/* Rows that a block is taken to have where pages are blocks. */
#define BLOCK_ROWS 100

/* The key's columns with a text behind each: "a DESC, b DESC". */
static void fill_append_key(const struct fill_facts *fill, const char *behind, struct buffer *out)
{
    for (size_t i = 0; i < fill->key_count; i++) {
        buffer_append_text(out, i == 0 ? "" : ", ");
        sql_append_identifier(out, fill->key[i]);
        buffer_append_text(out, behind);
    }
}

/* "$1, $2", from that number on. */
static void fill_append_parameters(const struct fill_facts *fill, size_t from, struct buffer *out)
{
    for (size_t i = 0; i < fill->key_count; i++) {
        buffer_append_format(out, i == 0 ? "$%zu" : ", $%zu", from + i);
    }
}

static void fill_append_from(const struct moves *moves, struct buffer *out)
{
    buffer_append_text(out, " FROM ONLY ");
    sql_append_name(out, &moves->request->facts->table);
}

/* The page is complete: fills it. What follows is the answer's columns. */
static void fill_append_update(const struct moves *moves, const char *column, struct buffer *out)
{
    buffer_append_text(out, "), filled AS (UPDATE ONLY ");
    sql_append_name(out, &moves->request->facts->table);
    buffer_append_text(out, " SET ");
    sql_append_identifier(out, column);
    buffer_append_text(out, " = DEFAULT WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT"
                            " page._ddlguard FROM page)) AND ");
    sql_append_identifier(out, column);
    buffer_append_text(out, " IS NULL RETURNING ");
    sql_append_identifier(out, column);
    buffer_append_text(out, " IS NOT NULL AS has) SELECT ");
}

#define PAGE        "WITH page AS (SELECT ctid AS _ddlguard"
#define PAGE_LOCKS  " FOR NO KEY UPDATE SKIP LOCKED"
#define FILLED_ROWS "(SELECT pg_catalog.count(*) FROM filled)"

/* Up to `rows` rows in the order of the key; `bounds`: those behind $1 … up to … $n. */
static void fill_append_key_page(const struct moves *moves, bool bounds, struct buffer *out)
{
    const struct fill_facts *fill = &moves->request->facts->fill;
    buffer_append_text(out, PAGE ", ");
    fill_append_key(fill, "", out);
    fill_append_from(moves, out);
    if (bounds) {
        buffer_append_text(out, " WHERE ROW(");
        fill_append_key(fill, "", out);
        buffer_append_text(out, ") OPERATOR(pg_catalog.>) ROW(");
        fill_append_parameters(fill, 1, out);
        buffer_append_text(out, ") AND ROW(");
        fill_append_key(fill, "", out);
        buffer_append_text(out, ") OPERATOR(pg_catalog.<=) ROW(");
        fill_append_parameters(fill, fill->key_count + 1, out);
        buffer_append_text(out, ")");
    }
    buffer_append_text(out, " ORDER BY ");
    fill_append_key(fill, "", out);
    buffer_append_format(out, " LIMIT %u" PAGE_LOCKS,
                         (unsigned)moves->request->settings->backfill.batch_rows);
}

/* " FROM (the largest key of the page) AS last" */
static void fill_append_last(const struct fill_facts *fill, struct buffer *out)
{
    buffer_append_text(out, " FROM (SELECT ");
    fill_append_key(fill, "", out);
    buffer_append_text(out, " FROM page ORDER BY ROW(");
    fill_append_key(fill, "", out);
    buffer_append_text(out, ") DESC LIMIT 1) AS last");
}

static void fill_by_key(struct moves *moves, const char *column)
{
    const struct fill_facts *fill = &moves->request->facts->fill;
    struct buffer *out = moves_batch(moves, 0);
    fill_append_key_page(moves, false, out);
    fill_append_update(moves, column, out);
    buffer_append_text(out, "false, " FILLED_ROWS ", last.*, greatest.*");
    fill_append_last(fill, out);
    buffer_append_text(out, ", (SELECT ");
    fill_append_key(fill, "", out);
    fill_append_from(moves, out);
    buffer_append_text(out, " ORDER BY ");
    fill_append_key(fill, " DESC", out);
    buffer_append_text(out, " LIMIT 1) AS greatest");

    out = moves_batch(moves, (unsigned)(2 * fill->key_count));
    fill_append_key_page(moves, true, out);
    fill_append_update(moves, column, out);
    buffer_append_format(out,
                         "(SELECT pg_catalog.count(*) FROM page) OPERATOR(pg_catalog.=) %u,"
                         " " FILLED_ROWS ", last.*, ",
                         (unsigned)moves->request->settings->backfill.batch_rows);
    fill_append_parameters(fill, fill->key_count + 1, out);
    fill_append_last(fill, out);
}

#define BLOCK_SIZE "pg_catalog.current_setting('block_size')::pg_catalog.int4"

/* The rows of `blocks` blocks from `start` on, an SQL expression. */
static void fill_append_block_page(const struct moves *moves, const char *start, uint32_t blocks,
                                   struct buffer *out)
{
    buffer_append_text(out, PAGE);
    fill_append_from(moves, out);
    buffer_append_format(
        out,
        " WHERE ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT pg_catalog.format('(%%s,%%s)',"
        " b.n, i.n)::pg_catalog.tid FROM pg_catalog.generate_series(%s, %s"
        " OPERATOR(pg_catalog.+) %u) AS b(n), pg_catalog.generate_series(1, " BLOCK_SIZE
        " OPERATOR(pg_catalog./) %d) AS i(n)))" PAGE_LOCKS,
        start, start, (unsigned)(blocks - 1), TUPLE_BYTES);
}

static void fill_by_place(struct moves *moves, const char *column)
{
    uint32_t rows = moves->request->settings->backfill.batch_rows;
    uint32_t blocks = rows < BLOCK_ROWS ? 1 : rows / BLOCK_ROWS;
    struct buffer name = {0};
    sql_append_name(&name, &moves->request->facts->table);
    struct buffer *out = moves_batch(moves, 0);
    fill_append_block_page(moves, "0", blocks, out);
    fill_append_update(moves, column, out);
    buffer_append_format(out, "false, " FILLED_ROWS ", %u, pg_catalog.pg_relation_size(",
                         (unsigned)blocks);
    sql_append_literal(out, buffer_span(&name));
    buffer_append_text(out, "::pg_catalog.regclass) OPERATOR(pg_catalog./) " BLOCK_SIZE);
    out->failed = out->failed || name.failed;
    buffer_free(&name);

    out = moves_batch(moves, 2);
    fill_append_block_page(moves, "$1::pg_catalog.int4", blocks, out);
    fill_append_update(moves, column, out);
    buffer_append_format(out,
                         "$1 OPERATOR(pg_catalog.+) %u OPERATOR(pg_catalog.<)"
                         " $2::pg_catalog.int4, " FILLED_ROWS ", $1 OPERATOR(pg_catalog.+) %u, $2",
                         (unsigned)blocks, (unsigned)blocks);
}

/* A default that gives NULL leaves rows that look as if they had not been filled: a page of
 * nothing else is the last one. */
static void fill_rest(struct moves *moves, const char *column)
{
    unsigned rows = (unsigned)moves->request->settings->backfill.batch_rows;
    struct buffer *out = moves_batch(moves, 0);
    buffer_append_text(out, PAGE);
    fill_append_from(moves, out);
    buffer_append_text(out, " WHERE ");
    sql_append_identifier(out, column);
    buffer_append_format(out, " IS NULL LIMIT %u", rows);
    fill_append_update(moves, column, out);
    buffer_append_format(out,
                         "p.n OPERATOR(pg_catalog.>) f.n OR (p.n OPERATOR(pg_catalog.=) %u AND"
                         " f.has), f.n FROM (SELECT pg_catalog.count(*) AS n FROM page) AS p,"
                         " (SELECT pg_catalog.count(*) AS n, pg_catalog.bool_or(filled.has) AS has"
                         " FROM filled) AS f",
                         rows);
}

void recipe_fill(struct moves *moves, const char *column)
{
    if (moves->request->facts->fill.key_count > 0) {
        fill_by_key(moves, column);
    } else {
        fill_by_place(moves, column);
    }
    fill_rest(moves, column);
    moves->filled = column;
}
