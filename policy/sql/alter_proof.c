/* The proofs of alter_text.h: what we wrote parses to what the client's action says, plus exactly
 * the difference that was wished for. The trees are compared field by field, each field that may
 * differ is named, and its value is checked; places in the text alone do not count. */
#include "policy/sql/alter_proof.h"

/* The client's table or the one that was wished for, ONLY it or not. */
static bool is_wished_table(const struct alter_source *source, const struct alter_wish *wish,
                            const struct node *relation)
{
    static const char *const except_inh[] = {"inh", NULL};
    static const char *const except[] = {"inh", "catalogname", "schemaname", "relname", NULL};
    const struct node *own = node_field(source->statement, "relation");
    bool same = wish->table == NULL
                    ? prove_same_but(own, relation, except_inh)
                    : prove_same_but(own, relation, except) &&
                          strcmp(node_text(relation, "schemaname"), wish->table->schema) == 0 &&
                          node_is(relation, "relname", wish->table->name) &&
                          node_field(relation, "catalogname") == NULL;
    return same && node_number(relation, "inh") == (wish->only ? 0 : 1);
}

const struct node *alter_only_command(const struct alter_source *source,
                                      const struct alter_wish *wish, const struct node *wrapper)
{
    static const char *const except_commands[] = {"cmds", NULL};
    static const char *const except[] = {"cmds", "relation", "missing_ok", NULL};
    const struct node *statement = node_bare(wrapper);
    const struct node *commands = node_field(statement, "cmds");
    bool elsewhere = wish->table != NULL || wish->only;
    bool same = elsewhere ? prove_same_but(source->statement, statement, except) &&
                                is_wished_table(source, wish, node_field(statement, "relation")) &&
                                node_field(statement, "missing_ok") == NULL
                          : prove_same_but(source->statement, statement, except_commands);
    return same && strcmp(node_name(wrapper), "AlterTableStmt") == 0 && node_count(commands) == 1
               ? node_bare(node_first(commands))
               : NULL;
}

/* What that command adds, when all else in it is the client's. */
static const struct node *only_definition(const struct alter_source *source,
                                          const struct alter_wish *wish, const struct node *wrapper,
                                          const char *type)
{
    static const char *const except[] = {"def", NULL};
    const struct node *command = alter_only_command(source, wish, wrapper);
    const struct node *definition = node_field(command, "def");
    bool same = command != NULL && prove_same_but(source->command, command, except) &&
                strcmp(node_name(definition), type) == 0;
    return same ? node_bare(definition) : NULL;
}

/* A constraint that ADD CONSTRAINT of ours adds, when the command has nothing else. */
static const struct node *only_constraint(const struct alter_source *source,
                                          const struct alter_wish *wish, const struct node *wrapper)
{
    const struct node *command = alter_only_command(source, wish, wrapper);
    bool added = node_is(command, "subtype", "AT_AddConstraint") &&
                 node_is(command, "behavior", "DROP_RESTRICT") && node_count(command) == 3;
    return added ? node_bare(node_field(command, "def")) : NULL;
}

bool alter_is_same_table(const struct alter_source *source, const struct alter_wish *wish,
                         const struct node *wrapper)
{
    static const char *const except[] = {"cmds", NULL};
    (void)wish;
    return strcmp(node_name(wrapper), "AlterTableStmt") == 0 &&
           prove_same_but(source->statement, node_bare(wrapper), except);
}

bool alter_is_only(const struct alter_source *source, const struct alter_wish *wish,
                   const struct node *wrapper)
{
    const struct node *before = node_field(source->statement, "cmds");
    const struct node *after = node_field(node_bare(wrapper), "cmds");
    const struct node *old = node_first(before);
    const struct node *new = node_first(after);
    for (unsigned i = 0; old != NULL; i++, old = node_next(before, old)) {
        if (wish->flags & 1u << i) {
            if (new == NULL || !prove_same_tree(old, new)) {
                return false;
            }
            new = node_next(after, new);
        }
    }
    return new == NULL &&alter_is_same_table(source, wish, wrapper);
}

/* Its name is the client's own, or else the wished-for one. */
static bool has_name(const struct node *constraint, const struct node *old, const char *name)
{
    const char *own = node_text(old, "conname");
    return node_is(constraint, "conname", own[0] != '\0' ? own : name);
}

/* Of another table it has the wished-for name, whatever the client's is called. */
static bool has_wished_name(const struct node *constraint, const struct node *old,
                            const struct alter_wish *wish)
{
    return wish->table != NULL ? node_is(constraint, "conname", wish->name)
                               : has_name(constraint, old, wish->name);
}

bool alter_is_not_valid(const struct alter_source *source, const struct alter_wish *wish,
                        const struct node *wrapper)
{
    static const char *const except[] = {"conname", "initially_valid", "skip_validation", NULL};
    const struct node *constraint = only_definition(source, wish, wrapper, "Constraint");
    return constraint != NULL && prove_same_but(source->definition, constraint, except) &&
           (wish->renamed ? node_is(constraint, "conname", wish->name)
                          : has_name(constraint, source->definition, wish->name)) &&
           node_number(constraint, "skip_validation") == 1 &&
           node_number(source->definition, "skip_validation") == 0;
}

/* The column that ADD COLUMN adds, IF NOT EXISTS or not in the client's own. */
static const struct node *only_column(const struct alter_source *source,
                                      const struct alter_wish *wish, const struct node *wrapper)
{
    static const char *const except[] = {"def", "missing_ok", NULL};
    const struct node *command = alter_only_command(source, wish, wrapper);
    const struct node *definition = node_field(command, "def");
    bool same = command != NULL && prove_same_but(source->command, command, except) &&
                node_number(command, "missing_ok") == 0 &&
                strcmp(node_name(definition), "ColumnDef") == 0;
    return same ? node_bare(definition) : NULL;
}

bool node_has_only(const struct node *object, const char *const *fields)
{
    const struct node nothing = {.type = NODE_OBJECT, .size = 1};
    return prove_same_but(object, &nothing, fields);
}

bool type_is_builtin(const struct node *type, const char *name)
{
    static const char *const fields[] = {"names", "typemod", "location", NULL};
    const struct node *names = node_field(type, "names");
    return node_count(names) == 2 && node_number(type, "typemod") == -1 &&
           node_is(node_bare(node_first(names)), "sval", "pg_catalog") &&
           node_is(node_bare(node_last(names)), "sval", name) && node_has_only(type, fields);
}

bool alter_is_bare_column(const struct alter_source *source, const struct alter_wish *wish,
                          const struct node *wrapper)
{
    static const char *const except[] = {"constraints", NULL};
    static const char *const serial_except[] = {"constraints", "typeName", NULL};
    const struct node *column = only_column(source, wish, wrapper);
    const struct node *before = node_field(source->definition, "constraints");
    const struct node *after = node_field(column, "constraints");
    const struct node *new = node_first(after);
    bool dropped = false;
    for (const struct node *old = node_first(before); old != NULL; old = node_next(before, old)) {
        const struct node *constraint = node_bare(old);
        dropped = constraint_is_attribute(constraint)
                      ? dropped
                      : (column_constraint_flag(constraint) & wish->flags) != 0;
        if (dropped) {
            continue;
        }
        if (new == NULL || !prove_same_tree(old, new)) {
            return false;
        }
        new = node_next(after, new);
    }
    const char *const *others = wish->name == NULL ? except : serial_except;
    bool all = new == NULL; /* not in one expression: clang-format takes `new` for another word */
    return all && column != NULL && prove_same_but(source->definition, column, others) &&
           (wish->name == NULL || type_is_builtin(node_field(column, "typeName"), wish->name));
}

bool alter_is_set_default(const struct alter_source *source, const struct alter_wish *wish,
                          const struct node *wrapper)
{
    const struct column_constraint old = column_constraint_find(source->definition, wish->flags, 0);
    const struct node *command = alter_only_command(source, wish, wrapper);
    const struct node *before = node_field(old.node, "raw_expr");
    const struct node *after = node_field(command, "def");
    return before != NULL && after != NULL && node_is(command, "subtype", "AT_ColumnDefault") &&
           node_is(command, "name", node_text(source->definition, "colname")) &&
           node_is(command, "behavior", "DROP_RESTRICT") && node_count(command) == 4 &&
           strcmp(node_name(before), node_name(after)) == 0 &&
           prove_same_tree(node_bare(before), node_bare(after));
}

/* A list of one String. */
static bool is_list_of(const struct node *list, const char *text)
{
    return node_count(list) == 1 && node_is(node_bare(node_first(list)), "sval", text);
}

static bool is_deferred_as(const struct node *constraint, const struct column_constraint *wanted)
{
    return (node_number(constraint, "deferrable") != 0) == wanted->deferrable &&
           (node_number(constraint, "initdeferred") != 0) == wanted->initially_deferred;
}

bool alter_is_column_constraint(const struct alter_source *source, const struct alter_wish *wish,
                                const struct node *wrapper)
{
    static const char *const except[] = {"conname",    "initially_valid", "skip_validation",
                                         "deferrable", "initdeferred",    "fk_attrs",
                                         NULL};
    struct column_constraint old =
        column_constraint_find(source->definition, wish->flags, wish->nth);
    const struct node *constraint = only_constraint(source, wish, wrapper);
    const struct node *columns = node_field(constraint, "fk_attrs");
    bool foreign_key = wish->flags == COLUMN_REFERENCES;
    return constraint != NULL && prove_same_but(old.node, constraint, except) &&
           has_name(constraint, old.node, wish->name) && is_deferred_as(constraint, &old) &&
           node_number(constraint, "skip_validation") == 1 &&
           (foreign_key ? is_list_of(columns, node_text(source->definition, "colname"))
                        : columns == NULL);
}

/* Columns of an index by name alone, in the order of a list of String nodes. */
static bool are_plain_columns(const struct node *elements, const struct node *names)
{
    static const char *const fields[] = {"name", "ordering", "nulls_ordering", NULL};
    const struct node *name = node_first(names);
    const struct node *at = node_first(elements);
    for (; at != NULL && name != NULL; at = node_next(elements, at)) {
        const struct node *element = node_bare(at);
        if (!node_is(element, "name", node_text(node_bare(name), "sval")) ||
            !node_is(element, "ordering", "SORTBY_DEFAULT") ||
            !node_is(element, "nulls_ordering", "SORTBY_NULLS_DEFAULT") ||
            !node_has_only(element, fields)) {
            return false;
        }
        name = node_next(names, name);
    }
    return at == NULL && name == NULL;
}

/* The columns of the key itself, or the one that it stands behind. */
static bool has_key_columns(const struct alter_source *source, const struct node *key,
                            const struct node *index)
{
    const struct node *elements = node_field(index, "indexParams");
    const struct node *names = node_field(key, "keys");
    if (names != NULL) {
        return are_plain_columns(elements, names);
    }
    const char *column = node_text(source->definition, "colname");
    return node_count(elements) == 1 && node_is(node_bare(node_first(elements)), "name", column);
}

static bool same_list(const struct node *a, const struct node *b)
{
    const struct node *left = node_first(a);
    const struct node *right = node_first(b);
    while (left != NULL && right != NULL && prove_same_tree(left, right)) {
        left = node_next(a, left);
        right = node_next(b, right);
    }
    return left == NULL && right == NULL;
}

bool alter_is_key_index(const struct alter_source *source, const struct alter_wish *wish,
                        const struct node *wrapper)
{
    static const char *const index_fields[] = {
        "idxname",    "relation", "accessMethod", "tableSpace",           "indexParams",
        "concurrent", "options",  "unique",       "indexIncludingParams", "nulls_not_distinct",
        NULL};
    static const char *const key_fields[] = {
        "contype", "conname",   "deferrable", "initdeferred", "nulls_not_distinct",
        "keys",    "including", "options",    "indexspace",   NULL};
    const struct node *key = alter_key_of(source).node;
    const struct node *index = node_bare(wrapper);
    return key != NULL && strcmp(node_name(wrapper), "IndexStmt") == 0 &&
           node_has_only(index, index_fields) && node_has_only(key, key_fields) &&
           node_number(index, "unique") == 1 && node_number(index, "concurrent") == 1 &&
           node_is(index, "idxname", wish->name) && node_is(index, "accessMethod", "btree") &&
           is_wished_table(source, wish, node_field(index, "relation")) &&
           has_key_columns(source, key, index) &&
           are_plain_columns(node_field(index, "indexIncludingParams"),
                             node_field(key, "including")) &&
           same_list(node_field(key, "options"), node_field(index, "options")) &&
           node_is(index, "tableSpace", node_text(key, "indexspace")) &&
           node_number(index, "nulls_not_distinct") == node_number(key, "nulls_not_distinct");
}

bool alter_is_key_using_index(const struct alter_source *source, const struct alter_wish *wish,
                              const struct node *wrapper)
{
    static const char *const fields[] = {"contype",    "conname",      "indexname",
                                         "deferrable", "initdeferred", NULL};
    struct column_constraint key = alter_key_of(source);
    const struct node *constraint = only_constraint(source, wish, wrapper);
    return key.node != NULL && constraint != NULL && node_has_only(constraint, fields) &&
           node_is(constraint, "contype", node_text(key.node, "contype")) &&
           has_wished_name(constraint, key.node, wish) &&
           node_is(constraint, "indexname", node_text(constraint, "conname")) &&
           is_deferred_as(constraint, &key);
}

bool alter_is_named(const struct alter_source *source, const struct alter_wish *wish,
                    const struct node *wrapper)
{
    static const char *const except[] = {"conname", NULL};
    const struct node *constraint = only_definition(source, wish, wrapper, "Constraint");
    return constraint != NULL && prove_same_but(source->definition, constraint, except) &&
           has_wished_name(constraint, source->definition, wish);
}

bool alter_is_key_only(const struct alter_source *source, const struct alter_wish *wish,
                       const struct node *wrapper)
{
    return wish->only && alter_key_of(source).node == source->definition &&
           alter_is_named(source, wish, wrapper);
}
