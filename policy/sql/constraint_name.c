/* The name that PostgreSQL would choose for a constraint without one, so that the proxy can give it
 * first: what is added in several steps must be found again. Facts from ChooseConstraintName,
 * ChooseIndexName (commands/indexcmds.c), AddRelationNewConstraints (catalog/heap.c) and
 * ATAddForeignKeyConstraint (commands/tablecmds.c) of PostgreSQL 13 to 18. */
#include "policy/sql/alter_proof.h"

static void add_names(struct chosen_columns *columns, const struct node *list)
{
    for (const struct node *at = node_first(list); at != NULL; at = node_next(list, at)) {
        choose_name_add(columns, node_text(node_bare(at), "sval"));
    }
}

/* An EXCLUDE has a list of pairs: an IndexElem and its operator. */
static void add_exclusions(struct chosen_columns *columns, const struct node *list)
{
    for (const struct node *at = node_first(list); at != NULL; at = node_next(list, at)) {
        const struct node *pair = node_field(node_bare(at), "items");
        const struct node *element = node_bare(node_first(pair));
        const char *name = node_text(element, "name");
        choose_name_add(columns, name[0] != '\0' ? name : "expr");
    }
}

static bool has_name(const struct chosen_columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (strcmp(columns->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* A CHECK is called by its column when it has just one. False when the tree cannot tell columns
 * from the whole row: that needs the catalog. */
static bool add_checked(struct chosen_columns *columns, const struct node *expression,
                        const char *table)
{
    struct chosen_columns found = {.count = 0};
    for (size_t i = 0; expression != NULL && i < expression->size; i++) {
        if (strcmp(node_name(&expression[i]), "ColumnRef") != 0) {
            continue;
        }
        const struct node *fields = node_field(node_bare(&expression[i]), "fields");
        const char *name = node_text(node_bare(node_last(fields)), "sval");
        bool row = name[0] == '\0' || (strcmp(name, table) == 0 && node_count(fields) == 1);
        if (row) {
            return false;
        }
        if (!has_name(&found, name)) {
            choose_name_add(&found, name);
        }
    }
    if (found.count == 1) {
        *columns = found;
    }
    return true;
}

static const struct {
    const char *type;
    const char *label;
} labels[] = {
    {"CONSTR_CHECK", "check"},  {"CONSTR_FOREIGN", "fkey"},   {"CONSTR_UNIQUE", "key"},
    {"CONSTR_PRIMARY", "pkey"}, {"CONSTR_EXCLUSION", "excl"}, {"CONSTR_NOTNULL", "not_null"},
};

static const char *label_of(const struct node *constraint)
{
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        if (node_is(constraint, "contype", labels[i].type)) {
            return labels[i].label;
        }
    }
    return NULL;
}

/* The columns that its name has in it; `column` is the one that it stands behind, if any. */
static bool collect(struct chosen_columns *columns, const struct node *constraint,
                    const char *column, const char *table)
{
    if (node_is(constraint, "contype", "CONSTR_CHECK")) {
        return add_checked(columns, node_field(constraint, "raw_expr"), table);
    }
    if (node_is(constraint, "contype", "CONSTR_PRIMARY")) {
        return true;
    }
    if (column[0] != '\0') {
        choose_name_add(columns, column);
    }
    add_names(columns, node_field(constraint, "keys"));
    add_names(columns, node_field(constraint, "fk_attrs"));
    add_exclusions(columns, node_field(constraint, "exclusions"));
    add_names(columns, node_field(constraint, "including"));
    return true;
}

/* Of an ADD COLUMN the `nth` constraint of that flag, of an ADD CONSTRAINT that. */
static const struct node *constraint_of(const struct alter_source *source, unsigned flag,
                                        size_t nth)
{
    if (node_is(source->command, "subtype", "AT_AddColumn")) {
        return column_constraint_find(source->definition, flag, nth).node;
    }
    bool added = node_is(source->command, "subtype", "AT_AddConstraint") && flag == 0 && nth == 0;
    return added ? source->definition : NULL;
}

bool alter_constraint_name(struct span text, const struct statement *statement, size_t action,
                           unsigned flag, size_t nth, char *name)
{
    struct alter_source source;
    const struct node *constraint = NULL;
    name[0] = '\0';
    if (alter_source_read(&source, text, statement, action)) {
        constraint = constraint_of(&source, flag, nth);
        name_copy(name, node_text(constraint, "conname"));
    }
    alter_source_free(&source);
    return constraint != NULL;
}

size_t alter_constraint_names(struct span text, const struct statement *statement, size_t action,
                              unsigned flag, char (*names)[NAME_BYTES], size_t most)
{
    struct alter_source source;
    struct chosen_columns columns = {.count = 0};
    size_t count = 0;
    if (alter_source_read(&source, text, statement, action)) {
        const struct node *constraint = constraint_of(&source, flag, 0);
        for (size_t nth = 1; flag != 0 && node_text(constraint, "conname")[0] != '\0'; nth++) {
            constraint = constraint_of(&source, flag, nth);
        }
        const char *label = label_of(constraint);
        const char *column = node_text(source.definition, "colname");
        if (label != NULL && node_text(constraint, "conname")[0] == '\0' &&
            node_field(constraint, "indexname") == NULL &&
            collect(&columns, constraint, column, statement->target.name)) {
            choose_names(statement->target.name, &columns, label, names, most);
            count = most;
        }
    }
    alter_source_free(&source);
    return count;
}

size_t alter_names_taken(struct span text, const struct statement *statement, size_t action)
{
    char own[1][NAME_BYTES], other[1][NAME_BYTES];
    size_t taken = 0;
    if (alter_constraint_names(text, statement, action, 0, own, 1) == 1) {
        for (size_t i = 0; i < action; i++) {
            taken += alter_constraint_names(text, statement, i, 0, other, 1) == 1 &&
                     strcmp(own[0], other[0]) == 0;
        }
    }
    return taken;
}

size_t alter_key_tails(struct span text, const struct statement *statement, size_t action,
                       char (*tails)[NAME_BYTES], size_t most)
{
    struct alter_source source;
    struct chosen_columns columns = {.count = 0};
    bool key = alter_source_read(&source, text, statement, action) &&
               node_is(source.command, "subtype", "AT_AddConstraint") &&
               alter_key_of(&source).node != NULL && collect(&columns, source.definition, "", "");
    if (key) {
        choose_names("", &columns, label_of(source.definition), tails, most);
    }
    alter_source_free(&source);
    return key ? most : 0;
}

size_t alter_sequence_names(const struct statement *statement, size_t action,
                            char (*names)[NAME_BYTES], size_t most)
{
    struct chosen_columns columns = {.count = 0};
    choose_name_add(&columns, statement->actions[action].column);
    choose_names(statement->target.name, &columns, "seq", names, most);
    return most;
}
