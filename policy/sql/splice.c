/* CONCURRENTLY, put into the client's own text.
 *
 *      CREATE UNIQUE INDEX ON t (a)                DROP INDEX IF EXISTS i      REINDEX TABLE t
 *                         ^^                                 ^                              ^
 *      concurrently_at ───┘└── name_at (unnamed)             └ concurrently_at               ┘
 *
 * The text is edited and not written anew from the tree: that would lose the client's comments and
 * spelling, and the server's error positions would mean nothing to it. The tokens only find the
 * place; whether it was the right one is proved on the parse tree (prove.c). */
#include "policy/sql/internal.h"

/* Past REINDEX's options in parentheses, which hold no parentheses themselves. */
static void skip_parentheses(struct lexer *lexer)
{
    if (!lexer_take(lexer, "(")) {
        return;
    }
    struct lexeme lexeme = lexer_next(lexer);
    while (lexeme.kind != LEXEME_END && !lexeme_is(lexeme, ")")) {
        lexeme = lexer_next(lexer);
    }
}

/* Is there a form with CONCURRENTLY? Not for several indexes or CASCADE (SQLSTATE 0A000), not for
 * REINDEX SYSTEM. */
static bool may_be_concurrent(const struct statement *statement)
{
    if (statement->kind == STATEMENT_DROP_INDEX) {
        return statement->object_count == 1 && !(statement->flags & FLAG_CASCADE);
    }
    return true;
}

static void find_in_reindex(struct lexer *lexer, struct statement *statement)
{
    static const char *const targets[] = {"INDEX", "TABLE", "SCHEMA", "DATABASE"};
    skip_parentheses(lexer);
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        if (lexer_take(lexer, targets[i])) {
            statement->concurrently_at = lexer->at;
            return;
        }
    }
}

void splice_find(struct span text, struct statement *statement)
{
    struct lexer lexer = lexer_of(text);
    (void)lexer_next(&lexer); /* CREATE, DROP, REINDEX */
    if (statement->kind == STATEMENT_REINDEX) {
        find_in_reindex(&lexer, statement);
    } else if (statement->kind == STATEMENT_CREATE_INDEX ||
               statement->kind == STATEMENT_DROP_INDEX) {
        (void)lexer_take(&lexer, "UNIQUE");
        statement->concurrently_at = lexer_take(&lexer, "INDEX") ? lexer.at : 0;
    }
    (void)lexer_take(&lexer, "CONCURRENTLY");
    if (statement->flags & FLAG_UNNAMED && lexeme_is(lexer_peek(&lexer), "ON")) {
        statement->name_at = lexer_peek(&lexer).at;
    }
    if (statement->flags & FLAG_CONCURRENTLY || !may_be_concurrent(statement)) {
        statement->concurrently_at = 0;
    }
}

/* Appends what is left of the text up to `at`, then `insert`, and notes it. */
static void splice_in(struct span text, size_t at, struct span insert, size_t *done,
                      struct buffer *out, struct splice *splice)
{
    buffer_append_span(out, span_cut(text, *done, at - *done));
    buffer_append_span(out, insert);
    *done = at;
    size_t characters = 0;
    for (size_t i = 0; i < insert.length; i++) {
        characters += (insert.at[i] & 0xc0) != 0x80; /* UTF-8 */
    }
    splice->at[splice->count].at = at;
    splice->at[splice->count].length = insert.length;
    splice->at[splice->count].characters = characters;
    splice->count++;
}

static void build(struct span text, const struct statement *statement, struct span name,
                  struct buffer *out, struct splice *splice)
{
    size_t done = 0;
    if (statement->concurrently_at > 0) {
        splice_in(text, statement->concurrently_at, span_text(" CONCURRENTLY"), &done, out, splice);
    }
    if (name.length > 0) {
        splice_in(text, statement->name_at, name, &done, out, splice);
    }
    buffer_append_span(out, span_from(text, done));
}

bool sql_make_concurrent(struct span text, const struct statement *statement,
                         const char *index_name, struct buffer *out, struct splice *splice)
{
    *splice = (struct splice){0};
    const char *name = statement->name_at > 0 ? index_name : NULL;
    if (statement->concurrently_at == 0 && name == NULL) {
        return false;
    }
    struct buffer quoted = {0};
    if (name != NULL) {
        sql_append_identifier(&quoted, name);
        buffer_append_text(&quoted, " ");
    }
    struct buffer spliced = {0};
    build(text, statement, buffer_span(&quoted), &spliced, splice);
    bool proved =
        !quoted.failed && !spliced.failed && prove_concurrent(text, buffer_span(&spliced), name);
    if (proved) {
        buffer_append_span(out, buffer_span(&spliced));
    }
    buffer_free(&quoted);
    buffer_free(&spliced);
    return proved && !out->failed;
}

bool sql_insert_statements(struct span text, const struct statement *statements,
                           const struct insertion *insertions, size_t count, size_t parse_limit,
                           struct buffer *out, struct splice *splice)
{
    struct buffer spliced = {0};
    size_t done = 0;
    *splice = (struct splice){0};
    if (count > SPLICES_MOST || text.length > parse_limit) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct buffer sql = {0};
        buffer_append_format(&sql, "%s; ", insertions[i].sql);
        splice_in(text, statements[insertions[i].before].start, buffer_span(&sql), &done, &spliced,
                  splice);
        spliced.failed = spliced.failed || sql.failed;
        buffer_free(&sql);
    }
    buffer_append_span(&spliced, span_from(text, done));
    bool proved = !spliced.failed && prove_inserted(text, buffer_span(&spliced), insertions, count);
    if (proved) {
        buffer_append_span(out, buffer_span(&spliced));
    }
    buffer_free(&spliced);
    return proved && !out->failed;
}
