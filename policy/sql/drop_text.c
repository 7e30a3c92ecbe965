/* A DROP of several objects, written for some of them.
 *
 *      DROP INDEX IF EXISTS a, s.b CASCADE        of the second: DROP INDEX IF EXISTS s.b CASCADE
 */
#include "policy/sql/internal.h"

static void drop_write(const struct statement *statement, unsigned objects, bool concurrently,
                       struct buffer *out)
{
    bool first = true;
    buffer_append_text(out, statement->tag);
    buffer_append_text(out, concurrently ? " CONCURRENTLY " : " ");
    buffer_append_text(out, statement->flags & FLAG_IF_EXISTS ? "IF EXISTS " : "");
    for (size_t i = 0; i < statement->object_count && i < STATEMENT_OBJECTS_MAX; i++) {
        if (objects >> i & 1u) {
            buffer_append_text(out, first ? "" : ", ");
            sql_append_name(out, &statement->objects[i].name);
            first = false;
        }
    }
    buffer_append_text(out, statement->flags & FLAG_CASCADE ? " CASCADE" : "");
}

/* Those of the first list whose bit is set are all of the second. */
static bool drop_has_objects(const struct node *before, const struct node *after, unsigned objects)
{
    const struct node *new = node_first(after);
    size_t i = 0;
    for (const struct node *old = node_first(before); old != NULL; old = node_next(before, old)) {
        if (i < STATEMENT_OBJECTS_MAX && (objects >> i++ & 1u)) {
            if (new == NULL || !prove_same_tree(old, new)) {
                return false;
            }
            new = node_next(after, new);
        }
    }
    return new == NULL;
}

static bool drop_is_proved(struct span text, struct span written, unsigned objects,
                           bool concurrently)
{
    static const char *const except[] = {"objects", "concurrent", NULL};
    struct tree before = {0}, after = {0};
    const struct node *old = NULL, *new = NULL;
    bool proved = grammar_read(text, &before, &old) && grammar_read(written, &after, &new) &&
                  strcmp(node_name(old), "DropStmt") == 0 &&
                  strcmp(node_name(new), "DropStmt") == 0;
    if (proved) {
        old = node_bare(old);
        new = node_bare(new);
        proved = prove_same_but(old, new, except) &&
                 node_number(new, "concurrent") == (concurrently ? 1 : 0) &&
                 drop_has_objects(node_field(old, "objects"), node_field(new, "objects"), objects);
    }
    tree_free(&before);
    tree_free(&after);
    return proved;
}

bool sql_drop_some(struct span text, const struct statement *statement, unsigned objects,
                   bool concurrently, struct buffer *out)
{
    struct buffer written = {0};
    drop_write(statement, objects, concurrently, &written);
    bool proved =
        !written.failed && drop_is_proved(text, buffer_span(&written), objects, concurrently);
    if (proved) {
        buffer_append_span(out, buffer_span(&written));
    }
    buffer_free(&written);
    return proved;
}
