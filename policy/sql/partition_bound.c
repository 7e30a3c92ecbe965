/* The bound that a statement gives a partition, as that of a temporary table: whoever wants to know
 * what a bound means can ask the server.
 *
 *      ALTER TABLE pt ATTACH PARTITION s.p FOR VALUES FROM (1) TO (9)
 *      CREATE TABLE s.p PARTITION OF pt    FOR VALUES FROM (1) TO (9) WITH (fillfactor = 70)
 *                     └ name               └──────── bound ─────────┘
 *
 *      CREATE TEMPORARY TABLE pg_temp.p PARTITION OF pg_temp.parent FOR VALUES FROM (1) TO (9) */
#include "policy/sql/internal.h"
#include "policy/sql/partition_text.h"

static void bound_skip_name(struct lexer *lexer)
{
    lexer_take_name(lexer);
    while (lexer_take(lexer, ".")) {
        lexer_take_name(lexer);
    }
}

/* Up to the bound; false when it is no such statement. */
static bool bound_skip_head(struct span text, const struct statement *statement,
                            struct lexer *lexer)
{
    *lexer = lexer_of(text);
    if (statement->kind == STATEMENT_ALTER_TABLE) {
        lexer->at = statement->actions[0].start;
        bool attach = lexer_take(lexer, "ATTACH") && lexer_take(lexer, "PARTITION");
        bound_skip_name(lexer);
        return attach && statement->action_count == 1 && statement->actions[0].length > 0;
    }
    (void)lexer_take(lexer, "CREATE");
    (void)lexer_take(lexer, "UNLOGGED");
    (void)lexer_take(lexer, "TABLE");
    bound_skip_name(lexer);
    bool of = lexer_take(lexer, "PARTITION") && lexer_take(lexer, "OF");
    bound_skip_name(lexer);
    return of && statement->form == FORM_PARTITION_OF;
}

struct span partition_take_bound(struct lexer *lexer)
{
    size_t start = lexer_peek(lexer).at;
    if (lexer_take(lexer, "FOR")) {
        (void)lexer_take(lexer, "VALUES");
        bool range = lexer_take(lexer, "FROM");
        if (!range && !lexer_take(lexer, "IN")) {
            (void)lexer_take(lexer, "WITH");
        }
        lexer_take_group(lexer);
        if (range && lexer_take(lexer, "TO")) {
            lexer_take_group(lexer);
        }
    } else {
        (void)lexer_take(lexer, "DEFAULT");
    }
    return span_cut(lexer->text, start, lexer->at - start);
}

static const char *bound_partition_name(const struct statement *statement)
{
    return statement->kind == STATEMENT_ALTER_TABLE ? statement->actions[0].other.name
                                                    : statement->objects[0].name.name;
}

/* The node of the client's bound. */
static const struct node *bound_of(const struct node *wrapper)
{
    const struct node *command = node_bare(node_first(node_field(node_bare(wrapper), "cmds")));
    const struct node *attach = node_bare(node_field(command, "def"));
    return strcmp(node_name(wrapper), "CreateStmt") == 0
               ? node_field(node_bare(wrapper), "partbound")
               : node_field(attach, "bound");
}

static bool bound_is_named(const struct node *relation, const char *name)
{
    return node_is(relation, "schemaname", "pg_temp") && node_is(relation, "relname", name) &&
           node_field(relation, "catalogname") == NULL;
}

static bool bound_is_shadow(const struct node *before, const struct node *after, const char *name,
                            const char *parent)
{
    static const char *const fields[] = {"relation", "inhRelations", "partbound", "oncommit", NULL};
    static const char *const no_exception[] = {NULL};
    const struct node nothing = {.type = NODE_OBJECT, .size = 1};
    const struct node *create = node_bare(after);
    const struct node *bound = bound_of(before);
    const struct node *parents = node_field(create, "inhRelations");
    return strcmp(node_name(after), "CreateStmt") == 0 && bound != NULL &&
           prove_same_but(create, &nothing, fields) &&
           node_is(create, "oncommit", "ONCOMMIT_NOOP") &&
           bound_is_named(node_field(create, "relation"), name) &&
           node_is(node_field(create, "relation"), "relpersistence", "t") &&
           node_count(parents) == 1 && bound_is_named(node_bare(node_first(parents)), parent) &&
           prove_same_but(bound, node_field(create, "partbound"), no_exception);
}

bool partition_text_shadow(struct span text, const struct statement *statement, const char *parent,
                           struct buffer *out)
{
    struct lexer lexer;
    struct buffer draft = {0};
    struct tree before = {0}, after = {0};
    const struct node *old = NULL, *new = NULL;
    const char *name = bound_partition_name(statement);
    if (!bound_skip_head(text, statement, &lexer)) {
        return false;
    }
    buffer_append_text(&draft, "CREATE TEMPORARY TABLE pg_temp.");
    sql_append_identifier(&draft, name);
    buffer_append_format(&draft, " PARTITION OF pg_temp.%s ", parent);
    buffer_append_span(&draft, partition_take_bound(&lexer));
    bool proved = !draft.failed && grammar_read(text, &before, &old) &&
                  grammar_read(buffer_span(&draft), &after, &new) &&
                  bound_is_shadow(old, new, name, parent);
    if (proved) {
        buffer_append_span(out, buffer_span(&draft));
    }
    tree_free(&before);
    tree_free(&after);
    buffer_free(&draft);
    return proved && !out->failed;
}
