/* The name that PostgreSQL would choose for an index without one, so that the proxy can give it
 * first: an index of unknown name can neither be cleaned up nor found again. The functions here are
 * PostgreSQL's of the same name (commands/indexcmds.c, parser/parse_target.c), on the parse tree.
 */
#include "policy/sql/internal.h"

#include <stdio.h>

#define COLUMNS_MAX 32 /* INDEX_MAX_KEYS: with more the server refuses the statement */

/* At most `limit` bytes of the text, whole characters (pg_mbcliplen for UTF-8). */
static size_t clip(const char *text, size_t limit)
{
    size_t length = strlen(text);
    if (length <= limit) {
        return length;
    }
    while (limit > 0 && ((uint8_t)text[limit] & 0xc0) == 0x80) {
        limit--;
    }
    return limit;
}

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

struct columns {
    char names[COLUMNS_MAX][NAME_BYTES];
    size_t count;
};

static bool has_column(const struct columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++) {
        if (strcmp(columns->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* ChooseIndexColumnNames: a name that is taken gets a number. */
static void add_column(struct columns *columns, const struct node *element)
{
    const char *own = expression_name(node_field(element, "expr"));
    const char *name = node_text(element, "name");
    const char *origin = own != NULL ? own : name[0] != '\0' ? name : "expr";
    char current[NAME_BYTES];
    name_copy(current, origin);
    for (unsigned i = 1; has_column(columns, current); i++) {
        char number[16];
        int digits = snprintf(number, sizeof number, "%u", i);
        size_t length = clip(origin, NAME_BYTES - 1 - (size_t)digits);
        (void)snprintf(current, sizeof current, "%.*s%s", (int)length, origin, number);
    }
    memcpy(columns->names[columns->count++], current, sizeof current);
}

static void add_columns(struct columns *columns, const struct node *list)
{
    for (const struct node *at = node_first(list); at != NULL && columns->count < COLUMNS_MAX;
         at = node_next(list, at)) {
        add_column(columns, node_bare(at));
    }
}

/* ChooseIndexNameAddition: the columns with "_" between them, no longer than is any use. */
static void join_columns(const struct columns *columns, char *joined)
{
    size_t length = 0;
    for (size_t i = 0; i < columns->count && length < NAME_BYTES; i++) {
        if (length > 0) {
            joined[length++] = '_';
        }
        size_t more = strlen(columns->names[i]);
        memcpy(joined + length, columns->names[i], more);
        length += more;
    }
    joined[length] = '\0';
}

/* makeObjectName: table_columns_label in 63 bytes, taken off the longer of the first two. */
static void make_name(char *out, const char *table, const char *columns, const char *label)
{
    size_t room = NAME_BYTES - 1 - 2 - strlen(label);
    size_t table_length = strlen(table);
    size_t columns_length = strlen(columns);
    while (table_length + columns_length > room) {
        if (table_length > columns_length) {
            table_length--;
        } else {
            columns_length--;
        }
    }
    table_length = clip(table, table_length);
    columns_length = clip(columns, columns_length);
    (void)snprintf(out, NAME_BYTES, "%.*s_%.*s_%s", (int)table_length, table, (int)columns_length,
                   columns, label);
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
        struct columns columns = {.count = 0};
        add_columns(&columns, node_field(index, "indexParams"));
        add_columns(&columns, node_field(index, "indexIncludingParams"));
        char joined[2 * NAME_BYTES + 1];
        join_columns(&columns, joined);
        for (; count < most; count++) {
            char label[16] = "idx";
            if (count > 0) {
                (void)snprintf(label, sizeof label, "idx%u", (unsigned)count);
            }
            make_name(names[count], statement->target.name, joined, label);
        }
    }
    tree_free(&tree);
    return count;
}
