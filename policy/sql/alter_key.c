/* A UNIQUE or PRIMARY KEY in two steps: the index, which can be built CONCURRENTLY, and the
 * constraint that takes it over.
 *
 *      ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b) WITH (…) USING INDEX TABLESPACE x
 *                              └──── nulls ─────┘ └┤         └─┤      └┤                         │
 *                                             columns    include    with                tablespace
 */
#include "policy/sql/alter_proof.h"

struct key_text {
    struct span nulls, columns, include, with, tablespace;
};

/* A group in parentheses, or nothing. */
static struct span take_group(struct lexer *lexer)
{
    size_t start = lexer_peek(lexer).at;
    size_t depth = 0;
    if (!lexeme_is(lexer_peek(lexer), "(")) {
        return (struct span){0};
    }
    do {
        struct lexeme lexeme = lexer_next(lexer);
        depth += lexeme_is(lexeme, "(");
        depth -= lexeme_is(lexeme, ")");
    } while (depth > 0 && lexer_peek(lexer).kind != LEXEME_END);
    return span_cut(lexer->text, start, lexer->at - start);
}

/* Behind [CONSTRAINT name]; of a column's key there are no columns in the text. */
static struct key_text read_key(struct lexer *lexer)
{
    struct key_text key = {0};
    if (lexer_take(lexer, "PRIMARY")) {
        (void)lexer_take(lexer, "KEY");
    } else {
        (void)lexer_take(lexer, "UNIQUE");
    }
    size_t start = lexer_peek(lexer).at;
    if (lexer_take(lexer, "NULLS")) {
        (void)lexer_take(lexer, "NOT");
        (void)lexer_take(lexer, "DISTINCT");
        key.nulls = span_cut(lexer->text, start, lexer->at - start);
    }
    key.columns = take_group(lexer);
    key.include = lexer_take(lexer, "INCLUDE") ? take_group(lexer) : key.include;
    key.with = lexer_take(lexer, "WITH") ? take_group(lexer) : key.with;
    if (lexer_take(lexer, "USING") && lexer_take(lexer, "INDEX") &&
        lexer_take(lexer, "TABLESPACE")) {
        start = lexer_peek(lexer).at;
        lexer_take_name(lexer);
        key.tablespace = span_cut(lexer->text, start, lexer->at - start);
    }
    return key;
}

static void append_part(struct buffer *draft, const char *words, struct span part)
{
    if (part.length > 0) {
        buffer_append_text(draft, words);
        buffer_append_span(draft, part);
    }
}

static void append_index(struct buffer *draft, const struct alter_source *source,
                         const struct column_constraint *constraint, const struct alter_wish *wish)
{
    bool of_column = constraint->wrapper != NULL;
    struct lexer lexer =
        lexer_of(of_column ? column_element_text(source, constraint->wrapper) : source->piece);
    (void)lexer_take(&lexer, "ADD");
    lexer_take_constraint_name(&lexer);
    struct key_text key = read_key(&lexer);
    struct alter_head head = alter_head_of(source->text);
    buffer_append_text(draft, "CREATE UNIQUE INDEX CONCURRENTLY ");
    sql_append_identifier(draft, wish->name);
    buffer_append_text(draft, " ON ");
    if (wish->table != NULL) {
        sql_append_name(draft, wish->table);
    } else {
        buffer_append_span(draft, span_cut(source->text, head.name_at, head.name_length));
    }
    if (of_column) {
        append_part(draft, " (", column_name_text(source));
        buffer_append_text(draft, ")");
    }
    append_part(draft, " ", key.columns);
    append_part(draft, " INCLUDE ", key.include);
    append_part(draft, " ", key.nulls);
    append_part(draft, " WITH ", key.with);
    append_part(draft, " TABLESPACE ", key.tablespace);
}

/* The text that `append` writes for the key of an action, when it holds. A key USING INDEX has an
 * index already. */
static bool write_key(struct span text, const struct statement *statement, size_t action,
                      const struct alter_wish *wish,
                      void (*append)(struct buffer *, const struct alter_source *,
                                     const struct column_constraint *, const struct alter_wish *),
                      alter_proof *holds, struct buffer *out)
{
    struct alter_source source;
    struct column_constraint key = {0};
    struct buffer draft = {0};
    if (alter_source_read(&source, text, statement, action)) {
        key = alter_key_of(&source);
    }
    bool made = key.node != NULL && node_field(key.node, "indexname") == NULL;
    if (made) {
        append(&draft, &source, &key, wish);
        made = alter_draft_finish(&draft, &source, wish, holds, out);
    }
    alter_source_free(&source);
    return made;
}

bool alter_text_key_index_on(struct span text, const struct statement *statement, size_t action,
                             const char *name, const struct object_name *table, struct buffer *out)
{
    const struct alter_wish wish = {.name = name, .table = table};
    return write_key(text, statement, action, &wish, append_index, alter_is_key_index, out);
}

bool alter_text_key_index(struct span text, const struct statement *statement, size_t action,
                          const char *name, struct buffer *out)
{
    return alter_text_key_index_on(text, statement, action, name, NULL, out);
}

static void append_using_index(struct buffer *draft, const struct alter_source *source,
                               const struct column_constraint *key, const struct alter_wish *wish)
{
    bool primary = node_is(key->node, "contype", "CONSTR_PRIMARY");
    if (wish->table != NULL) {
        buffer_append_text(draft, "ALTER TABLE ");
        sql_append_name(draft, wish->table);
        buffer_append_text(draft, " ");
    } else {
        buffer_append_span(draft, source->head);
    }
    buffer_append_text(draft, "ADD CONSTRAINT ");
    sql_append_identifier(draft, wish->name);
    buffer_append_text(draft, primary ? " PRIMARY KEY" : " UNIQUE");
    buffer_append_text(draft, " USING INDEX ");
    sql_append_identifier(draft, wish->name);
    buffer_append_text(draft, key->deferrable ? " DEFERRABLE" : "");
    buffer_append_text(draft, key->initially_deferred ? " INITIALLY DEFERRED" : "");
}

bool alter_text_key_using_index_on(struct span text, const struct statement *statement,
                                   size_t action, const char *name, const struct object_name *table,
                                   struct buffer *out)
{
    const struct alter_wish wish = {.name = name, .table = table};
    return write_key(text, statement, action, &wish, append_using_index, alter_is_key_using_index,
                     out);
}

bool alter_text_key_using_index(struct span text, const struct statement *statement, size_t action,
                                const char *name, struct buffer *out)
{
    return alter_text_key_using_index_on(text, statement, action, name, NULL, out);
}

/* ALTER TABLE ONLY table ADD CONSTRAINT name and what the client has behind that. */
static void append_only(struct buffer *draft, const struct alter_source *source,
                        const struct alter_wish *wish)
{
    const char *own = node_text(source->definition, "conname");
    struct alter_head head = alter_head_of(source->text);
    struct lexer lexer = lexer_of(source->piece);
    (void)lexer_take(&lexer, "ADD");
    lexer_take_constraint_name(&lexer);
    buffer_append_text(draft, "ALTER TABLE ONLY ");
    if (wish->table != NULL) {
        sql_append_name(draft, wish->table);
    } else {
        buffer_append_span(draft, span_cut(source->text, head.name_at, head.name_length));
    }
    buffer_append_text(draft, " ADD CONSTRAINT ");
    sql_append_identifier(draft, wish->table == NULL && own[0] != '\0' ? own : wish->name);
    buffer_append_span(draft, span_from(source->piece, lexer.at));
}

bool alter_text_key_only(struct span text, const struct statement *statement, size_t action,
                         const char *name, const struct object_name *table, struct buffer *out)
{
    const struct alter_wish wish = {.name = name, .table = table, .only = true};
    struct alter_source source;
    struct buffer draft = {0};
    bool made = alter_source_read(&source, text, statement, action) &&
                node_field(source.definition, "indexname") == NULL;
    if (made) {
        append_only(&draft, &source, &wish);
        made = alter_draft_finish(&draft, &source, &wish, alter_is_key_only, out);
    }
    alter_source_free(&source);
    return made;
}

static void add_column(const char *name, char (*columns)[NAME_BYTES], size_t most, size_t *count)
{
    if (*count < most) {
        name_copy(columns[*count], name);
    }
    (*count)++;
}

size_t alter_key_columns(struct span text, const struct statement *statement, size_t action,
                         char (*columns)[NAME_BYTES], size_t most)
{
    const unsigned keys = COLUMN_UNIQUE | COLUMN_PRIMARY_KEY | COLUMN_REFERENCES;
    struct alter_source source;
    size_t count = 0;
    if (alter_source_read(&source, text, statement, action)) {
        const char *column = node_text(source.definition, "colname");
        const struct node *names = node_field(source.definition, "keys");
        names = names != NULL ? names : node_field(source.definition, "fk_attrs");
        if (column[0] != '\0' && (statement->actions[action].flags & keys) != 0) {
            add_column(column, columns, most, &count);
        }
        for (const struct node *at = node_first(names); at != NULL; at = node_next(names, at)) {
            add_column(node_text(node_bare(at), "sval"), columns, most, &count);
        }
    }
    alter_source_free(&source);
    return count;
}
