/* The name that PostgreSQL would choose for an index without one, so that the proxy can give it
 * first: an index of unknown name can neither be cleaned up nor found again. The functions here are
 * PostgreSQL's of the same name (commands/indexcmds.c, parser/parse_target.c), on the parse tree.
 */
#include "policy/sql/internal.h"

/* The last String of a list: the name without schema, or the field without its table. */
static const char *last_string(const struct node *list)
{
    const char *found = NULL;
    for (const struct node *at = node_first(list); at != NULL; at = node_next(list, at)) {
        if (strcmp(node_name(at), "String") == 0) {
            found = node_text(node_bare(at), "sval");
        }
    }
    return found;
}

/* Expressions that are called by what they are, whatever is inside. */
static const struct {
    const char *node;
    const char *field; /* NULL: always */
    const char *value;
    const char *name;
} constructs[] = {
    {"A_Expr", "kind", "AEXPR_NULLIF", "nullif"},
    {"A_ArrayExpr", NULL, NULL, "array"},
    {"RowExpr", NULL, NULL, "row"},
    {"CoalesceExpr", NULL, NULL, "coalesce"},
    {"GroupingFunc", NULL, NULL, "grouping"},
    {"MinMaxExpr", "op", "IS_GREATEST", "greatest"},
    {"MinMaxExpr", "op", "IS_LEAST", "least"},
    {"SQLValueFunction", "op", "SVFOP_CURRENT_DATE", "current_date"},
    {"SQLValueFunction", "op", "SVFOP_CURRENT_TIME", "current_time"},
    {"SQLValueFunction", "op", "SVFOP_CURRENT_TIME_N", "current_time"},
    {"SQLValueFunction", "op", "SVFOP_CURRENT_TIMESTAMP", "current_timestamp"},
    {"SQLValueFunction", "op", "SVFOP_CURRENT_TIMESTAMP_N", "current_timestamp"},
    {"SQLValueFunction", "op", "SVFOP_LOCALTIME", "localtime"},
    {"SQLValueFunction", "op", "SVFOP_LOCALTIME_N", "localtime"},
    {"SQLValueFunction", "op", "SVFOP_LOCALTIMESTAMP", "localtimestamp"},
    {"SQLValueFunction", "op", "SVFOP_LOCALTIMESTAMP_N", "localtimestamp"},
    {"SQLValueFunction", "op", "SVFOP_CURRENT_ROLE", "current_role"},
    {"SQLValueFunction", "op", "SVFOP_CURRENT_USER", "current_user"},
    {"SQLValueFunction", "op", "SVFOP_USER", "user"},
    {"SQLValueFunction", "op", "SVFOP_SESSION_USER", "session_user"},
    {"SQLValueFunction", "op", "SVFOP_CURRENT_CATALOG", "current_catalog"},
    {"SQLValueFunction", "op", "SVFOP_CURRENT_SCHEMA", "current_schema"},
    {"XmlExpr", "op", "IS_XMLCONCAT", "xmlconcat"},
    {"XmlExpr", "op", "IS_XMLELEMENT", "xmlelement"},
    {"XmlExpr", "op", "IS_XMLFOREST", "xmlforest"},
    {"XmlExpr", "op", "IS_XMLPARSE", "xmlparse"},
    {"XmlExpr", "op", "IS_XMLPI", "xmlpi"},
    {"XmlExpr", "op", "IS_XMLROOT", "xmlroot"},
    {"XmlSerialize", NULL, NULL, "xmlserialize"},
    {"JsonParseExpr", NULL, NULL, "json"},
    {"JsonScalarExpr", NULL, NULL, "json_scalar"},
    {"JsonSerializeExpr", NULL, NULL, "json_serialize"},
    {"JsonObjectConstructor", NULL, NULL, "json_object"},
    {"JsonArrayConstructor", NULL, NULL, "json_array"},
    {"JsonArrayQueryConstructor", NULL, NULL, "json_array"},
    {"JsonFuncExpr", "op", "JSON_EXISTS_OP", "json_exists"},
    {"JsonFuncExpr", "op", "JSON_QUERY_OP", "json_query"},
    {"JsonFuncExpr", "op", "JSON_VALUE_OP", "json_value"},
};

static const char *construct_name(const char *name, const struct node *node)
{
    for (size_t i = 0; i < sizeof constructs / sizeof constructs[0]; i++) {
        if (strcmp(constructs[i].node, name) == 0 &&
            (constructs[i].field == NULL ||
             node_is(node, constructs[i].field, constructs[i].value))) {
            return constructs[i].name;
        }
    }
    return NULL;
}

/* FigureIndexColname. PostgreSQL's recursion goes down one arm only, so this is a loop: a cast and
 * a CASE have a name of their own (`weak`) that counts when nothing inside has a strong one. */
static const char *expression_name(const struct node *expression)
{
    const char *weak = NULL;
    while (expression != NULL) {
        const char *name = node_name(expression);
        const struct node *node = node_bare(expression);
        const char *found = construct_name(name, node);
        if (strcmp(name, "ColumnRef") == 0) {
            found = last_string(node_field(node, "fields"));
        } else if (strcmp(name, "FuncCall") == 0) {
            found = last_string(node_field(node, "funcname"));
        } else if (strcmp(name, "A_Indirection") == 0) {
            found = last_string(node_field(node, "indirection"));
        }
        if (found != NULL) {
            return found;
        }
        if (strcmp(name, "TypeCast") == 0 && weak == NULL) {
            weak = last_string(node_field(node_field(node, "typeName"), "names"));
        } else if (strcmp(name, "CaseExpr") == 0 && weak == NULL) {
            weak = "case";
        }
        const struct node *arg = node_field(node, "arg");
        expression = strcmp(name, "CaseExpr") == 0 ? node_field(node, "defresult") : arg;
        bool inward = strcmp(name, "TypeCast") == 0 || strcmp(name, "CaseExpr") == 0 ||
                      strcmp(name, "CollateClause") == 0 || strcmp(name, "A_Indirection") == 0;
        expression = inward ? expression : NULL;
    }
    return weak;
}

void choose_name_add_elements(struct chosen_columns *columns, const struct node *elements)
{
    for (const struct node *at = node_first(elements); at != NULL; at = node_next(elements, at)) {
        const struct node *element = node_bare(at);
        const char *own = expression_name(node_field(element, "expr"));
        const char *name = node_text(element, "name");
        choose_name_add(columns, own != NULL ? own : name[0] != '\0' ? name : "expr");
    }
}

size_t sql_index_names(struct span text, const struct statement *statement,
                       char (*names)[NAME_BYTES], size_t most)
{
    if (statement->kind != STATEMENT_CREATE_INDEX || !(statement->flags & FLAG_UNNAMED)) {
        return 0;
    }
    struct tree tree;
    const struct node *wrapper = NULL;
    size_t count = 0;
    if (grammar_read(text, &tree, &wrapper)) {
        const struct node *index = node_bare(wrapper);
        struct chosen_columns columns = {.count = 0};
        choose_name_add_elements(&columns, node_field(index, "indexParams"));
        choose_name_add_elements(&columns, node_field(index, "indexIncludingParams"));
        choose_names(statement->target.name, &columns, "idx", names, most);
        count = most;
    }
    tree_free(&tree);
    return count;
}
