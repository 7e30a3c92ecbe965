/* Names as the parse tree has them. PostgreSQL's grammar writes the name of an object in half a
 * dozen forms; whoever asks for a name should not need to know which. */
#include "policy/sql/internal.h"

/* Cuts at 63 bytes as the server does, not inside a character of UTF-8. */
void name_copy(char *out, const char *text)
{
    size_t length = strlen(text);
    if (length >= NAME_BYTES) {
        length = NAME_BYTES - 1;
        while (length > 0 && ((uint8_t)text[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    memcpy(out, text, length);
    out[length] = '\0';
}

void object_add(struct statement *statement, const char *action, const char *kind,
                const struct object_name *name)
{
    if (statement->object_count < STATEMENT_OBJECTS_MAX) {
        struct statement_object *object = &statement->objects[statement->object_count];
        *object = (struct statement_object){.action = action, .kind = kind, .name = *name};
    }
    statement->object_count++;
}

/* The text of a plain string or of a String node; NULL when it is something else. */
static const char *string_of(const struct node *node)
{
    const struct node *bare = node_bare(node);
    if (bare == NULL) {
        return NULL;
    }
    const struct node *value = node_field(bare, "sval");
    if (value != NULL && value->type == NODE_OBJECT) {
        value = node_field(value, "sval"); /* A_Const has a String inside */
    }
    return value != NULL ? value->text : bare->text;
}

/* [catalog,] [schema,] name */
static bool name_of_list(const struct node *list, struct object_name *name)
{
    const char *last = NULL;
    const char *before = NULL;
    for (const struct node *at = node_first(list); at != NULL; at = node_next(list, at)) {
        before = last;
        last = string_of(at);
    }
    if (last == NULL) {
        return false;
    }
    name_copy(name->name, last);
    name_copy(name->schema, before == NULL ? "" : before);
    return true;
}

/* RoleSpec: a name, or one of CURRENT_ROLE, CURRENT_USER, SESSION_USER and PUBLIC. */
static const char *role_name(const struct node *role)
{
    static const char prefix[] = "ROLESPEC_";
    const char *name = node_text(role, "rolename");
    const char *type = node_text(role, "roletype");
    return name[0] == '\0' && strncmp(type, prefix, strlen(prefix)) == 0 ? type + strlen(prefix)
                                                                         : name;
}

bool name_of_node(const struct node *node, struct object_name *name)
{
    static const char *const lists[] = {"items", "names", "objname", "defnames"};
    *name = (struct object_name){0};
    const struct node *bare = node_bare(node);
    if (bare == NULL) {
        return false;
    }
    if (bare->type == NODE_ARRAY) {
        return name_of_list(bare, name);
    }
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        if (node_field(bare, lists[i]) != NULL) {
            return name_of_list(node_field(bare, lists[i]), name);
        }
    }
    if (node_field(bare, "relname") != NULL) {
        name_copy(name->schema, node_text(bare, "schemaname"));
        name_copy(name->name, node_text(bare, "relname"));
        return true;
    }
    const char *text = string_of(node);
    if (node_field(bare, "roletype") != NULL) {
        text = role_name(bare);
    } else if (node_field(bare, "priv_name") != NULL) {
        text = node_text(bare, "priv_name");
    }
    name_copy(name->name, text == NULL ? "" : text);
    return text != NULL;
}

void name_of_part(const struct node *list, struct object_name *part, struct object_name *relation)
{
    const struct node *bare = node_bare(list);
    const struct node *items =
        bare != NULL && bare->type == NODE_OBJECT ? node_field(bare, "items") : bare;
    const char *names[3] = {"", "", ""}; /* schema, relation, part: the last three */
    for (const struct node *at = node_first(items); at != NULL; at = node_next(items, at)) {
        const char *text = string_of(at);
        names[0] = names[1];
        names[1] = names[2];
        names[2] = text == NULL ? "" : text;
    }
    name_copy(relation->schema, names[0]);
    name_copy(relation->name, names[1]);
    name_copy(part->schema, names[0]);
    name_copy(part->name, names[2]);
}

bool name_is_temporary(const struct object_name *name)
{
    return strcmp(name->schema, "pg_temp") == 0 || strncmp(name->schema, "pg_temp_", 8) == 0;
}

bool option_is_on(const struct node *def_elem)
{
    const struct node *value = node_field(def_elem, "arg");
    if (value == NULL) {
        return true;
    }
    const char *text = string_of(value);
    if (text == NULL) {
        return node_number(node_bare(value), "ival") != 0 ||
               node_number(node_bare(value), "boolval") != 0;
    }
    return strcmp(text, "true") == 0 || strcmp(text, "on") == 0 || strcmp(text, "1") == 0;
}
