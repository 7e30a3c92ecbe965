/* From the parse tree to the facts. One table has a row for every statement of PostgreSQL's
 * grammar: its command tag and where its tree keeps the name of the object. Statements whose tag or
 * objects depend on more than that have a function in from_tree_special.c. */
#include "policy/sql/from_tree.h"

/* The statement's own row of PostgreSQL's CreateCommandTag (utility.c). `names` is the field of the
 * one object, or of the list of them; `on` the field of the relation that the object is part of. */
struct row {
    const char *node;
    const char *tag;
    const char *action;
    const char *object;
    const char *names;
    const char *on;
    unsigned flags;
};

#define CREATE(node, object, words, names)                                                         \
    {                                                                                              \
        node, "CREATE " words, "create", object, names, NULL, 0                                    \
    }
#define ALTER(node, object, words, names)                                                          \
    {                                                                                              \
        node, "ALTER " words, "alter", object, names, NULL, 0                                      \
    }
#define DROP(node, object, words, names)                                                           \
    {                                                                                              \
        node, "DROP " words, "drop", object, names, NULL, 0                                        \
    }

static const struct row rows[] = {
    CREATE("CreateStmt", "table", "TABLE", "relation"),
    CREATE("ViewStmt", "view", "VIEW", "view"),
    CREATE("CreateSeqStmt", "sequence", "SEQUENCE", "sequence"),
    CREATE("CreateDomainStmt", "domain", "DOMAIN", "domainname"),
    CREATE("CompositeTypeStmt", "type", "TYPE", "typevar"),
    CREATE("CreateEnumStmt", "type", "TYPE", "typeName"),
    CREATE("CreateRangeStmt", "type", "TYPE", "typeName"),
    CREATE("CreateExtensionStmt", "extension", "EXTENSION", "extname"),
    CREATE("CreateFdwStmt", "foreign data wrapper", "FOREIGN DATA WRAPPER", "fdwname"),
    CREATE("CreateForeignServerStmt", "server", "SERVER", "servername"),
    CREATE("CreateUserMappingStmt", "user mapping", "USER MAPPING", "user"),
    CREATE("CreateTransformStmt", "transform", "TRANSFORM", "type_name"),
    CREATE("CreateEventTrigStmt", "event trigger", "EVENT TRIGGER", "trigname"),
    CREATE("CreatePLangStmt", "language", "LANGUAGE", "plname"),
    CREATE("CreateRoleStmt", "role", "ROLE", "role"),
    CREATE("CreateConversionStmt", "conversion", "CONVERSION", "conversion_name"),
    CREATE("CreateCastStmt", "cast", "CAST", "targettype"),
    CREATE("CreateOpClassStmt", "operator class", "OPERATOR CLASS", "opclassname"),
    CREATE("CreateOpFamilyStmt", "operator family", "OPERATOR FAMILY", "opfamilyname"),
    CREATE("CreateAmStmt", "access method", "ACCESS METHOD", "amname"),
    CREATE("CreatePublicationStmt", "publication", "PUBLICATION", "pubname"),
    CREATE("CreateStatsStmt", "statistics", "STATISTICS", "defnames"),
    {"CreateTrigStmt", "CREATE TRIGGER", "create", "trigger", "trigname", "relation", 0},
    {"RuleStmt", "CREATE RULE", "create", "rule", "rulename", "relation", 0},
    {"CreatePolicyStmt", "CREATE POLICY", "create", "policy", "policy_name", "table", 0},
    {"CreateTableSpaceStmt", "CREATE TABLESPACE", "create", "tablespace", "tablespacename", NULL,
     FLAG_NO_TRANSACTION},
    {"CreatedbStmt", "CREATE DATABASE", "create", "database", "dbname", NULL, FLAG_NO_TRANSACTION},
    {"AlterPolicyStmt", "ALTER POLICY", "alter", "policy", "policy_name", "table", 0},
    {"AlterSystemStmt", "ALTER SYSTEM", "alter", "setting", NULL, NULL, FLAG_NO_TRANSACTION},
    ALTER("AlterSeqStmt", "sequence", "SEQUENCE", "sequence"),
    ALTER("AlterDomainStmt", "domain", "DOMAIN", "typeName"),
    ALTER("AlterTypeStmt", "type", "TYPE", "typeName"),
    ALTER("AlterEnumStmt", "type", "TYPE", "typeName"),
    ALTER("AlterExtensionStmt", "extension", "EXTENSION", "extname"),
    ALTER("AlterExtensionContentsStmt", "extension", "EXTENSION", "extname"),
    ALTER("AlterFdwStmt", "foreign data wrapper", "FOREIGN DATA WRAPPER", "fdwname"),
    ALTER("AlterForeignServerStmt", "server", "SERVER", "servername"),
    ALTER("AlterUserMappingStmt", "user mapping", "USER MAPPING", "user"),
    ALTER("AlterTableSpaceOptionsStmt", "tablespace", "TABLESPACE", "tablespacename"),
    ALTER("AlterEventTrigStmt", "event trigger", "EVENT TRIGGER", "trigname"),
    ALTER("AlterRoleStmt", "role", "ROLE", "role"),
    ALTER("AlterRoleSetStmt", "role", "ROLE", "role"),
    ALTER("AlterDatabaseStmt", "database", "DATABASE", "dbname"),
    ALTER("AlterDatabaseRefreshCollStmt", "database", "DATABASE", "dbname"),
    ALTER("AlterDatabaseSetStmt", "database", "DATABASE", "dbname"),
    ALTER("AlterOpFamilyStmt", "operator family", "OPERATOR FAMILY", "opfamilyname"),
    ALTER("AlterOperatorStmt", "operator", "OPERATOR", "opername"),
    ALTER("AlterTSDictionaryStmt", "text search dictionary", "TEXT SEARCH DICTIONARY", "dictname"),
    ALTER("AlterTSConfigurationStmt", "text search configuration", "TEXT SEARCH CONFIGURATION",
          "cfgname"),
    ALTER("AlterPublicationStmt", "publication", "PUBLICATION", "pubname"),
    ALTER("AlterCollationStmt", "collation", "COLLATION", "collname"),
    ALTER("AlterStatsStmt", "statistics", "STATISTICS", "defnames"),
    ALTER("AlterDefaultPrivilegesStmt", "default privileges", "DEFAULT PRIVILEGES", NULL),
    DROP("DropRoleStmt", "role", "ROLE", "roles"),
    DROP("DropOwnedStmt", "owned", "OWNED", "roles"),
    DROP("DropUserMappingStmt", "user mapping", "USER MAPPING", "user"),
    {"DropTableSpaceStmt", "DROP TABLESPACE", "drop", "tablespace", "tablespacename", NULL,
     FLAG_NO_TRANSACTION},
    {"DropdbStmt", "DROP DATABASE", "drop", "database", "dbname", NULL, FLAG_NO_TRANSACTION},
    /* Refused only when it has a replication slot, which the text does not tell. */
    {"DropSubscriptionStmt", "DROP SUBSCRIPTION", "drop", "subscription", "subname", NULL,
     FLAG_NO_TRANSACTION},
    {"ReassignOwnedStmt", "REASSIGN OWNED", "reassign", "owned", "roles", NULL, 0},
    {"TruncateStmt", "TRUNCATE TABLE", "truncate", "table", "relations", NULL, 0},
    {"LockStmt", "LOCK TABLE", "lock", "table", "relations", NULL, 0},
    {"RefreshMatViewStmt", "REFRESH MATERIALIZED VIEW", "refresh", "materialized view", "relation",
     NULL, 0},
    {"GrantRoleStmt", "GRANT ROLE", "grant", "role", "granted_roles", NULL, 0},
    {"ImportForeignSchemaStmt", "IMPORT FOREIGN SCHEMA", "import", "schema", "local_schema", NULL,
     0},
    {"ClusterStmt", "CLUSTER", "cluster", "table", "relation", NULL, 0},
    {"DoStmt", "DO", NULL, NULL, NULL, NULL, 0},
};

/* Statements whose node alone tells their form. */
static const struct {
    const char *node;
    enum statement_form form;
} forms[] = {
    {"DropdbStmt", FORM_DROP_DATABASE},   {"DropOwnedStmt", FORM_DROP_OWNED},
    {"RefreshMatViewStmt", FORM_REFRESH}, {"ClusterStmt", FORM_CLUSTER},
    {"CreateEnumStmt", FORM_CREATE_ENUM},
};

/* Statements that are nothing of ours, for their tags. */
static const struct {
    const char *node;
    const char *tag;
} others[] = {
    {"SelectStmt", "SELECT"},
    {"InsertStmt", "INSERT"},
    {"UpdateStmt", "UPDATE"},
    {"DeleteStmt", "DELETE"},
    {"MergeStmt", "MERGE"},
    {"CopyStmt", "COPY"},
    {"DeclareCursorStmt", "DECLARE CURSOR"},
    {"ClosePortalStmt", "CLOSE CURSOR"},
    {"FetchStmt", "FETCH"},
    {"PrepareStmt", "PREPARE"},
    {"ExecuteStmt", "EXECUTE"},
    {"DeallocateStmt", "DEALLOCATE"},
    {"NotifyStmt", "NOTIFY"},
    {"ListenStmt", "LISTEN"},
    {"UnlistenStmt", "UNLISTEN"},
    {"LoadStmt", "LOAD"},
    {"VariableShowStmt", "SHOW"},
    {"ConstraintsSetStmt", "SET CONSTRAINTS"},
    {"CheckPointStmt", "CHECKPOINT"},
    {"ExplainStmt", "EXPLAIN"},
};

void from_tree_set_tag(struct statement *out, const char *tag)
{
    out->tag = tag;
    out->kind = statement_kind_of_tag(tag);
}

/* Flags that the grammar names alike in every statement that has them. */
static void fill_common_flags(const struct node *node, struct statement *out)
{
    out->flags |= node_number(node, "if_not_exists") ? FLAG_IF_NOT_EXISTS : 0u;
    out->flags |= node_number(node, "missing_ok") ? FLAG_IF_EXISTS : 0u;
    out->flags |= node_number(node, "concurrent") ? FLAG_CONCURRENTLY : 0u;
    out->flags |= node_is(node, "behavior", "DROP_CASCADE") ? FLAG_CASCADE : 0u;
}

void from_tree_add(struct statement *out, const char *action, const char *kind,
                   const struct node *name_node)
{
    struct object_name name;
    const struct node *bare = node_bare(name_node);
    if (!name_of_node(name_node, &name)) {
        return;
    }
    object_add(out, action, kind, &name);
    if (node_field(bare, "relname") != NULL) {
        bool only = node_number(bare, "inh") == 0 && object_kind_is_relation(kind);
        out->flags |= only ? FLAG_ONLY : 0u; /* composite types come without ONLY and without inh */
        out->flags |= node_is(bare, "relpersistence", "t") ? FLAG_TEMPORARY : 0u;
    }
}

/* A list of objects holds nodes with a type; the parts of one name are a list of String nodes. */
static bool is_list_of_objects(const struct node *names)
{
    const struct node *first = node_first(names);
    return names->type == NODE_ARRAY && strcmp(node_name(first), "String") != 0;
}

void from_tree_add_all(struct statement *out, const char *action, const char *kind,
                       const struct node *list)
{
    for (const struct node *at = node_first(list); at != NULL; at = node_next(list, at)) {
        from_tree_add(out, action, kind, at);
    }
}

static void fill_form(const char *name, struct statement *out)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        out->form = strcmp(forms[i].node, name) == 0 ? forms[i].form : out->form;
    }
}

static bool fill_from_row(const char *name, const struct node *node, struct statement *out)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        if (strcmp(row->node, name) != 0) {
            continue;
        }
        from_tree_set_tag(out, row->tag);
        out->flags |= row->flags;
        const struct node *names = row->names == NULL ? NULL : node_field(node, row->names);
        if (names != NULL && is_list_of_objects(names)) {
            from_tree_add_all(out, row->action, row->object, names);
        } else {
            from_tree_add(out, row->action, row->object, names);
        }
        if (row->on != NULL) {
            from_tree_set_target(out, node_field(node, row->on));
        }
        return true;
    }
    return false;
}

void from_tree_set_target(struct statement *out, const struct node *relation)
{
    if (!name_of_node(relation, &out->target)) {
        return;
    }
    if (out->object_count == 1 && out->objects[0].name.schema[0] == '\0') {
        name_copy(out->objects[0].name.schema, out->target.schema);
    }
    out->flags |= node_number(relation, "inh") == 0 ? FLAG_ONLY : 0u;
    out->flags |= node_is(relation, "relpersistence", "t") ? FLAG_TEMPORARY : 0u;
}

/* What follows from the objects: the one relation is the target; temporary are all or none. */
static void finish(struct statement *out)
{
    if (out->object_count == 1 && out->target.name[0] == '\0' &&
        object_kind_is_relation(out->objects[0].kind)) {
        out->target = out->objects[0].name;
    }
    size_t temporary = 0;
    for (size_t i = 0; i < out->object_count && i < STATEMENT_OBJECTS_MAX; i++) {
        temporary += name_is_temporary(&out->objects[i].name);
    }
    if ((temporary > 0 && temporary == out->object_count) || name_is_temporary(&out->target)) {
        out->flags |= FLAG_TEMPORARY;
    }
}

void statement_from_tree(const struct node *wrapper, struct statement *out)
{
    const char *name = node_name(wrapper);
    const struct node *node = node_bare(wrapper);
    fill_common_flags(node, out);
    fill_form(name, out);
    bool ours = fill_from_row(name, node, out);
    if (from_tree_special(name, node, out) || ours) {
        finish(out);
        return;
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(others[i].node, name) == 0) {
            out->kind = STATEMENT_OTHER;
            out->tag = others[i].tag;
            return;
        }
    }
    /* A statement that a newer grammar has and we have no row for. */
    out->kind = STATEMENT_UNPARSED;
}
