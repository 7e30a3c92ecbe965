/* A new identity column in several statements: the sequence that numbers its rows before it is an
 * identity, and the identity, both with the client's own options.
 *
 *      ADD COLUMN a int GENERATED ALWAYS AS IDENTITY (START 10)
 *                       └───────── words ──────────┘  └ options
 *
 *      CREATE SEQUENCE s AS pg_catalog.int4 START 10 OWNED BY t.a
 *      ALTER TABLE t ALTER COLUMN a ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME s START 10) */
#include "policy/sql/alter_proof.h"

struct identity {
    const struct node *node;
    struct span words, options; /* options: empty when there are none */
    const char *type;           /* "int2", "int4" or "int8" */
};

/* PostgreSQL has identity columns of these alone (generateSerialExtraStmts). NULL: another type. */
static const char *integer_of(const struct node *type)
{
    static const char *const integers[] = {"int2", "int4", "int8"};
    static const char *const fields[] = {"names", "typemod", "location", NULL};
    const struct node *names = node_field(type, "names");
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        bool alone = node_count(names) == 1 && node_number(type, "typemod") == -1 &&
                     node_is(node_bare(node_first(names)), "sval", integers[i]) &&
                     node_has_only(type, fields);
        if (alone || type_is_builtin(type, integers[i])) {
            return integers[i];
        }
    }
    return NULL;
}

/* What CREATE SEQUENCE and an identity both take. */
static bool options_are_common(const struct node *options)
{
    static const char *const common[] = {"start",    "increment", "minvalue",
                                         "maxvalue", "cache",     "cycle"};
    for (const struct node *at = node_first(options); at != NULL; at = node_next(options, at)) {
        bool known = false;
        for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
            known = known || node_is(node_bare(at), "defname", common[i]);
        }
        if (!known) {
            return false;
        }
    }
    return true;
}

static bool identity_read(const struct alter_source *source, struct identity *out)
{
    struct column_constraint found = column_constraint_find(source->definition, COLUMN_IDENTITY, 0);
    *out = (struct identity){.node = found.node,
                             .type = integer_of(node_field(source->definition, "typeName"))};
    if (found.node == NULL || out->type == NULL ||
        column_constraint_find(source->definition, COLUMN_IDENTITY, 1).node != NULL ||
        !options_are_common(node_field(found.node, "options"))) {
        return false;
    }
    struct lexer lexer = lexer_of(column_element_text(source, found.wrapper));
    lexer_take_constraint_name(&lexer);
    size_t start = lexer_peek(&lexer).at;
    while (lexer_peek(&lexer).kind != LEXEME_END && !lexeme_is(lexer_peek(&lexer), "(")) {
        (void)lexer_next(&lexer);
    }
    out->words = span_cut(lexer.text, start, lexer.at - start);
    struct span group = lexer_trim(span_from(lexer.text, lexer.at));
    if (group.length > 2) { /* in its parentheses */
        out->options = lexer_trim(span_cut(group, 1, group.length - 2));
    }
    return true;
}

/* The client's options, with one of ours before them and perhaps one behind. */
static bool are_options(const struct node *options, const struct node *own, const char *before,
                        const char *behind)
{
    const struct node *at = node_first(options);
    if (!node_is(node_bare(at), "defname", before)) {
        return false;
    }
    for (const struct node *old = node_first(own); old != NULL; old = node_next(own, old)) {
        at = node_next(options, at);
        if (at == NULL || !prove_same_tree(old, at)) {
            return false;
        }
    }
    at = node_next(options, at);
    if (behind != NULL) {
        return at != NULL && node_is(node_bare(at), "defname", behind) && at == node_last(options);
    }
    return at == NULL;
}

/* DefElem's value is the list of these names. */
static bool is_name(const struct node *option, const char *const *names, size_t count)
{
    const struct node *list = node_bare(node_field(node_bare(option), "arg"));
    const struct node *items = node_field(list, "items") != NULL ? node_field(list, "items") : list;
    const struct node *at = node_first(items);
    for (size_t i = 0; i < count; i++, at = node_next(items, at)) {
        if (at == NULL || !node_is(node_bare(at), "sval", names[i])) {
            return false;
        }
    }
    return at == NULL;
}

static bool is_sequence(const struct alter_source *source, const struct alter_wish *wish,
                        const struct node *wrapper)
{
    static const char *const fields[] = {"sequence", "options", NULL};
    static const char *const relation_fields[] = {"schemaname",     "relname",  "inh",
                                                  "relpersistence", "location", NULL};
    const char *const owner[] = {wish->table->schema, wish->table->name,
                                 node_text(source->definition, "colname")};
    const struct node *sequence = node_bare(wrapper);
    const struct node *relation = node_field(sequence, "sequence");
    const struct node *options = node_field(sequence, "options");
    struct identity identity;
    return strcmp(node_name(wrapper), "CreateSeqStmt") == 0 && node_has_only(sequence, fields) &&
           node_has_only(relation, relation_fields) &&
           node_is(relation, "schemaname", wish->table->schema) &&
           node_is(relation, "relname", wish->name) && node_is(relation, "relpersistence", "p") &&
           identity_read(source, &identity) &&
           are_options(options, node_field(identity.node, "options"), "as", "owned_by") &&
           type_is_builtin(node_bare(node_field(node_bare(node_first(options)), "arg")),
                           identity.type) &&
           is_name(node_last(options), owner, 3);
}

static bool is_add_identity(const struct alter_source *source, const struct alter_wish *wish,
                            const struct node *wrapper)
{
    static const char *const except[] = {"options", "conname", NULL};
    static const char *const fields[] = {"subtype", "name", "def", "behavior", NULL};
    const struct alter_wish own_table = {0};
    const char *const name[] = {wish->table->schema, wish->name};
    const struct node *command = alter_only_command(source, &own_table, wrapper);
    const struct node *definition = node_bare(node_field(command, "def"));
    const struct node *options = node_field(definition, "options");
    struct identity identity;
    return command != NULL && node_has_only(command, fields) &&
           node_is(command, "subtype", "AT_AddIdentity") &&
           node_is(command, "name", node_text(source->definition, "colname")) &&
           node_is(command, "behavior", "DROP_RESTRICT") && identity_read(source, &identity) &&
           prove_same_but(identity.node, definition, except) &&
           are_options(options, node_field(identity.node, "options"), "sequence_name", NULL) &&
           is_name(node_first(options), name, 2);
}

static void append_options(struct buffer *draft, const struct identity *identity)
{
    buffer_append_text(draft, identity->options.length > 0 ? " " : "");
    buffer_append_span(draft, identity->options);
}

static void append_sequence(struct buffer *draft, const struct alter_source *source,
                            const struct identity *identity, const struct alter_wish *wish,
                            const struct object_name *sequence)
{
    buffer_append_text(draft, "CREATE SEQUENCE ");
    sql_append_name(draft, sequence);
    buffer_append_format(draft, " AS pg_catalog.%s", identity->type);
    append_options(draft, identity);
    buffer_append_text(draft, " OWNED BY ");
    sql_append_name(draft, wish->table);
    buffer_append_text(draft, ".");
    buffer_append_span(draft, column_name_text(source));
}

static void append_add_identity(struct buffer *draft, const struct alter_source *source,
                                const struct identity *identity, const struct object_name *sequence)
{
    buffer_append_span(draft, source->head);
    buffer_append_text(draft, "ALTER COLUMN ");
    buffer_append_span(draft, column_name_text(source));
    buffer_append_text(draft, " ADD ");
    buffer_append_span(draft, identity->words);
    buffer_append_text(draft, " (SEQUENCE NAME ");
    sql_append_name(draft, sequence);
    append_options(draft, identity);
    buffer_append_text(draft, ")");
}

enum identity_text { IDENTITY_SEQUENCE, IDENTITY_ADD };

static bool append_identity(struct span text, const struct statement *statement, size_t action,
                            const struct alter_wish *wish, enum identity_text what,
                            struct buffer *out)
{
    struct alter_source source;
    struct identity identity;
    struct object_name sequence = *wish->table; /* its schema */
    struct buffer draft = {0};
    name_copy(sequence.name, wish->name);
    bool made = alter_source_read(&source, text, statement, action) &&
                node_is(source.command, "subtype", "AT_AddColumn") &&
                identity_read(&source, &identity);
    if (made && what == IDENTITY_SEQUENCE) {
        append_sequence(&draft, &source, &identity, wish, &sequence);
        made = alter_draft_finish(&draft, &source, wish, is_sequence, out);
    } else if (made) {
        append_add_identity(&draft, &source, &identity, &sequence);
        made = alter_draft_finish(&draft, &source, wish, is_add_identity, out);
    }
    alter_source_free(&source);
    return made;
}

bool alter_text_identity_sequence(struct span text, const struct statement *statement,
                                  size_t action, const char *name, const struct object_name *table,
                                  struct buffer *out)
{
    const struct alter_wish wish = {.name = name, .table = table};
    return append_identity(text, statement, action, &wish, IDENTITY_SEQUENCE, out);
}

bool alter_text_add_identity(struct span text, const struct statement *statement, size_t action,
                             const char *name, const struct object_name *table, struct buffer *out)
{
    const struct alter_wish wish = {.name = name, .table = table};
    return append_identity(text, statement, action, &wish, IDENTITY_ADD, out);
}
