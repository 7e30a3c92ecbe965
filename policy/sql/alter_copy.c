/* One action of an ALTER TABLE on another table. Only who sees what it is made on may run it: the
 * proof is that the action is the client's own, to the last field, and that the table is not. */
#include "policy/sql/alter_proof.h"

/* `wish->name` is the table, written as we write it: schema and name. */
static bool is_on_table(const struct alter_source *source, const struct alter_wish *wish,
                        const struct node *wrapper)
{
    static const char *const except[] = {"relation", "cmds", "missing_ok", NULL};
    const struct node *statement = node_bare(wrapper);
    const struct node *relation = node_field(statement, "relation");
    const struct node *commands = node_field(statement, "cmds");
    struct object_name table;
    struct buffer written = {0};
    bool named = name_of_node(relation, &table);
    if (named) {
        sql_append_name(&written, &table);
    }
    bool same = named && !written.failed && span_is(buffer_span(&written), wish->name) &&
                node_field(relation, "catalogname") == NULL &&
                strcmp(node_name(wrapper), "AlterTableStmt") == 0 && node_count(commands) == 1 &&
                prove_same_but(source->statement, statement, except) &&
                prove_same_tree(source->command, node_bare(node_first(commands)));
    buffer_free(&written);
    return same;
}

bool alter_text_on_table(struct span text, const struct statement *statement, size_t action,
                         const struct object_name *table, struct buffer *out)
{
    struct alter_source source = {0};
    struct buffer draft = {0};
    struct buffer name = {0};
    sql_append_name(&name, table);
    buffer_append_u8(&name, '\0');
    bool made = !name.failed && alter_source_read(&source, text, statement, action);
    if (made) {
        const struct alter_wish wish = {.name = (const char *)name.at};
        buffer_append_format(&draft, "ALTER TABLE %s ", wish.name);
        buffer_append_span(&draft, source.piece);
        made = alter_draft_finish(&draft, &source, &wish, is_on_table, out);
    }
    alter_source_free(&source);
    buffer_free(&name);
    return made;
}
