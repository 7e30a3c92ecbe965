/* What the definition of a column holds: its type, its constraints, and whether its default is the
 * same for every row. It reads the tree only; what no text can tell (domains, functions of the
 * user's) is not guessed at. */
#include "policy/sql/from_tree.h"

/* PostgreSQL's functions that people use in defaults, from pg_proc.dat: provolatile is 'v' for the
 * volatile ones, 's' or 'i' for the others. pg_catalog is searched first unless somebody went to
 * great lengths to have it otherwise. */
static const struct {
    const char *name;
    bool is_volatile;
} functions[] = {
    {"now", false},
    {"statement_timestamp", false},
    {"transaction_timestamp", false},
    {"timezone", false}, /* AT TIME ZONE */
    {"date_trunc", false},
    {"date_part", false},
    {"extract", false},
    {"to_timestamp", false},
    {"make_date", false},
    {"make_interval", false},
    {"lower", false},
    {"upper", false},
    {"concat", false},
    {"md5", false},
    {"jsonb_build_object", false},
    {"jsonb_build_array", false},
    {"json_build_object", false},
    {"json_build_array", false},
    {"current_database", false},
    {"current_schema", false},
    {"current_setting", false},
    {"random", true},
    {"random_normal", true},
    {"gen_random_uuid", true},
    {"uuidv4", true},
    {"uuidv7", true},
    {"clock_timestamp", true},
    {"timeofday", true},
    {"nextval", true},
    {"setval", true},
};

#define FUNCTION_COUNT (sizeof functions / sizeof functions[0])

/* The name of a function without schema, or in pg_catalog; empty: any other. */
static const char *builtin_name(const struct node *call)
{
    struct object_name name;
    if (!name_of_node(node_field(call, "funcname"), &name) ||
        (name.schema[0] != '\0' && strcmp(name.schema, "pg_catalog") != 0)) {
        return "";
    }
    return node_text(node_bare(node_last(node_field(call, "funcname"))), "sval");
}

/* COLUMN_DEFAULT_CONSTANT or COLUMN_DEFAULT_VOLATILE; 0: who knows. */
static unsigned call_flags(const struct node *call)
{
    const char *name = builtin_name(call);
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        if (strcmp(functions[i].name, name) == 0) {
            return functions[i].is_volatile ? COLUMN_DEFAULT_VOLATILE : COLUMN_DEFAULT_CONSTANT;
        }
    }
    return 0;
}

/* Nodes that make nothing volatile by themselves. PostgreSQL has no operator that does. */
static bool is_harmless(const char *name)
{
    static const char *const names[] = {
        "A_Const", "TypeCast",   "SQLValueFunction", "A_Expr",  "A_ArrayExpr",  "CoalesceExpr",
        "String",  "MinMaxExpr", "Integer",          "RowExpr", "CollateClause"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

unsigned column_default_flags(const struct node *expression)
{
    bool constant = true;
    for (size_t i = 0; expression != NULL && i < expression->size; i++) {
        const char *name = node_name(&expression[i]);
        if (strcmp(name, "FuncCall") == 0) {
            unsigned flags = call_flags(node_bare(&expression[i]));
            if (flags & COLUMN_DEFAULT_VOLATILE) {
                return flags;
            }
            constant = constant && flags != 0;
        } else if (name[0] != '\0') {
            constant = constant && is_harmless(name);
        }
    }
    return constant ? COLUMN_DEFAULT_CONSTANT : 0u;
}

unsigned column_constraint_flag(const struct node *constraint)
{
    static const struct {
        const char *type;
        unsigned flag;
    } flags[] = {
        {"CONSTR_NOTNULL", COLUMN_NOT_NULL},    {"CONSTR_DEFAULT", COLUMN_HAS_DEFAULT},
        {"CONSTR_IDENTITY", COLUMN_IDENTITY},   {"CONSTR_GENERATED", COLUMN_GENERATED},
        {"CONSTR_CHECK", COLUMN_CHECK},         {"CONSTR_FOREIGN", COLUMN_REFERENCES},
        {"CONSTR_PRIMARY", COLUMN_PRIMARY_KEY}, {"CONSTR_UNIQUE", COLUMN_UNIQUE},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (node_is(constraint, "contype", flags[i].type)) {
            bool is_virtual = node_is(constraint, "generated_kind", "v");
            return is_virtual ? COLUMN_VIRTUAL : flags[i].flag;
        }
    }
    return 0;
}

static const struct node *type_of(const struct node *column)
{
    return node_field(column, "typeName");
}

const char *column_type_name(const struct node *column)
{
    return node_text(node_bare(node_last(node_field(type_of(column), "names"))), "sval");
}

/* PostgreSQL takes serial for what it is only without a schema (transformColumnDefinition). */
static bool has_schema(const struct node *column)
{
    return node_count(node_field(type_of(column), "names")) > 1;
}

static const struct {
    const char *name;
    unsigned types;
} types[] = {
    {"int4", TYPE_INT4},
    {"int2", TYPE_INT2},
    {"serial", TYPE_SERIAL | TYPE_INT4},
    {"serial4", TYPE_SERIAL | TYPE_INT4},
    {"smallserial", TYPE_SERIAL | TYPE_INT2},
    {"serial2", TYPE_SERIAL | TYPE_INT2},
    {"bigserial", TYPE_SERIAL},
    {"serial8", TYPE_SERIAL},
    {"bpchar", TYPE_CHAR},
    {"varchar", TYPE_VARCHAR},
    {"timestamp", TYPE_TIMESTAMP},
    {"json", TYPE_JSON},
};

unsigned column_types(const struct node *column)
{
    const char *name = column_type_name(column);
    bool limited = node_field(type_of(column), "typmods") != NULL;
    if (node_field(type_of(column), "arrayBounds") != NULL) {
        return 0;
    }
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, name) == 0) {
            bool serial = (types[i].types & TYPE_SERIAL) != 0;
            bool counts =
                (limited || types[i].types != TYPE_VARCHAR) && !(serial && has_schema(column));
            return counts ? types[i].types : 0u;
        }
    }
    return 0;
}

unsigned column_flags(const struct node *column)
{
    unsigned flags = column_types(column) & TYPE_SERIAL ? COLUMN_SERIAL : 0u;
    flags |= node_field(column, "collClause") != NULL ? COLUMN_COLLATED : 0u;
    const struct node *list = node_field(column, "constraints");
    for (const struct node *at = node_first(list); at != NULL; at = node_next(list, at)) {
        const struct node *constraint = node_bare(at);
        unsigned flag = column_constraint_flag(constraint);
        flags |= flag;
        if (flag == COLUMN_HAS_DEFAULT) {
            flags |= column_default_flags(node_field(constraint, "raw_expr"));
        }
    }
    return flags;
}
