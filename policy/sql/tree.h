/* A parse tree as plain data. libpg_query gives the tree of a statement as JSON, the one form that
 * is the same in all of its versions (15 to 17 have protobuf-c structs, 18 has none for C), so that
 * no generated type is needed and field names are the ones of PostgreSQL's own parsenodes.h.
 *
 * The nodes lie in one array in the order of the text, a node before its children:
 *
 *     {"IndexStmt": {"relation": {"relname": "t"}, "unique": true}}
 *
 *     0 object  key -          size 5
 *     1 object  key IndexStmt  size 4
 *     2 object  key relation   size 2
 *     3 string  key relname    size 1   text t
 *     4 number  key unique     size 1   number 1
 *
 * so a subtree is a slice, the next sibling is `size` further on, and no walk needs recursion,
 * however deep the statement is nested. libpg_query leaves out fields that are zero, false or
 * empty; every accessor takes NULL and gives the empty value for what is not there. */
#ifndef POLICY_SQL_TREE_H
#define POLICY_SQL_TREE_H

#include "protocol/span.h"

enum node_type { NODE_OBJECT, NODE_ARRAY, NODE_STRING, NODE_NUMBER };

struct node {
    const char *key;  /* its field in the object around it; NULL in an array */
    const char *text; /* of a string, else NULL */
    int64_t number;   /* of a number; true is 1, false and null are 0 */
    size_t size;      /* nodes of its subtree, itself included */
    enum node_type type;
};

struct tree {
    char *json; /* the nodes point into it */
    struct node *nodes;
    size_t count;
};

/* Takes `json`, which was made by malloc, and overwrites it. False when it is not JSON as
 * libpg_query writes it, or there is no memory. Free the tree in both cases. */
MUST_USE bool tree_read(struct tree *tree, char *json);
void tree_free(struct tree *tree);

/* The children of an object or an array, in order; NULL behind the last. */
const struct node *node_first(const struct node *parent);
const struct node *node_next(const struct node *parent, const struct node *child);
size_t node_count(const struct node *parent);
const struct node *node_last(const struct node *parent);

/* A field of an object; NULL when it is not there. */
const struct node *node_field(const struct node *object, const char *key);
/* The text of a field; empty when it is not there or no string. */
const char *node_text(const struct node *object, const char *key);
bool node_is(const struct node *object, const char *key, const char *text);
/* The number of a field, or 0. */
int64_t node_number(const struct node *object, const char *key);

/* PostgreSQL's Node fields name the type in an object around it: {"RangeVar": {…}}. Gives what is
 * inside, or the node itself when there is no such wrapper. */
const struct node *node_bare(const struct node *node);
/* The name of that wrapper; empty when there is none. */
const char *node_name(const struct node *node);

#endif
