/* Statements whose kind, tag or flags depend on more than the type of their tree. Each has a
 * function and a line in the table at the end. Facts about tags and about what is refused inside a
 * transaction block are from PostgreSQL's utility.c and the callers of PreventInTransactionBlock.
 */
#include "policy/sql/from_tree.h"

/* The last option of that name, as PostgreSQL takes it; NULL when there is none. */
static const struct node *find_option(const struct node *options, const char *name)
{
    const struct node *found = NULL;
    for (const struct node *at = node_first(options); at != NULL; at = node_next(options, at)) {
        if (node_is(node_bare(at), "defname", name)) {
            found = node_bare(at);
        }
    }
    return found;
}

static bool has_option(const struct node *options, const char *name)
{
    const struct node *option = find_option(options, name);
    return option != NULL && option_is_on(option);
}

static bool fill_index(const struct node *node, struct statement *out)
{
    from_tree_set_tag(out, "CREATE INDEX");
    out->flags |= node_number(node, "unique") ? FLAG_UNIQUE : 0u;
    out->flags |= node_text(node, "idxname")[0] == '\0' ? FLAG_UNNAMED : 0u;
    out->flags |= out->flags & FLAG_CONCURRENTLY ? FLAG_NO_TRANSACTION : 0u;
    out->key_columns = (unsigned)node_count(node_field(node, "indexParams"));
    name_copy(out->index.name, node_text(node, "idxname"));
    object_add(out, "create", "index", &out->index);
    from_tree_set_target(out, node_field(node, "relation"));
    name_copy(out->index.schema, out->target.schema);
    return true;
}

static bool fill_reindex(const struct node *node, struct statement *out)
{
    static const struct {
        const char *kind;
        const char *object;
        enum reindex_target target;
    } kinds[] = {
        {"REINDEX_OBJECT_INDEX", "index", REINDEX_INDEX},
        {"REINDEX_OBJECT_TABLE", "table", REINDEX_TABLE},
        {"REINDEX_OBJECT_SCHEMA", "schema", REINDEX_SCHEMA},
        {"REINDEX_OBJECT_SYSTEM", "database", REINDEX_DATABASE},
        {"REINDEX_OBJECT_DATABASE", "database", REINDEX_DATABASE},
    };
    from_tree_set_tag(out, "REINDEX");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (node_is(node, "kind", kinds[i].kind)) {
            out->reindex = kinds[i].target;
            const struct node *relation = node_field(node, "relation");
            from_tree_add(out, "reindex", kinds[i].object,
                          relation != NULL ? relation : node_field(node, "name"));
        }
    }
    if (has_option(node_field(node, "params"), "concurrently")) {
        out->flags |= FLAG_CONCURRENTLY | FLAG_NO_TRANSACTION;
    }
    /* It commits between the tables. */
    bool many = out->reindex == REINDEX_SCHEMA || out->reindex == REINDEX_DATABASE;
    out->flags |= many ? FLAG_NO_TRANSACTION : 0u;
    return true;
}

static bool fill_transaction(const struct node *node, struct statement *out)
{
    static const struct {
        const char *node_kind;
        enum statement_kind kind;
        const char *tag;
        unsigned flags;
    } kinds[] = {
        {"TRANS_STMT_BEGIN", STATEMENT_BEGIN, "BEGIN", 0},
        {"TRANS_STMT_START", STATEMENT_BEGIN, "START TRANSACTION", 0},
        {"TRANS_STMT_COMMIT", STATEMENT_COMMIT, "COMMIT", 0},
        {"TRANS_STMT_ROLLBACK", STATEMENT_ROLLBACK, "ROLLBACK", 0},
        {"TRANS_STMT_SAVEPOINT", STATEMENT_SAVEPOINT, "SAVEPOINT", 0},
        {"TRANS_STMT_RELEASE", STATEMENT_RELEASE, "RELEASE", 0},
        {"TRANS_STMT_ROLLBACK_TO", STATEMENT_ROLLBACK_TO, "ROLLBACK", 0},
        {"TRANS_STMT_PREPARE", STATEMENT_PREPARE_TRANSACTION, "PREPARE TRANSACTION", 0},
        {"TRANS_STMT_COMMIT_PREPARED", STATEMENT_COMMIT_PREPARED, "COMMIT PREPARED",
         FLAG_NO_TRANSACTION},
        {"TRANS_STMT_ROLLBACK_PREPARED", STATEMENT_ROLLBACK_PREPARED, "ROLLBACK PREPARED",
         FLAG_NO_TRANSACTION},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (node_is(node, "kind", kinds[i].node_kind)) {
            out->kind = kinds[i].kind;
            out->tag = kinds[i].tag;
            out->flags |= kinds[i].flags;
        }
    }
    out->flags |= node_number(node, "chain") ? FLAG_CHAIN : 0u;
    name_copy(out->savepoint, node_text(node, "savepoint_name"));
    return true;
}

/* SET TRANSACTION is over when the transaction is: nothing that we would have to give back. */
static bool fill_set(const struct node *node, struct statement *out)
{
    bool reset = node_is(node, "kind", "VAR_RESET") || node_is(node, "kind", "VAR_RESET_ALL");
    const char *name = node_text(node, "name");
    bool transaction = strncmp(name, "TRANSACTION", 11) == 0;
    out->kind = transaction ? STATEMENT_OTHER : STATEMENT_SET;
    out->flags |= strncasecmp(name, "transaction", 11) == 0 ? FLAG_EARLY : 0u;
    out->tag = reset ? "RESET" : "SET";
    return true;
}

static bool fill_discard(const struct node *node, struct statement *out)
{
    static const char *const tags[][2] = {{"DISCARD_ALL", "DISCARD ALL"},
                                          {"DISCARD_PLANS", "DISCARD PLANS"},
                                          {"DISCARD_SEQUENCES", "DISCARD SEQUENCES"},
                                          {"DISCARD_TEMP", "DISCARD TEMP"}};
    out->kind = STATEMENT_SET;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        if (node_is(node, "target", tags[i][0])) {
            out->tag = tags[i][1];
        }
    }
    out->flags |= node_is(node, "target", "DISCARD_ALL") ? FLAG_NO_TRANSACTION : 0u;
    return true;
}

/* ANALYZE alone blocks nothing that a reader or writer needs. */
static bool fill_vacuum(const struct node *node, struct statement *out)
{
    const struct node *options = node_field(node, "options");
    if (node_number(node, "is_vacuumcmd") == 0) {
        out->kind = STATEMENT_OTHER;
        out->tag = "ANALYZE";
        return true;
    }
    bool full = has_option(options, "full");
    out->tag = "VACUUM";
    out->kind = full ? STATEMENT_DDL : STATEMENT_VACUUM;
    out->form = full ? FORM_VACUUM_FULL : FORM_PLAIN;
    out->flags |= FLAG_NO_TRANSACTION;
    const struct node *relations = node_field(node, "rels");
    for (const struct node *at = node_first(relations); at != NULL; at = node_next(relations, at)) {
        from_tree_add(out, "vacuum", "table", node_field(node_bare(at), "relation"));
    }
    return true;
}

static bool fill_cluster(const struct node *node, struct statement *out)
{
    out->flags |= node_field(node, "relation") == NULL ? FLAG_NO_TRANSACTION : 0u;
    return true;
}

static bool fill_refresh(const struct node *node, struct statement *out)
{
    out->flags |= node_number(node, "skipData") ? FLAG_NO_DATA : 0u;
    return true;
}

static bool fill_lock(const struct node *node, struct statement *out)
{
    out->lock_mode = (unsigned)node_number(node, "mode");
    return true;
}

/* CREATE MATERIALIZED VIEW too. */
static bool fill_create_as(const struct node *node, struct statement *out)
{
    const struct node *into = node_field(node, "into");
    bool matview =
        node_is(node, "objtype", "OBJECT_MATVIEW") || node_is(node, "relkind", "OBJECT_MATVIEW");
    from_tree_set_tag(out, matview ? "CREATE MATERIALIZED VIEW" : "CREATE TABLE AS");
    from_tree_add(out, "create", matview ? "materialized view" : "table", node_field(into, "rel"));
    out->form = FORM_CREATE_AS;
    out->flags |= node_number(into, "skipData") ? FLAG_NO_DATA : 0u;
    return true;
}

/* SELECT … INTO has its clause at the leftmost arm of its set operations. */
static bool fill_select(const struct node *node, struct statement *out)
{
    const struct node *arm = node;
    while (node_field(arm, "larg") != NULL) {
        arm = node_field(arm, "larg");
    }
    const struct node *into = node_field(arm, "intoClause");
    if (into == NULL) {
        return false;
    }
    from_tree_set_tag(out, "SELECT INTO");
    out->form = FORM_CREATE_AS;
    from_tree_add(out, "create", "table", node_field(into, "rel"));
    return true;
}

/* Only EXPLAIN ANALYZE of a query that makes a table makes it; the grammar allows it for REFRESH
 * too, but the server runs no utility statement here. */
static bool fill_explain(const struct node *node, struct statement *out)
{
    const struct node *query = node_field(node, "query");
    bool makes_table = strcmp(node_name(query), "CreateTableAsStmt") == 0 ||
                       strcmp(node_name(query), "SelectStmt") == 0;
    if (!has_option(node_field(node, "options"), "analyze") || !makes_table) {
        return false;
    }
    bool ours = strcmp(node_name(query), "SelectStmt") == 0 ? fill_select(node_bare(query), out)
                                                            : fill_create_as(node_bare(query), out);
    out->tag = "EXPLAIN";
    out->flags |= FLAG_EXPLAIN;
    out->flags |= node_number(node_bare(query), "if_not_exists") ? FLAG_IF_NOT_EXISTS : 0u;
    return ours;
}

/* CREATE SCHEMA can make what is in it, too; without a name it has the role's. */
static bool fill_schema(const struct node *node, struct statement *out)
{
    from_tree_set_tag(out, "CREATE SCHEMA");
    const struct node *name = node_field(node, "schemaname");
    from_tree_add(out, "create", "schema", name != NULL ? name : node_field(node, "authrole"));
    const struct node *elements = node_field(node, "schemaElts");
    for (const struct node *at = node_first(elements); at != NULL; at = node_next(elements, at)) {
        struct statement inner = {.tag = ""};
        statement_from_tree(at, &inner);
        for (size_t i = 0; i < inner.object_count && i < STATEMENT_OBJECTS_MAX; i++) {
            struct statement_object *object = &inner.objects[i];
            if (object->name.schema[0] == '\0') {
                name_copy(object->name.schema, node_text(node, "schemaname"));
            }
            object_add(out, object->action, object->kind, &object->name);
        }
    }
    return true;
}

static bool fill_foreign_table(const struct node *node, struct statement *out)
{
    const struct node *base = node_field(node, "base");
    from_tree_set_tag(out, "CREATE FOREIGN TABLE");
    out->flags |= node_number(base, "if_not_exists") ? FLAG_IF_NOT_EXISTS : 0u;
    from_tree_add(out, "create", "foreign table", node_field(base, "relation"));
    return true;
}

static bool fill_call(const struct node *node, struct statement *out)
{
    from_tree_set_tag(out, "CALL");
    from_tree_add(out, "call", "procedure", node_field(node_field(node, "funccall"), "funcname"));
    return true;
}

static bool fill_system(const struct node *node, struct statement *out)
{
    from_tree_add(out, "alter", "setting", node_field(node_field(node, "setstmt"), "name"));
    return true;
}

static bool fill_database(const struct node *node, struct statement *out)
{
    const struct node *options = node_field(node, "options");
    out->flags |= find_option(options, "tablespace") != NULL ? FLAG_NO_TRANSACTION : 0u;
    return true;
}

/* Refused in a transaction block when it makes a replication slot, as it does by default. */
static bool fill_create_subscription(const struct node *node, struct statement *out)
{
    const struct node *options = node_field(node, "options");
    const struct node *connect = find_option(options, "connect");
    const struct node *slot = find_option(options, "create_slot");
    from_tree_set_tag(out, "CREATE SUBSCRIPTION");
    from_tree_add(out, "create", "subscription", node_field(node, "subname"));
    if ((connect == NULL || option_is_on(connect)) && (slot == NULL || option_is_on(slot))) {
        out->flags |= FLAG_NO_TRANSACTION;
    }
    return true;
}

/* Refused in a transaction block when it refreshes, as all that touch publications do by default.
 */
static bool fill_alter_subscription(const struct node *node, struct statement *out)
{
    const struct node *refresh = find_option(node_field(node, "options"), "refresh");
    const char *kind = node_text(node, "kind");
    from_tree_set_tag(out, "ALTER SUBSCRIPTION");
    from_tree_add(out, "alter", "subscription", node_field(node, "subname"));
    if (strstr(kind, "REFRESH") != NULL ||
        (strstr(kind, "PUBLICATION") != NULL && (refresh == NULL || option_is_on(refresh)))) {
        out->flags |= FLAG_NO_TRANSACTION;
    }
    return true;
}

bool from_tree_special(const char *name, const struct node *node, struct statement *out)
{
    static const struct {
        const char *node;
        bool (*fill)(const struct node *node, struct statement *out);
    } specials[] = {
        {"IndexStmt", fill_index},
        {"ReindexStmt", fill_reindex},
        {"TransactionStmt", fill_transaction},
        {"VariableSetStmt", fill_set},
        {"DiscardStmt", fill_discard},
        {"VacuumStmt", fill_vacuum},
        {"ClusterStmt", fill_cluster},
        {"RefreshMatViewStmt", fill_refresh},
        {"LockStmt", fill_lock},
        {"CreateTableAsStmt", fill_create_as},
        {"SelectStmt", fill_select},
        {"ExplainStmt", fill_explain},
        {"CreateSchemaStmt", fill_schema},
        {"CreateForeignTableStmt", fill_foreign_table},
        {"CallStmt", fill_call},
        {"AlterSystemStmt", fill_system},
        {"AlterDatabaseStmt", fill_database},
        {"CreateSubscriptionStmt", fill_create_subscription},
        {"AlterSubscriptionStmt", fill_alter_subscription},
    };
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
        if (strcmp(specials[i].node, name) == 0) {
            return specials[i].fill(node, out);
        }
    }
    return from_tree_typed(name, node, out);
}
