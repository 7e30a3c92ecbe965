/* What CREATE TABLE and the statements about types and domains have beside the name of their
 * object, which has its row in from_tree.c. */
#include "policy/sql/from_tree.h"

static bool has_foreign_key(const struct node *constraints)
{
    for (const struct node *at = node_first(constraints); at != NULL;
         at = node_next(constraints, at)) {
        if (node_is(node_bare(at), "contype", "CONSTR_FOREIGN")) {
            return true;
        }
    }
    return false;
}

static void fill_parent(const struct node *parent, struct statement *out)
{
    struct object_name name;
    if (name_of_node(parent, &name)) {
        out->target = name;
    }
}

/* A partition of a table is a change of that table: the parent is the target. */
static void fill_table(const struct node *node, struct statement *out)
{
    const struct node *elements = node_field(node, "tableElts");
    bool references = has_foreign_key(elements);
    for (const struct node *at = node_first(elements); at != NULL; at = node_next(elements, at)) {
        const struct node *element = node_bare(at);
        references = references || has_foreign_key(node_field(element, "constraints"));
        if (strcmp(node_name(at), "ColumnDef") == 0) {
            out->types |= column_types(element);
        }
    }
    out->flags |= references ? FLAG_REFERENCES : 0u;
    if (node_field(node, "partbound") != NULL) {
        out->form = FORM_PARTITION_OF;
        fill_parent(node_first(node_field(node, "inhRelations")), out);
    }
}

static void fill_domain(const struct node *node, struct statement *out)
{
    const struct node *constraints = node_field(node, "constraints");
    for (const struct node *at = node_first(constraints); at != NULL;
         at = node_next(constraints, at)) {
        unsigned flag = column_constraint_flag(node_bare(at));
        if (flag == COLUMN_CHECK || flag == COLUMN_NOT_NULL) {
            out->form = FORM_CREATE_CONSTRAINED_DOMAIN;
        }
    }
}

/* `subtype` is a letter (parsenodes.h, AlterDomainStmt). PostgreSQL 17 and later have SET NOT NULL
 * as a constraint of type CONSTR_NOTNULL in ADD, too. */
static void fill_alter_domain(const struct node *node, struct statement *out)
{
    static const struct {
        const char *subtype;
        enum statement_form form;
    } forms[] = {{"C", FORM_ADD_DOMAIN_CONSTRAINT},
                 {"O", FORM_SET_DOMAIN_NOT_NULL},
                 {"V", FORM_VALIDATE_DOMAIN_CONSTRAINT}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (node_is(node, "subtype", forms[i].subtype)) {
            out->form = forms[i].form;
        }
    }
    const struct node *constraint = node_bare(node_field(node, "def"));
    out->flags |= node_number(constraint, "skip_validation") ? FLAG_NOT_VALID : 0u;
}

static void fill_alter_enum(const struct node *node, struct statement *out)
{
    bool renames = node_field(node, "oldVal") != NULL;
    out->form = renames ? FORM_RENAME_VALUE : FORM_ADD_VALUE;
    out->flags |= node_field(node, "newValNeighbor") != NULL ? FLAG_ORDERED : 0u;
    out->flags |= node_number(node, "skipIfNewValExists") ? FLAG_IF_NOT_EXISTS : 0u;
}

bool from_tree_create(const char *name, const struct node *node, struct statement *out)
{
    static const struct {
        const char *node;
        void (*fill)(const struct node *node, struct statement *out);
    } creates[] = {
        {"CreateStmt", fill_table},
        {"CreateDomainStmt", fill_domain},
        {"AlterDomainStmt", fill_alter_domain},
        {"AlterEnumStmt", fill_alter_enum},
    };
    for (size_t i = 0; i < sizeof creates / sizeof creates[0]; i++) {
        if (strcmp(creates[i].node, name) == 0) {
            creates[i].fill(node, out);
            return true;
        }
    }
    return false;
}
