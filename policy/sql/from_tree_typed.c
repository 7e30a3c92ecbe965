/* Statements that one type of tree serves for all kinds of objects: DROP, COMMENT, RENAME, OWNER
 * TO, GRANT, CREATE of a definition … Their field of type ObjectType leads to the tag and to the
 * form that the name has. */
#include "policy/sql/from_tree.h"

static const struct object_type *type_of(const struct node *node, const char *field)
{
    return object_type_named(node_text(node, field));
}

static bool type_is(const struct object_type *type, const char *name)
{
    return strcmp(type->name, name) == 0;
}

/* Parts of a relation are a list [schema,] relation, part. */
static bool is_part(const struct object_type *type)
{
    return type_is(type, "OBJECT_COLUMN") || type_is(type, "OBJECT_TRIGGER") ||
           type_is(type, "OBJECT_RULE") || type_is(type, "OBJECT_POLICY") ||
           type_is(type, "OBJECT_TABCONSTRAINT");
}

/* Operator classes and families are a list method, [schema,] name. */
static bool has_method(const struct object_type *type)
{
    return type_is(type, "OBJECT_OPCLASS") || type_is(type, "OBJECT_OPFAMILY");
}

/* One object of DROP, COMMENT and their like. A column is recorded under its table's name, as
 * nothing else tells where it is. */
static void add_typed(struct statement *out, const char *action, const struct object_type *type,
                      const struct node *object)
{
    struct object_name name = {0};
    if (is_part(type)) {
        name_of_part(object, &name, &out->target);
        object_add(out, action, type->kind, type_is(type, "OBJECT_COLUMN") ? &out->target : &name);
        return;
    }
    if (!name_of_node(object, &name)) {
        return;
    }
    const struct node *items = node_field(node_bare(object), "items");
    size_t parts = node_count(items != NULL ? items : object);
    if (has_method(type) && parts == 2) {
        name.schema[0] = '\0';
    }
    object_add(out, action, type->kind, &name);
}

static bool fill_drop(const struct node *node, struct statement *out)
{
    const struct object_type *type = type_of(node, "removeType");
    if (type == NULL) {
        return false;
    }
    from_tree_set_tag(out, type->drop);
    const struct node *objects = node_field(node, "objects");
    for (const struct node *at = node_first(objects); at != NULL; at = node_next(objects, at)) {
        add_typed(out, "drop", type, at);
    }
    out->flags |= out->flags & FLAG_CONCURRENTLY ? FLAG_NO_TRANSACTION : 0u;
    out->form = type_is(type, "OBJECT_SCHEMA") ? FORM_DROP_SCHEMA : FORM_PLAIN;
    return true;
}

static bool fill_comment(const struct node *node, struct statement *out)
{
    const struct object_type *type = type_of(node, "objtype");
    from_tree_set_tag(out, "COMMENT");
    if (type != NULL) {
        add_typed(out, "comment", type, node_field(node, "object"));
    }
    return true;
}

static bool fill_label(const struct node *node, struct statement *out)
{
    const struct object_type *type = type_of(node, "objtype");
    from_tree_set_tag(out, "SECURITY LABEL");
    if (type != NULL) {
        add_typed(out, "label", type, node_field(node, "object"));
    }
    return true;
}

static bool fill_alter_table(const struct node *node, struct statement *out)
{
    const struct object_type *type = type_of(node, "objtype");
    if (type == NULL) {
        return false;
    }
    from_tree_set_tag(out, type->alter);
    from_tree_add(out, "alter", type->kind, node_field(node, "relation"));
    from_tree_actions(node, out);
    return true;
}

/* A renamed column has the tag of its relation; the type of the relation is filled in only then. */
static bool fill_rename(const struct node *node, struct statement *out)
{
    const struct object_type *type = type_of(node, "renameType");
    if (type == NULL) {
        return false;
    }
    const struct object_type *whole =
        type_is(type, "OBJECT_COLUMN") ? type_of(node, "relationType") : type;
    from_tree_set_tag(out, (whole == NULL ? type : whole)->alter);
    const struct node *relation = node_field(node, "relation");
    const struct node *part = node_field(node, "subname");
    bool named_part = is_part(type) && !type_is(type, "OBJECT_COLUMN");
    if (relation == NULL) {
        const struct node *object = node_field(node, "object");
        if (object != NULL) {
            add_typed(out, "rename", type, object);
        } else { /* roles, schemas and databases are plain text here */
            from_tree_add(out, "rename", type->kind, part);
        }
    } else {
        from_tree_add(out, "rename", type->kind, named_part ? part : relation);
        if (!type_is(type, "OBJECT_ATTRIBUTE")) { /* a composite type is no relation to lock */
            from_tree_set_target(out, relation);
        }
    }
    from_tree_rename(node, out);
    return true;
}

/* OWNER TO, SET SCHEMA, DEPENDS ON EXTENSION, ALL IN TABLESPACE, ALTER FUNCTION */
static bool fill_alter(const struct node *node, struct statement *out)
{
    const struct object_type *type = type_of(node, "objectType");
    type = type != NULL ? type : type_of(node, "objtype");
    if (type == NULL) {
        return false;
    }
    from_tree_set_tag(out, type->alter);
    const struct node *relation = node_field(node, "relation");
    const struct node *object = node_field(node, "object");
    const struct node *function = node_field(node, "func");
    if (is_part(type) && object != NULL) { /* ALTER TRIGGER a ON t DEPENDS ON EXTENSION */
        from_tree_add(out, "alter", type->kind, node_last(object));
        from_tree_set_target(out, relation);
    } else if (relation != NULL) {
        from_tree_add(out, "alter", type->kind, relation);
    } else if (object != NULL) {
        add_typed(out, "alter", type, object);
    } else {
        from_tree_add(out, "alter", type->kind, function);
    }
    return true;
}

static bool fill_set_schema(const struct node *node, struct statement *out)
{
    bool ours = fill_alter(node, out);
    from_tree_set_schema(node, out);
    return ours;
}
static bool fill_move_all(const struct node *node, struct statement *out)
{
    out->form = FORM_MOVE_ALL;
    return fill_alter(node, out);
}

static bool fill_grant(const struct node *node, struct statement *out)
{
    const struct object_type *type = type_of(node, "objtype");
    bool grant = node_number(node, "is_grant") != 0;
    from_tree_set_tag(out, grant ? "GRANT" : "REVOKE");
    if (type == NULL) {
        return true;
    }
    bool whole_schema = node_is(node, "targtype", "ACL_TARGET_ALL_IN_SCHEMA");
    from_tree_add_all(out, grant ? "grant" : "revoke", whole_schema ? "schema" : type->kind,
                      node_field(node, "objects"));
    return true;
}

static bool fill_grant_role(const struct node *node, struct statement *out)
{
    bool grant = node_number(node, "is_grant") != 0;
    out->tag = grant ? "GRANT ROLE" : "REVOKE ROLE";
    for (size_t i = 0; !grant && i < out->object_count && i < STATEMENT_OBJECTS_MAX; i++) {
        out->objects[i].action = "revoke";
    }
    return true;
}

static bool fill_define(const struct node *node, struct statement *out)
{
    const struct object_type *type = type_of(node, "kind");
    if (type == NULL) {
        return false;
    }
    from_tree_set_tag(out, type->create);
    from_tree_add(out, "create", type->kind, node_field(node, "defnames"));
    return true;
}

static bool fill_create_function(const struct node *node, struct statement *out)
{
    bool procedure = node_number(node, "is_procedure") != 0;
    from_tree_set_tag(out, procedure ? "CREATE PROCEDURE" : "CREATE FUNCTION");
    from_tree_add(out, "create", procedure ? "procedure" : "function",
                  node_field(node, "funcname"));
    return true;
}

bool from_tree_typed(const char *name, const struct node *node, struct statement *out)
{
    static const struct {
        const char *node;
        bool (*fill)(const struct node *node, struct statement *out);
    } typed[] = {
        {"DropStmt", fill_drop},
        {"CommentStmt", fill_comment},
        {"SecLabelStmt", fill_label},
        {"AlterTableStmt", fill_alter_table},
        {"RenameStmt", fill_rename},
        {"AlterOwnerStmt", fill_alter},
        {"AlterObjectSchemaStmt", fill_set_schema},
        {"AlterObjectDependsStmt", fill_alter},
        {"AlterTableMoveAllStmt", fill_move_all},
        {"AlterFunctionStmt", fill_alter},
        {"GrantStmt", fill_grant},
        {"GrantRoleStmt", fill_grant_role},
        {"DefineStmt", fill_define},
        {"CreateFunctionStmt", fill_create_function},
    };
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        if (strcmp(typed[i].node, name) == 0) {
            return typed[i].fill(node, out);
        }
    }
    return from_tree_create(name, node, out);
}
