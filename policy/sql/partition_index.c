/* A CREATE INDEX of a partitioned table, written for one table of it.
 *
 *      CREATE UNIQUE INDEX IF NOT EXISTS i ON pt USING btree (a) WHERE …
 *                          └─── head ───┘  └─┘└────── rest ───────────┘
 *                             ours now    ours now   the client's */
#include "policy/sql/internal.h"
#include "policy/sql/partition_text.h"

/* What was wished for. */
struct index_wish {
    const char *name;
    const struct object_name *table; /* NULL: the client's own */
    bool only;
};

struct index_place {
    size_t table_at, table_length;
    size_t rest; /* behind the table's name, its ONLY and its `*` */
};

/* Up to ON there are keywords and at most a name, which may be a quoted "ON" but no plain one. */
static struct index_place index_place_of(struct span text)
{
    struct index_place place = {0};
    struct lexer lexer = lexer_of(text);
    struct lexeme lexeme = lexer_next(&lexer);
    while (lexeme.kind != LEXEME_END && !(lexeme.kind == LEXEME_WORD && lexeme_is(lexeme, "ON"))) {
        lexeme = lexer_next(&lexer);
    }
    bool parenthesis = lexer_take(&lexer, "ONLY") && lexer_take(&lexer, "(");
    place.table_at = lexer_peek(&lexer).at;
    lexer_take_name(&lexer);
    while (lexer_take(&lexer, ".")) {
        lexer_take_name(&lexer);
    }
    place.table_length = lexer.at - place.table_at;
    (void)(parenthesis ? lexer_take(&lexer, ")") : lexer_take(&lexer, "*"));
    place.rest = lexer.at;
    return place;
}

static bool index_has_table(const struct node *before, const struct node *after,
                            const struct index_wish *wish)
{
    static const char *const except_inh[] = {"inh", NULL};
    static const char *const except[] = {"inh", "schemaname", "relname", "catalogname", NULL};
    bool same = wish->table == NULL
                    ? prove_same_but(before, after, except_inh)
                    : prove_same_but(before, after, except) &&
                          strcmp(node_text(after, "schemaname"), wish->table->schema) == 0 &&
                          node_is(after, "relname", wish->table->name) &&
                          node_field(after, "catalogname") == NULL;
    return same && node_number(after, "inh") == (wish->only ? 0 : 1);
}

static bool index_is_proved(struct span text, struct span written, const struct index_wish *wish)
{
    static const char *const except[] = {"idxname", "relation", "if_not_exists", "concurrent",
                                         NULL};
    struct tree before = {0}, after = {0};
    const struct node *old = NULL, *new = NULL;
    bool proved = grammar_read(text, &before, &old) && grammar_read(written, &after, &new) &&
                  strcmp(node_name(old), "IndexStmt") == 0 &&
                  strcmp(node_name(new), "IndexStmt") == 0;
    if (proved) {
        old = node_bare(old);
        new = node_bare(new);
        proved = prove_same_but(old, new, except) && node_is(new, "idxname", wish->name) &&
                 node_number(old, "concurrent") == 0 &&
                 node_number(new, "concurrent") == (wish->only ? 0 : 1) &&
                 index_has_table(node_field(old, "relation"), node_field(new, "relation"), wish);
    }
    tree_free(&before);
    tree_free(&after);
    return proved;
}

static bool index_write(struct span text, const struct statement *statement,
                        const struct index_wish *wish, struct buffer *out)
{
    struct buffer draft = {0};
    struct index_place place = index_place_of(text);
    if (statement->kind != STATEMENT_CREATE_INDEX) {
        return false;
    }
    buffer_append_text(&draft,
                       statement->flags & FLAG_UNIQUE ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
    buffer_append_text(&draft, wish->only ? "" : "CONCURRENTLY ");
    sql_append_identifier(&draft, wish->name);
    buffer_append_text(&draft, wish->only ? " ON ONLY " : " ON ");
    if (wish->table != NULL) {
        sql_append_name(&draft, wish->table);
    } else {
        buffer_append_span(&draft, span_cut(text, place.table_at, place.table_length));
    }
    buffer_append_span(&draft, span_from(text, place.rest));
    bool proved = !draft.failed && index_is_proved(text, buffer_span(&draft), wish);
    if (proved) {
        buffer_append_span(out, buffer_span(&draft));
    }
    buffer_free(&draft);
    return proved && !out->failed;
}

bool partition_text_index_only(struct span text, const struct statement *statement,
                               const char *name, struct buffer *out)
{
    return index_write(text, statement, &(struct index_wish){name, NULL, true}, out);
}

bool partition_text_index_on(struct span text, const struct statement *statement, const char *name,
                             const struct object_name *table, bool only, struct buffer *out)
{
    return index_write(text, statement, &(struct index_wish){name, table, only}, out);
}
