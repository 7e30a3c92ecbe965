/* Whether an action of an ALTER TABLE speaks of a name. In doubt it does. */
#include "policy/sql/alter_proof.h"

bool alter_mentions(struct span text, const struct statement *statement, size_t action,
                    const char *name)
{
    struct alter_source source;
    bool known = alter_source_read(&source, text, statement, action);
    bool found = !known;
    for (size_t i = 0; known && i < source.command->size; i++) {
        const struct node *node = &source.command[i];
        found = found || (node->type == NODE_STRING && strcmp(node->text, name) == 0) ||
                strcmp(node_name(node), "A_Star") == 0;
    }
    alter_source_free(&source);
    return found;
}
