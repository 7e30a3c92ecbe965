/* CREATE TABLE … PARTITION OF in two statements: the table, and what attaches it.
 *
 *      CREATE UNLOGGED TABLE p PARTITION OF pt FOR VALUES FROM (1) TO (9) WITH (fillfactor = 70)
 *             └ persistence  └ name         └ parent └──── bound ───────┘ └──── rest ──────────┘
 *
 * A partition has no comments and no extended statistics of its parent, and its identity comes when
 * it is attached; all else INCLUDING ALL has, indexes under the names that they would get. */
#include "policy/sql/internal.h"
#include "policy/sql/partition_text.h"

#define LIKE_OPTIONS " INCLUDING ALL EXCLUDING COMMENTS EXCLUDING IDENTITY EXCLUDING STATISTICS)"

struct create_place {
    bool unlogged;
    struct span name, parent, bound, rest;
};

static struct span create_take_name(struct lexer *lexer)
{
    size_t start = lexer_peek(lexer).at;
    lexer_take_name(lexer);
    while (lexer_take(lexer, ".")) {
        lexer_take_name(lexer);
    }
    return span_cut(lexer->text, start, lexer->at - start);
}

static bool create_find_places(struct span text, const struct statement *statement,
                               struct create_place *place)
{
    struct lexer lexer = lexer_of(text);
    if (statement->form != FORM_PARTITION_OF ||
        (statement->flags & (FLAG_IF_NOT_EXISTS | FLAG_TEMPORARY))) {
        return false;
    }
    (void)lexer_take(&lexer, "CREATE");
    place->unlogged = lexer_take(&lexer, "UNLOGGED");
    (void)lexer_take(&lexer, "TABLE");
    place->name = create_take_name(&lexer);
    bool of = lexer_take(&lexer, "PARTITION") && lexer_take(&lexer, "OF");
    place->parent = create_take_name(&lexer);
    bool columns = lexeme_is(lexer_peek(&lexer), "(");
    place->bound = partition_take_bound(&lexer);
    place->rest = span_from(text, lexer.at);
    return of && !columns;
}

/* The client's statement, but LIKE its parent and not a partition of it. */
static bool create_is_like(const struct node *old, const struct node *new)
{
    static const char *const except[] = {"inhRelations", "partbound", "tableElts", NULL};
    const struct node *elements = node_field(new, "tableElts");
    const struct node *like = node_bare(node_first(elements));
    const struct node *parent = node_bare(node_first(node_field(old, "inhRelations")));
    return prove_same_but(old, new, except) && node_field(old, "tableElts") == NULL &&
           node_field(new, "inhRelations") == NULL && node_field(new, "partbound") == NULL &&
           node_is(old, "oncommit", "ONCOMMIT_NOOP") && node_count(elements) == 1 &&
           strcmp(node_name(node_first(elements)), "TableLikeClause") == 0 &&
           prove_same_but(node_field(like, "relation"), parent, (const char *const[]){NULL});
}

/* The parent gets the client's table with the client's bound, and nothing else. */
static bool create_is_attach(const struct node *old, const struct node *new)
{
    static const char *const no_exception[] = {NULL};
    static const char *const except[] = {"relpersistence", NULL}; /* of a table that is there */
    const struct node *commands = node_field(new, "cmds");
    const struct node *command = node_bare(node_first(commands));
    const struct node *attach = node_bare(node_field(command, "def"));
    const struct node *parent = node_bare(node_first(node_field(old, "inhRelations")));
    return node_count(commands) == 1 && node_is(command, "subtype", "AT_AttachPartition") &&
           node_field(new, "missing_ok") == NULL &&
           prove_same_but(parent, node_field(new, "relation"), no_exception) &&
           prove_same_but(node_field(old, "relation"), node_field(attach, "name"), except) &&
           prove_same_but(node_field(old, "partbound"), node_field(attach, "bound"), no_exception);
}

static bool create_finish(struct span text, struct buffer *draft, const char *type,
                          bool (*holds)(const struct node *, const struct node *),
                          struct buffer *out)
{
    struct tree before = {0}, after = {0};
    const struct node *old = NULL, *new = NULL;
    bool proved = !draft->failed && grammar_read(text, &before, &old) &&
                  grammar_read(buffer_span(draft), &after, &new) &&
                  strcmp(node_name(old), "CreateStmt") == 0 && strcmp(node_name(new), type) == 0 &&
                  holds(node_bare(old), node_bare(new));
    if (proved) {
        buffer_append_span(out, buffer_span(draft));
    }
    tree_free(&before);
    tree_free(&after);
    buffer_free(draft);
    return proved && !out->failed;
}

bool partition_text_like(struct span text, const struct statement *statement, struct buffer *out)
{
    struct create_place place = {0};
    struct buffer draft = {0};
    if (!create_find_places(text, statement, &place)) {
        return false;
    }
    buffer_append_text(&draft, place.unlogged ? "CREATE UNLOGGED TABLE " : "CREATE TABLE ");
    buffer_append_span(&draft, place.name);
    buffer_append_text(&draft, " (LIKE ");
    buffer_append_span(&draft, place.parent);
    buffer_append_text(&draft, LIKE_OPTIONS);
    buffer_append_span(&draft, place.rest);
    return create_finish(text, &draft, "CreateStmt", create_is_like, out);
}

bool partition_text_attach(struct span text, const struct statement *statement, struct buffer *out)
{
    struct create_place place = {0};
    struct buffer draft = {0};
    if (!create_find_places(text, statement, &place)) {
        return false;
    }
    buffer_append_text(&draft, "ALTER TABLE ");
    buffer_append_span(&draft, place.parent);
    buffer_append_text(&draft, " ATTACH PARTITION ");
    buffer_append_span(&draft, place.name);
    buffer_append_text(&draft, " ");
    buffer_append_span(&draft, place.bound);
    return create_finish(text, &draft, "AlterTableStmt", create_is_attach, out);
}
