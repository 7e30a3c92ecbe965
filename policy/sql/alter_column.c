/* ADD COLUMN taken apart: the column without some of its constraints, and these as statements of
 * their own. */
#include "policy/sql/alter_proof.h"

/* The piece without the elements that go; what stands between them goes with the one before it. */
static void append_bare(struct buffer *draft, const struct alter_source *source, unsigned without)
{
    const struct node *list = node_field(source->definition, "constraints");
    const uint8_t *kept = source->piece.at; /* all up to here is written or left out */
    bool dropped = false;
    for (const struct node *at = node_first(list); at != NULL; at = node_next(list, at)) {
        const struct node *constraint = node_bare(at);
        dropped = constraint_is_attribute(constraint)
                      ? dropped
                      : (column_constraint_flag(constraint) & without) != 0;
        struct span element = column_element_text(source, at);
        if (dropped && element.at >= kept) {
            buffer_append(draft, kept, (size_t)(element.at - kept));
            kept = element.at + element.length;
        }
    }
    const uint8_t *end = source->piece.at + source->piece.length;
    buffer_append(draft, kept, (size_t)(end - kept));
    if (!draft->failed) { /* what stood before the last element */
        struct span trimmed = lexer_trim(buffer_span(draft));
        draft->length = (size_t)(trimmed.at - draft->at) + trimmed.length;
    }
}

bool alter_text_bare_column(struct span text, const struct statement *statement, size_t action,
                            unsigned without, struct buffer *out)
{
    const struct alter_wish wish = {.flags = without};
    struct alter_source source;
    struct buffer draft = {0};
    bool made = alter_source_read(&source, text, statement, action) &&
                node_is(source.command, "subtype", "AT_AddColumn");
    if (made) {
        buffer_append_span(&draft, source.head);
        append_bare(&draft, &source, without);
        made = alter_draft_finish(&draft, &source, &wish, alter_is_bare_column, out);
    }
    alter_source_free(&source);
    return made;
}

/* The words behind a constraint, DEFERRABLE and their like. */
static void append_attributes(struct buffer *draft, const struct alter_source *source,
                              const struct node *wrapper)
{
    const struct node *list = node_field(source->definition, "constraints");
    const struct node *at = node_next(list, wrapper);
    for (; at != NULL && constraint_is_attribute(node_bare(at)); at = node_next(list, at)) {
        buffer_append_text(draft, " ");
        buffer_append_span(draft, column_element_text(source, at));
    }
}

/* ADD CONSTRAINT name [FOREIGN KEY (column)] the constraint's own words NOT VALID */
static void append_constraint(struct buffer *draft, const struct alter_source *source,
                              const struct column_constraint *constraint, const char *name)
{
    const char *own = node_text(constraint->node, "conname");
    struct span element = column_element_text(source, constraint->wrapper);
    struct lexer lexer = lexer_of(element);
    lexer_take_constraint_name(&lexer);
    buffer_append_span(draft, source->head);
    buffer_append_text(draft, "ADD CONSTRAINT ");
    sql_append_identifier(draft, own[0] != '\0' ? own : name);
    if (node_is(constraint->node, "contype", "CONSTR_FOREIGN")) {
        buffer_append_text(draft, " FOREIGN KEY (");
        buffer_append_span(draft, column_name_text(source));
        buffer_append_text(draft, ")");
    }
    buffer_append_text(draft, " ");
    buffer_append_span(draft, lexer_trim(span_from(element, lexer.at)));
    append_attributes(draft, source, constraint->wrapper);
    buffer_append_text(draft, " NOT VALID");
}

bool alter_text_column_constraint(struct span text, const struct statement *statement,
                                  size_t action, unsigned flag, size_t nth, const char *name,
                                  struct buffer *out)
{
    const struct alter_wish wish = {.flags = flag, .nth = nth, .name = name};
    struct alter_source source;
    struct column_constraint constraint = {0};
    struct buffer draft = {0};
    if (alter_source_read(&source, text, statement, action) &&
        node_is(source.command, "subtype", "AT_AddColumn") &&
        (flag == COLUMN_CHECK || flag == COLUMN_REFERENCES)) {
        constraint = column_constraint_find(source.definition, flag, nth);
    }
    bool made = constraint.node != NULL;
    if (made) {
        append_constraint(&draft, &source, &constraint, name);
        made = alter_draft_finish(&draft, &source, &wish, alter_is_column_constraint, out);
    }
    alter_source_free(&source);
    return made;
}
