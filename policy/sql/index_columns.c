/* The columns of an index that is made of nothing but columns: then whether PostgreSQL would build
 * it is a question of these alone. It looks nothing up. */
#include "policy/sql/internal.h"

/* btree, and without anything that could be wrong about it. */
static bool index_is_plain(const struct node *index)
{
    static const char *const more[] = {"indexIncludingParams", "options", "tableSpace",
                                       "whereClause"};
    bool plain = node_is(index, "accessMethod", "btree");
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        plain = plain && node_field(index, more[i]) == NULL;
    }
    return plain;
}

static bool element_is_plain(const struct node *element)
{
    return node_text(element, "name")[0] != '\0' && node_field(element, "collation") == NULL &&
           node_field(element, "opclass") == NULL && node_field(element, "opclassopts") == NULL;
}

size_t sql_index_columns(struct span text, const struct statement *statement,
                         char (*columns)[NAME_BYTES], size_t most)
{
    struct tree tree;
    const struct node *wrapper = NULL;
    size_t count = 0;
    if (statement->kind != STATEMENT_CREATE_INDEX) {
        return 0;
    }
    if (grammar_read(text, &tree, &wrapper) && index_is_plain(node_bare(wrapper))) {
        const struct node *elements = node_field(node_bare(wrapper), "indexParams");
        bool plain = true;
        for (const struct node *at = node_first(elements); at != NULL;
             at = node_next(elements, at)) {
            plain = plain && count < most && element_is_plain(node_bare(at));
            if (plain) {
                name_copy(columns[count++], node_text(node_bare(at), "name"));
            }
        }
        count = plain ? count : 0;
    }
    tree_free(&tree);
    return count;
}
