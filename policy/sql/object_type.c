/* The kinds of objects, as PostgreSQL's parse tree, its command tags and the ledger call them: the
 * one table that all three are looked up in. Facts from PostgreSQL's parsenodes.h (enum ObjectType)
 * and utility.c (CreateCommandTag, AlterObjectTypeCommandTag). */
#include "policy/sql/internal.h"

/* Parts of a relation or a type have the tag of the whole: ALTER TABLE … RENAME COLUMN. */
#define OBJECT_TYPES(X)                                                                            \
    X("OBJECT_ACCESS_METHOD", "access method", "ACCESS METHOD")                                    \
    X("OBJECT_AGGREGATE", "aggregate", "AGGREGATE")                                                \
    X("OBJECT_CAST", "cast", "CAST")                                                               \
    X("OBJECT_COLLATION", "collation", "COLLATION")                                                \
    X("OBJECT_CONVERSION", "conversion", "CONVERSION")                                             \
    X("OBJECT_DATABASE", "database", "DATABASE")                                                   \
    X("OBJECT_DOMAIN", "domain", "DOMAIN")                                                         \
    X("OBJECT_EVENT_TRIGGER", "event trigger", "EVENT TRIGGER")                                    \
    X("OBJECT_EXTENSION", "extension", "EXTENSION")                                                \
    X("OBJECT_FDW", "foreign data wrapper", "FOREIGN DATA WRAPPER")                                \
    X("OBJECT_FOREIGN_SERVER", "server", "SERVER")                                                 \
    X("OBJECT_FOREIGN_TABLE", "foreign table", "FOREIGN TABLE")                                    \
    X("OBJECT_FUNCTION", "function", "FUNCTION")                                                   \
    X("OBJECT_INDEX", "index", "INDEX")                                                            \
    X("OBJECT_LANGUAGE", "language", "LANGUAGE")                                                   \
    X("OBJECT_LARGEOBJECT", "large object", "LARGE OBJECT")                                        \
    X("OBJECT_MATVIEW", "materialized view", "MATERIALIZED VIEW")                                  \
    X("OBJECT_OPCLASS", "operator class", "OPERATOR CLASS")                                        \
    X("OBJECT_OPERATOR", "operator", "OPERATOR")                                                   \
    X("OBJECT_OPFAMILY", "operator family", "OPERATOR FAMILY")                                     \
    X("OBJECT_POLICY", "policy", "POLICY")                                                         \
    X("OBJECT_PROCEDURE", "procedure", "PROCEDURE")                                                \
    X("OBJECT_PUBLICATION", "publication", "PUBLICATION")                                          \
    X("OBJECT_ROLE", "role", "ROLE")                                                               \
    X("OBJECT_ROUTINE", "routine", "ROUTINE")                                                      \
    X("OBJECT_RULE", "rule", "RULE")                                                               \
    X("OBJECT_SCHEMA", "schema", "SCHEMA")                                                         \
    X("OBJECT_SEQUENCE", "sequence", "SEQUENCE")                                                   \
    X("OBJECT_STATISTIC_EXT", "statistics", "STATISTICS")                                          \
    X("OBJECT_SUBSCRIPTION", "subscription", "SUBSCRIPTION")                                       \
    X("OBJECT_TABLE", "table", "TABLE")                                                            \
    X("OBJECT_TABLESPACE", "tablespace", "TABLESPACE")                                             \
    X("OBJECT_TRANSFORM", "transform", "TRANSFORM")                                                \
    X("OBJECT_TRIGGER", "trigger", "TRIGGER")                                                      \
    X("OBJECT_TSCONFIGURATION", "text search configuration", "TEXT SEARCH CONFIGURATION")          \
    X("OBJECT_TSDICTIONARY", "text search dictionary", "TEXT SEARCH DICTIONARY")                   \
    X("OBJECT_TSPARSER", "text search parser", "TEXT SEARCH PARSER")                               \
    X("OBJECT_TSTEMPLATE", "text search template", "TEXT SEARCH TEMPLATE")                         \
    X("OBJECT_TYPE", "type", "TYPE")                                                               \
    X("OBJECT_USER_MAPPING", "user mapping", "USER MAPPING")                                       \
    X("OBJECT_VIEW", "view", "VIEW")                                                               \
    X("OBJECT_ATTRIBUTE", "attribute", "TYPE")                                                     \
    X("OBJECT_COLUMN", "column", "TABLE")                                                          \
    X("OBJECT_TABCONSTRAINT", "constraint", "TABLE")                                               \
    X("OBJECT_DOMCONSTRAINT", "domain constraint", "DOMAIN")                                       \
    X("OBJECT_PARAMETER_ACL", "parameter", "PARAMETER")

static const struct object_type types[] = {
#define X(name, kind, words) {name, kind, "CREATE " words, "ALTER " words, "DROP " words},
    OBJECT_TYPES(X)
#undef X
};

#define TYPE_COUNT (sizeof types / sizeof types[0])

const struct object_type *object_type_named(const char *name)
{
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        if (strcmp(types[i].name, name) == 0) {
            return &types[i];
        }
    }
    return NULL;
}

/* Old spellings, and the words that a type's tag does not have. */
static const struct {
    const char *words;
    const char *name;
} spellings[] = {
    {"USER MAPPING", "OBJECT_USER_MAPPING"}, {"USER", "OBJECT_ROLE"}, {"GROUP", "OBJECT_ROLE"}};

static bool begins_with_words(const char *text, const char *words)
{
    size_t length = strlen(words);
    return strncmp(text, words, length) == 0 && (text[length] == ' ' || text[length] == '\0');
}

const struct object_type *object_type_of_words(const char *words, size_t *length)
{
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        if (begins_with_words(words, spellings[i].words)) {
            *length = strlen(spellings[i].words);
            return object_type_named(spellings[i].name);
        }
    }
    const struct object_type *found = NULL;
    *length = 0;
    for (size_t i = 0; i < TYPE_COUNT; i++) {
        const char *own = types[i].drop + strlen("DROP ");
        if (strlen(own) > *length && begins_with_words(words, own)) {
            found = &types[i];
            *length = strlen(own);
        }
    }
    return found;
}

bool object_kind_is_relation(const char *kind)
{
    static const char *const kinds[] = {"table",    "index",        "view", "materialized view",
                                        "sequence", "foreign table"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i], kind) == 0) {
            return true;
        }
    }
    return false;
}

enum statement_kind statement_kind_of_tag(const char *tag)
{
    static const struct {
        const char *tag;
        enum statement_kind kind;
    } kinds[] = {
        {"CREATE INDEX", STATEMENT_CREATE_INDEX},
        {"DROP INDEX", STATEMENT_DROP_INDEX},
        {"REINDEX", STATEMENT_REINDEX},
        {"CREATE TABLE", STATEMENT_CREATE_TABLE},
        {"CREATE TABLE AS", STATEMENT_CREATE_TABLE},
        {"SELECT INTO", STATEMENT_CREATE_TABLE},
        {"ALTER TABLE", STATEMENT_ALTER_TABLE},
        {"DROP TABLE", STATEMENT_DROP_TABLE},
        {"TRUNCATE TABLE", STATEMENT_TRUNCATE},
        {"LOCK TABLE", STATEMENT_LOCK},
        {"VACUUM", STATEMENT_VACUUM},
        {"DO", STATEMENT_DO},
        {"CALL", STATEMENT_CALL},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].tag, tag) == 0) {
            return kinds[i].kind;
        }
    }
    return STATEMENT_DDL;
}
