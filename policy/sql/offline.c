/* What only a reader of files asks, who has no server to ask: where a text is no SQL, and where
 * lines follow that are none. */
#include "policy/sql/internal.h"

bool sql_find_error(struct span text, struct sql_error *error)
{
    return grammar_find_error(text, error);
}

bool sql_reads_copy_data(struct span text)
{
    struct tree tree;
    const struct node *wrapper = NULL;
    bool reads = false;
    if (grammar_read(text, &tree, &wrapper) && strcmp(node_name(wrapper), "CopyStmt") == 0) {
        const struct node *copy = node_bare(wrapper);
        reads = node_number(copy, "is_from") != 0 && node_number(copy, "is_program") == 0 &&
                node_field(copy, "filename") == NULL;
    }
    tree_free(&tree);
    return reads;
}
