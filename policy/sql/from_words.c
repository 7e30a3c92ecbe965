/* The facts about a statement that does not parse or is too long to: from its leading keywords, as
 * far as they tell. It sees what a reader would see who stops after the first name; expressions,
 * options and lists behind it are not looked at. */
#include "policy/sql/internal.h"

/* Transaction control is what its keywords say, even when the grammar does not know what follows.
 */
static const struct {
    enum scan_verb verb;
    enum statement_kind kind;
    const char *tag;
} verbs[] = {
    {SCAN_VERB_BEGIN, STATEMENT_BEGIN, "BEGIN"},
    {SCAN_VERB_COMMIT, STATEMENT_COMMIT, "COMMIT"},
    {SCAN_VERB_ROLLBACK, STATEMENT_ROLLBACK, "ROLLBACK"},
    {SCAN_VERB_ROLLBACK_TO, STATEMENT_ROLLBACK_TO, "ROLLBACK"},
    {SCAN_VERB_SAVEPOINT, STATEMENT_SAVEPOINT, "SAVEPOINT"},
    {SCAN_VERB_RELEASE, STATEMENT_RELEASE, "RELEASE"},
    {SCAN_VERB_PREPARE_TRANSACTION, STATEMENT_PREPARE_TRANSACTION, "PREPARE TRANSACTION"},
    {SCAN_VERB_COMMIT_PREPARED, STATEMENT_COMMIT_PREPARED, "COMMIT PREPARED"},
    {SCAN_VERB_ROLLBACK_PREPARED, STATEMENT_ROLLBACK_PREPARED, "ROLLBACK PREPARED"},
    {SCAN_VERB_SET, STATEMENT_SET, "SET"},
    {SCAN_VERB_SET_TRANSACTION, STATEMENT_OTHER, "SET"},
    {SCAN_VERB_SET_CONSTRAINTS, STATEMENT_OTHER, "SET CONSTRAINTS"},
    {SCAN_VERB_RESET, STATEMENT_SET, "RESET"},
    {SCAN_VERB_DISCARD, STATEMENT_SET, "DISCARD"},
};

/* Commands that are no CREATE, ALTER or DROP of a type of objects. `kind` is what they name. */
static const struct command {
    const char *words;
    const char *tag;
    const char *action;
    const char *kind;
} commands[] = {
    {"TRUNCATE", "TRUNCATE TABLE", "truncate", "table"},
    {"LOCK", "LOCK TABLE", "lock", "table"},
    {"REINDEX INDEX", "REINDEX", "reindex", "index"},
    {"REINDEX TABLE", "REINDEX", "reindex", "table"},
    {"REINDEX SCHEMA", "REINDEX", "reindex", "schema"},
    {"REINDEX", "REINDEX", NULL, NULL},
    {"REFRESH MATERIALIZED VIEW", "REFRESH MATERIALIZED VIEW", "refresh", "materialized view"},
    {"CLUSTER", "CLUSTER", NULL, NULL},
    {"VACUUM", "VACUUM", NULL, NULL},
    {"COMMENT", "COMMENT", NULL, NULL},
    {"SECURITY", "SECURITY LABEL", NULL, NULL},
    {"GRANT", "GRANT", NULL, NULL},
    {"REVOKE", "REVOKE", NULL, NULL},
    {"IMPORT", "IMPORT FOREIGN SCHEMA", NULL, NULL},
    {"REASSIGN", "REASSIGN OWNED", NULL, NULL},
    {"DROP OWNED", "DROP OWNED", NULL, NULL},
    {"ALTER SYSTEM", "ALTER SYSTEM", NULL, NULL},
    {"ALTER DEFAULT", "ALTER DEFAULT PRIVILEGES", NULL, NULL},
    {"DO", "DO", NULL, NULL},
    {"CALL", "CALL", "call", "procedure"},
    {"SELECT", "SELECT INTO", NULL, NULL},
    {"EXPLAIN", "EXPLAIN", NULL, NULL},
};

/* What may stand between CREATE and the type. */
static const struct {
    const char *word;
    unsigned flag;
} modifiers[] = {
    {"OR", 0},
    {"REPLACE", 0},
    {"GLOBAL", 0},
    {"LOCAL", 0},
    {"UNLOGGED", 0},
    {"RECURSIVE", 0},
    {"TRUSTED", 0},
    {"PROCEDURAL", 0},
    {"DEFAULT", 0},
    {"CONSTRAINT", 0},
    {"UNIQUE", FLAG_UNIQUE},
    {"TEMP", FLAG_TEMPORARY},
    {"TEMPORARY", FLAG_TEMPORARY},
};

static bool takes_words(const char **words, struct lexer *lexer, const char *prefix)
{
    size_t length = strlen(prefix);
    if (strncmp(*words, prefix, length) != 0 ||
        ((*words)[length] != ' ' && (*words)[length] != '\0')) {
        return false;
    }
    *words += length + ((*words)[length] == ' ');
    for (const char *at = prefix; at != NULL; at = strchr(at + 1, ' ')) {
        (void)lexer_next(lexer);
    }
    return true;
}

/* A name's text without quotes, in lower case when it has none. */
static void copy_name(char *out, struct lexeme lexeme)
{
    char name[NAME_BYTES + 4]; /* a character more than fits, for name_copy to cut at its start */
    size_t length = 0;
    bool quoted = lexeme.kind == LEXEME_QUOTED;
    for (size_t i = quoted; i < lexeme.text.length && length < sizeof name - 1; i++) {
        char byte = (char)lexeme.text.at[i];
        if (quoted && byte == '"') {
            i++; /* a doubled quote is one, the last one is none */
            if (i >= lexeme.text.length) {
                break;
            }
        }
        bool upper = !quoted && byte >= 'A' && byte <= 'Z';
        name[length++] = upper ? (char)(byte - 'A' + 'a') : byte;
    }
    name[length] = '\0';
    name_copy(out, name);
}

static bool is_name(struct lexeme lexeme)
{
    return lexeme.kind == LEXEME_WORD || (lexeme.kind == LEXEME_QUOTED && lexeme.text.at[0] == '"');
}

/* [catalog.] [schema.] name; false when there is none. */
static bool take_name(struct lexer *lexer, struct object_name *name)
{
    *name = (struct object_name){0};
    if (!is_name(lexer_peek(lexer))) {
        return false;
    }
    copy_name(name->name, lexer_next(lexer));
    while (lexer_take(lexer, ".") && is_name(lexer_peek(lexer))) {
        name_copy(name->schema, name->name);
        copy_name(name->name, lexer_next(lexer));
    }
    return true;
}

static void skip_options(struct lexer *lexer, struct statement *out)
{
    if (lexer_take(lexer, "CONCURRENTLY")) {
        out->flags |= FLAG_CONCURRENTLY;
    }
    if (lexer_take(lexer, "IF")) {
        out->flags |= lexer_take(lexer, "NOT") ? FLAG_IF_NOT_EXISTS : FLAG_IF_EXISTS;
        (void)lexer_take(lexer, "EXISTS");
    }
    (void)lexer_take(lexer, "TABLE"); /* TRUNCATE and LOCK [TABLE] */
    (void)lexer_take(lexer, "FOR");   /* USER MAPPING FOR */
    if (lexer_take(lexer, "ONLY")) {
        out->flags |= FLAG_ONLY;
    }
}

/* name [, name …] */
static void add_names(struct lexer *lexer, struct statement *out, const char *action,
                      const char *kind)
{
    struct object_name name;
    skip_options(lexer, out);
    while (take_name(lexer, &name)) {
        object_add(out, action, kind, &name);
        if (!lexer_take(lexer, ",")) {
            break;
        }
    }
}

/* CREATE INDEX [name] ON [ONLY] table */
static void add_index(struct lexer *lexer, struct statement *out)
{
    skip_options(lexer, out);
    if (lexeme_is(lexer_peek(lexer), "ON")) {
        out->flags |= FLAG_UNNAMED;
    } else {
        (void)take_name(lexer, &out->index);
    }
    if (lexer_take(lexer, "ON")) {
        out->flags |= lexer_take(lexer, "ONLY") ? FLAG_ONLY : 0u;
        (void)take_name(lexer, &out->target);
    }
    name_copy(out->index.schema, out->target.schema);
    object_add(out, "create", "index", &out->index);
}

static bool fill_type(const char *words, struct lexer *lexer, struct statement *out)
{
    bool create = takes_words(&words, lexer, "CREATE");
    bool alter = !create && takes_words(&words, lexer, "ALTER");
    if (!create && !alter && !takes_words(&words, lexer, "DROP")) {
        return false;
    }
    for (size_t i = 0; i < sizeof modifiers / sizeof modifiers[0]; i++) {
        if (takes_words(&words, lexer, modifiers[i].word)) {
            out->flags |= modifiers[i].flag;
            i = SIZE_MAX; /* from the first again: they come in any order */
        }
    }
    size_t length = 0;
    const struct object_type *type = object_type_of_words(words, &length);
    if (type == NULL) {
        return false;
    }
    for (const char *at = words; at != NULL && at < words + length; at = strchr(at + 1, ' ')) {
        (void)lexer_next(lexer);
    }
    out->tag = create ? type->create : alter ? type->alter : type->drop;
    if (create && strcmp(type->kind, "index") == 0) {
        add_index(lexer, out);
    } else {
        add_names(lexer, out, create ? "create" : alter ? "alter" : "drop", type->kind);
    }
    return true;
}

static bool fill_command(const char *words, struct lexer *lexer, struct statement *out)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (takes_words(&words, lexer, commands[i].words)) {
            out->tag = commands[i].tag;
            if (commands[i].kind != NULL) {
                add_names(lexer, out, commands[i].action, commands[i].kind);
            }
            return true;
        }
    }
    return false;
}

/* SAVEPOINT name, RELEASE [SAVEPOINT] name, ROLLBACK [WORK] TO [SAVEPOINT] name; AND CHAIN */
static void fill_transaction(struct lexer *lexer, struct statement *out)
{
    static const char *const noise[] = {"WORK", "TRANSACTION", "TO", "SAVEPOINT"};
    (void)lexer_next(lexer);
    for (size_t i = 0; i < sizeof noise / sizeof noise[0]; i++) {
        (void)lexer_take(lexer, noise[i]);
    }
    bool named = out->kind == STATEMENT_SAVEPOINT || out->kind == STATEMENT_RELEASE ||
                 out->kind == STATEMENT_ROLLBACK_TO;
    if (named && is_name(lexer_peek(lexer))) {
        copy_name(out->savepoint, lexer_next(lexer));
    }
    if (lexer_take(lexer, "AND") && lexer_take(lexer, "CHAIN")) {
        out->flags |= FLAG_CHAIN;
    }
}

static bool is_refused_in_transaction(const struct statement *out)
{
    static const char *const tags[] = {
        "CREATE DATABASE", "DROP DATABASE", "CREATE TABLESPACE",   "DROP TABLESPACE",
        "ALTER SYSTEM",    "VACUUM",        "CREATE SUBSCRIPTION", "DROP SUBSCRIPTION",
    };
    static const char *const concurrent[] = {"CREATE INDEX", "DROP INDEX", "REINDEX"};
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        if (strcmp(tags[i], out->tag) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof concurrent / sizeof concurrent[0]; i++) {
        if (strcmp(concurrent[i], out->tag) == 0) {
            return (out->flags & FLAG_CONCURRENTLY) != 0;
        }
    }
    return false;
}

void statement_from_words(struct span text, const struct scan_statement *cut, struct statement *out)
{
    struct lexer lexer = lexer_of(text);
    enum scan_verb verb = scan_statement_verb(cut);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (verb == verbs[i].verb) {
            out->kind = verbs[i].kind;
            out->tag = verbs[i].tag;
            out->flags |= verb == SCAN_VERB_SET_TRANSACTION ? FLAG_EARLY : 0u;
            fill_transaction(&lexer, out);
            return;
        }
    }
    if (!fill_command(cut->words, &lexer, out)) {
        (void)fill_type(cut->words, &lexer, out);
    }
    if (is_refused_in_transaction(out)) {
        out->flags |= FLAG_NO_TRANSACTION;
    }
    if (out->object_count == 1 && out->target.name[0] == '\0' &&
        object_kind_is_relation(out->objects[0].kind)) {
        out->target = out->objects[0].name;
    }
}
