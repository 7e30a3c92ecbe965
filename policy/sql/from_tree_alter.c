/* The actions of an ALTER TABLE, from the parse tree. One table has a row for every action that a
 * rule speaks of: what it is, and what its name names. Facts about locks, which make the difference
 * between LIGHT and OTHER, are from PostgreSQL's AlterTableGetLockLevel (tablecmds.c). Where each
 * action stands in the text is action_place.c's work. */
#include "policy/sql/from_tree.h"

/* What the name of an AlterTableCmd is the name of. */
enum named { NAMED_NOTHING, NAMED_COLUMN, NAMED_CONSTRAINT, NAMED_OTHER };

static const struct subtype {
    const char *name;
    enum alter_kind kind;
    enum named named;
    unsigned flags;
} subtypes[] = {
    {"AT_AddColumn", ALTER_ADD_COLUMN, NAMED_NOTHING, 0},
    {"AT_DropColumn", ALTER_DROP_COLUMN, NAMED_COLUMN, 0},
    {"AT_AlterColumnType", ALTER_COLUMN_TYPE, NAMED_COLUMN, 0},
    {"AT_ColumnDefault", ALTER_SET_DEFAULT, NAMED_COLUMN, 0},
    {"AT_SetNotNull", ALTER_SET_NOT_NULL, NAMED_COLUMN, 0},
    {"AT_DropNotNull", ALTER_DROP_NOT_NULL, NAMED_COLUMN, 0},
    {"AT_SetExpression", ALTER_SET_EXPRESSION, NAMED_COLUMN, 0},
    {"AT_AddIdentity", ALTER_ADD_IDENTITY, NAMED_COLUMN, 0},
    {"AT_ValidateConstraint", ALTER_VALIDATE, NAMED_CONSTRAINT, 0},
    {"AT_DropConstraint", ALTER_DROP_CONSTRAINT, NAMED_CONSTRAINT, 0},
    {"AT_AlterConstraint", ALTER_ALTER_CONSTRAINT, NAMED_NOTHING, 0},
    {"AT_AttachPartition", ALTER_ATTACH_PARTITION, NAMED_NOTHING, 0},
    {"AT_DetachPartition", ALTER_DETACH_PARTITION, NAMED_NOTHING, 0},
    {"AT_DetachPartitionFinalize", ALTER_DETACH_PARTITION, NAMED_NOTHING, ALTER_CONCURRENTLY},
    {"AT_SetLogged", ALTER_SET_LOGGED, NAMED_NOTHING, 0},
    {"AT_SetUnLogged", ALTER_SET_UNLOGGED, NAMED_NOTHING, 0},
    {"AT_SetTableSpace", ALTER_SET_TABLESPACE, NAMED_OTHER, 0},
    {"AT_SetAccessMethod", ALTER_SET_ACCESS_METHOD, NAMED_OTHER, 0},
    {"AT_DisableTrig", ALTER_DISABLE_TRIGGER, NAMED_OTHER, 0},
    {"AT_DisableTrigAll", ALTER_DISABLE_TRIGGER, NAMED_NOTHING, ALTER_ALL},
    {"AT_DisableTrigUser", ALTER_DISABLE_TRIGGER, NAMED_NOTHING, ALTER_ALL},
    {"AT_SetStatistics", ALTER_LIGHT, NAMED_NOTHING, 0},
    {"AT_SetOptions", ALTER_LIGHT, NAMED_NOTHING, 0},
    {"AT_ResetOptions", ALTER_LIGHT, NAMED_NOTHING, 0},
    {"AT_SetRelOptions", ALTER_LIGHT, NAMED_NOTHING, 0},
    {"AT_ResetRelOptions", ALTER_LIGHT, NAMED_NOTHING, 0},
    {"AT_ClusterOn", ALTER_LIGHT, NAMED_NOTHING, 0},
    {"AT_DropCluster", ALTER_LIGHT, NAMED_NOTHING, 0},
};

static const struct {
    const char *type;
    enum alter_kind kind;
} constraints[] = {
    {"CONSTR_CHECK", ALTER_ADD_CHECK},         {"CONSTR_FOREIGN", ALTER_ADD_FOREIGN_KEY},
    {"CONSTR_UNIQUE", ALTER_ADD_UNIQUE},       {"CONSTR_PRIMARY", ALTER_ADD_PRIMARY_KEY},
    {"CONSTR_EXCLUSION", ALTER_ADD_EXCLUSION}, {"CONSTR_NOTNULL", ALTER_ADD_NOT_NULL},
};

static void fill_key(const struct node *columns, struct alter_action *action)
{
    action->column_count = (unsigned)node_count(columns);
    name_copy(action->column, node_text(node_bare(node_first(columns)), "sval"));
}

static void fill_other(const struct node *name, struct alter_action *action)
{
    struct object_name other;
    if (name_of_node(name, &other)) {
        action->other = other;
    }
}

/* What ADD CONSTRAINT and ALTER CONSTRAINT have alike. */
static void fill_constraint(const struct node *constraint, struct alter_action *action)
{
    name_copy(action->constraint, node_text(constraint, "conname"));
    action->flags |= node_number(constraint, "skip_validation") ? ALTER_NOT_VALID : 0u;
    action->flags |= node_number(constraint, "deferrable") ? ALTER_DEFERRABLE : 0u;
    action->flags |= node_number(constraint, "initdeferred") ? ALTER_INITIALLY_DEFERRED : 0u;
    action->flags |= node_number(constraint, "is_no_inherit") ? ALTER_NO_INHERIT : 0u;
    bool enforced = node_number(constraint, "alterEnforceability") != 0 &&
                    node_number(constraint, "is_enforced") != 0;
    action->flags |= enforced ? ALTER_ENFORCED : 0u;
}

static void fill_added_constraint(const struct node *constraint, struct alter_action *action)
{
    for (size_t i = 0; i < sizeof constraints / sizeof constraints[0]; i++) {
        if (node_is(constraint, "contype", constraints[i].type)) {
            action->kind = constraints[i].kind;
        }
    }
    fill_constraint(constraint, action);
    const struct node *keys = node_field(constraint, "keys");
    fill_key(keys != NULL ? keys : node_field(constraint, "fk_attrs"), action);
    fill_other(node_field(constraint, "pktable"), action);
    if (node_field(constraint, "indexname") != NULL) {
        action->flags |= ALTER_USING_INDEX;
        name_copy(action->other.name, node_text(constraint, "indexname"));
    }
}

static void fill_column(const struct node *column, struct alter_action *action)
{
    name_copy(action->type, column_type_name(column));
    action->flags |= column_flags(column);
    if (action->kind == ALTER_COLUMN_TYPE) {
        action->flags |= node_field(column, "raw_default") != NULL ? ALTER_USING : 0u;
        return;
    }
    name_copy(action->column, node_text(column, "colname"));
    const struct node *list = node_field(column, "constraints");
    for (const struct node *at = node_first(list); at != NULL; at = node_next(list, at)) {
        fill_other(node_field(node_bare(at), "pktable"), action);
    }
}

static void fill_partition(const struct node *partition, struct alter_action *action)
{
    fill_other(node_field(partition, "name"), action);
    bool is_default = node_number(node_field(partition, "bound"), "is_default") != 0;
    action->flags |= is_default ? ALTER_DEFAULT_BOUND : 0u;
    action->flags |= node_number(partition, "concurrent") ? ALTER_CONCURRENTLY : 0u;
}

static void fill_default(const struct node *command, struct alter_action *action)
{
    const struct node *expression = node_field(command, "def");
    if (expression != NULL) {
        action->flags |= COLUMN_HAS_DEFAULT | column_default_flags(expression);
    }
}

static void fill_name(const char *name, enum named named, struct alter_action *action)
{
    switch (named) {
    case NAMED_NOTHING:
        return;
    case NAMED_COLUMN:
        name_copy(action->column, name);
        return;
    case NAMED_CONSTRAINT:
        name_copy(action->constraint, name);
        return;
    case NAMED_OTHER:
        name_copy(action->other.name, name);
        return;
    }
}

static void fill_row(const struct node *command, struct alter_action *action)
{
    for (size_t i = 0; i < sizeof subtypes / sizeof subtypes[0]; i++) {
        if (node_is(command, "subtype", subtypes[i].name)) {
            action->kind = subtypes[i].kind;
            action->flags |= subtypes[i].flags;
            fill_name(node_text(command, "name"), subtypes[i].named, action);
        }
    }
}

/* The one storage parameter of a table that takes ACCESS EXCLUSIVE (reloptions.c). */
static bool is_catalog_option(const struct node *command)
{
    const struct node *options = node_field(node_bare(node_field(command, "def")), "items");
    for (const struct node *at = node_first(options); at != NULL; at = node_next(options, at)) {
        if (node_is(node_bare(at), "defname", "user_catalog_table")) {
            return true;
        }
    }
    return false;
}

static void fill_definition(const struct node *command, struct alter_action *action)
{
    const struct node *definition = node_bare(node_field(command, "def"));
    const char *type = node_name(node_field(command, "def"));
    if (node_is(command, "subtype", "AT_AddConstraint")) {
        fill_added_constraint(definition, action);
    } else if (action->kind == ALTER_ALTER_CONSTRAINT) {
        fill_constraint(definition, action);
    } else if (action->kind == ALTER_SET_DEFAULT) {
        fill_default(command, action);
    } else if (strcmp(type, "ColumnDef") == 0) {
        fill_column(definition, action);
    } else if (strcmp(type, "PartitionCmd") == 0) {
        fill_partition(definition, action);
    } else if (action->kind == ALTER_LIGHT && is_catalog_option(command)) {
        action->kind = ALTER_OTHER;
    }
}

static void fill_action(const struct node *command, struct alter_action *action)
{
    *action = (struct alter_action){.kind = ALTER_OTHER};
    fill_row(command, action);
    fill_definition(command, action);
    bool cascade = node_is(command, "behavior", "DROP_CASCADE");
    action->flags |= cascade ? ALTER_CASCADE : 0u;
    if (node_number(command, "missing_ok")) {
        action->flags |= action->kind == ALTER_ADD_COLUMN ? ALTER_IF_NOT_EXISTS : ALTER_IF_EXISTS;
    }
}

/* Views, indexes and their like have few actions that matter. Attaching an index to the parent's
 * takes SHARE UPDATE EXCLUSIVE on the latter. */
static enum alter_kind kind_of_other_relation(enum alter_kind kind)
{
    bool light = kind == ALTER_LIGHT || kind == ALTER_ATTACH_PARTITION;
    bool copies = kind == ALTER_SET_TABLESPACE || kind == ALTER_SET_ACCESS_METHOD;
    return light ? ALTER_LIGHT : copies ? kind : ALTER_OTHER;
}

static void add_action(struct statement *out, const struct alter_action *action)
{
    if (out->action_count < STATEMENT_ACTIONS_MAX) {
        struct alter_action *kept = &out->actions[out->action_count];
        *kept = *action;
        if (out->kind != STATEMENT_ALTER_TABLE) {
            *kept = (struct alter_action){.kind = kind_of_other_relation(action->kind)};
        }
    }
    out->action_count++;
}

void from_tree_actions(const struct node *node, struct statement *out)
{
    const struct node *commands = node_field(node, "cmds");
    for (const struct node *at = node_first(commands); at != NULL; at = node_next(commands, at)) {
        struct alter_action action;
        const struct node *command = node_bare(at);
        fill_action(command, &action);
        out->flags |= action.flags & ALTER_CASCADE ? FLAG_CASCADE : 0u;
        if (node_is(command, "subtype", "AT_DetachPartition") &&
            (action.flags & ALTER_CONCURRENTLY) != 0) {
            out->flags |= FLAG_CONCURRENTLY | FLAG_NO_TRANSACTION;
        }
        if (action.kind == ALTER_ADD_COLUMN || action.kind == ALTER_COLUMN_TYPE) {
            out->types |= column_types(node_bare(node_field(command, "def")));
        }
        if (!node_is(node, "objtype", "OBJECT_TYPE")) { /* attributes of a composite type */
            add_action(out, &action);
        }
    }
}

void from_tree_rename(const struct node *node, struct statement *out)
{
    struct alter_action action = {.kind = ALTER_RENAME_TABLE};
    if (node_is(node, "renameType", "OBJECT_COLUMN")) {
        action.kind = ALTER_RENAME_COLUMN;
        name_copy(action.column, node_text(node, "subname"));
    } else if (node_is(node, "renameType", "OBJECT_TABCONSTRAINT")) {
        action.kind = ALTER_RENAME_CONSTRAINT;
        name_copy(action.constraint, node_text(node, "subname"));
    } else if (node_is(node, "renameType", "OBJECT_INDEX")) {
        action.kind = ALTER_LIGHT; /* since PostgreSQL 12 */
    } else if (node_is(node, "renameType", "OBJECT_SCHEMA")) {
        out->form = FORM_RENAME_SCHEMA;
    }
    name_copy(action.other.name, node_text(node, "newname"));
    if (node_field(node, "relation") != NULL && !node_is(node, "renameType", "OBJECT_ATTRIBUTE")) {
        add_action(out, &action);
    }
}

void from_tree_set_schema(const struct node *node, struct statement *out)
{
    struct alter_action action = {.kind = ALTER_SET_SCHEMA};
    name_copy(action.other.schema, node_text(node, "newschema"));
    name_copy(action.other.name, node_text(node_field(node, "relation"), "relname"));
    if (node_field(node, "relation") != NULL) {
        add_action(out, &action);
    }
}
