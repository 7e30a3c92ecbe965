/* The proof of a rewrite: the spliced text parses to the original tree plus exactly the change that
 * was meant. Everything else, to the last field of the last node, must be the same; only places in
 * the text may differ.
 *
 * The trees themselves are compared, not what a deparser would write of them: it may lose what it
 * does not know in both alike. */
#include "policy/sql/internal.h"

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* PostgreSQL's fields of type ParseLoc: location, name_location, list_start, rexpr_list_end … */
static bool is_place(const char *key)
{
    return key != NULL && (ends_with(key, "location") || ends_with(key, "list_start") ||
                           ends_with(key, "list_end"));
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_node(const struct node *a, const struct node *b)
{
    return a->type == b->type && a->size == b->size && same_text(a->key, b->key) &&
           same_text(a->text, b->text) && (a->number == b->number || is_place(a->key));
}

/* A subtree is a slice, so that comparing needs no recursion. */
bool prove_same_tree(const struct node *a, const struct node *b)
{
    if (a->size != b->size) {
        return false;
    }
    for (size_t i = 0; i < a->size; i++) {
        if (!same_node(&a[i], &b[i])) {
            return false;
        }
    }
    return true;
}

static bool is_one_of(const char *key, const char *const *keys)
{
    while (*keys != NULL && strcmp(*keys, key) != 0) {
        keys++;
    }
    return *keys != NULL;
}

/* Every field of `a` but those in `except` is in `b`, and the same. */
static bool is_within(const struct node *a, const struct node *b, const char *const *except)
{
    for (const struct node *at = node_first(a); at != NULL; at = node_next(a, at)) {
        if (is_place(at->key) || is_one_of(at->key, except)) {
            continue;
        }
        const struct node *other = node_field(b, at->key);
        if (other == NULL || !prove_same_tree(at, other)) {
            return false;
        }
    }
    return true;
}

bool prove_same_but(const struct node *a, const struct node *b, const char *const *except)
{
    return a != NULL && b != NULL && is_within(a, b, except) && is_within(b, a, except);
}

/* REINDEX has CONCURRENTLY as one more option at the end of its list. */
static bool is_one_option_more(const struct node *before, const struct node *after)
{
    const struct node *old = node_first(before);
    const struct node *new = node_first(after);
    while (old != NULL && new != NULL && prove_same_tree(old, new)) {
        old = node_next(before, old);
        new = node_next(after, new);
    }
    const struct node *option = node_bare(new);
    return old == NULL &&
           new != NULL &&node_next(after, new) ==
               NULL &&node_is(option, "defname", "concurrently") &&
           node_field(option, "arg") == NULL;
}

/* Is this field of the spliced statement the change that was meant? */
static bool is_the_change(const struct node *before, const struct node *field,
                          const char *index_name)
{
    const struct node *old = node_field(before, field->key);
    if (strcmp(field->key, "concurrent") == 0) {
        return old == NULL && field->number == 1;
    }
    if (strcmp(field->key, "idxname") == 0) {
        return old == NULL && index_name != NULL && same_text(field->text, index_name);
    }
    return strcmp(field->key, "params") == 0 && is_one_option_more(old, field);
}

/* Every field is the same or the change, and no field is gone. */
static bool is_changed_as_meant(const struct node *before, const struct node *after,
                                const char *index_name)
{
    size_t kept = 0;
    for (const struct node *at = node_first(after); at != NULL; at = node_next(after, at)) {
        const struct node *old = node_field(before, at->key);
        if (old != NULL && prove_same_tree(old, at)) {
            kept++;
        } else if (is_the_change(before, at, index_name)) {
            kept += old != NULL;
        } else {
            return false;
        }
    }
    return kept == node_count(before);
}

static bool is_concurrent(const struct node *statement)
{
    const struct node *params = node_field(statement, "params");
    return node_number(statement, "concurrent") == 1 ||
           node_is(node_bare(node_last(params)), "defname", "concurrently");
}

bool prove_concurrent(struct span original, struct span spliced, const char *index_name)
{
    struct tree before = {0};
    struct tree after = {0};
    const struct node *old = NULL;
    const struct node *new = NULL;
    bool proved = grammar_read(original, &before, &old) && grammar_read(spliced, &after, &new) &&
                  strcmp(node_name(old), node_name(new)) == 0;
    if (proved) {
        const struct node *statement = node_bare(new);
        proved = is_changed_as_meant(node_bare(old), statement, index_name) &&
                 is_concurrent(statement) &&
                 (index_name == NULL || node_is(statement, "idxname", index_name));
    }
    tree_free(&before);
    tree_free(&after);
    return proved;
}

static bool is_statement(const struct node *wrapper, const char *sql)
{
    struct tree tree = {0};
    const struct node *ours = NULL;
    bool same = wrapper != NULL && grammar_read(span_text(sql), &tree, &ours) &&
                prove_same_tree(wrapper, ours);
    tree_free(&tree);
    return same;
}

/* Walks both lists side by side; the places of statements differ, their trees must not. */
static bool is_inserted_as_meant(const struct node *before, const struct node *after,
                                 const struct insertion *insertions, size_t count)
{
    const struct node *old = node_first(before);
    const struct node *new = node_first(after);
    size_t done = 0;
    for (size_t i = 0; new != NULL; new = node_next(after, new)) {
        const struct node *statement = node_field(new, "stmt");
        if (done < count && insertions[done].before == i) {
            if (!is_statement(statement, insertions[done++].sql)) {
                return false;
            }
            continue;
        }
        const struct node *same = node_field(old, "stmt");
        if (same == NULL || statement == NULL || !prove_same_tree(same, statement)) {
            return false;
        }
        old = node_next(before, old);
        i++;
    }
    return old == NULL && done == count;
}

bool prove_inserted(struct span original, struct span spliced, const struct insertion *insertions,
                    size_t count)
{
    struct tree before = {0};
    struct tree after = {0};
    const struct node *old = NULL;
    const struct node *new = NULL;
    bool proved = grammar_read_all(original, &before, &old) &&
                  grammar_read_all(spliced, &after, &new) &&
                  is_inserted_as_meant(old, new, insertions, count);
    tree_free(&before);
    tree_free(&after);
    return proved;
}
