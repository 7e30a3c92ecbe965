/* ADD COLUMN taken apart: the column without some of its constraints, and these as statements of
 * their own. */
#include "policy/sql/alter_proof.h"

const char *alter_serial_base(const struct alter_action *action)
{
    static const struct {
        const char *serial, *base;
    } types[] = {{"serial", "int4"},  {"serial4", "int4"},     {"bigserial", "int8"},
                 {"serial8", "int8"}, {"smallserial", "int2"}, {"serial2", "int2"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if ((action->flags & COLUMN_SERIAL) && strcmp(types[i].serial, action->type) == 0) {
            return types[i].base;
        }
    }
    return NULL;
}

/* ADD [COLUMN] name type, as far as any of it is to be another: without IF NOT EXISTS, with the
 * type `base` (NULL: its own). Gives where the rest begins in the client's text. */
static const uint8_t *append_named(struct buffer *draft, const struct alter_source *source,
                                   const char *base)
{
    struct span name = column_name_text(source);
    struct lexer lexer = lexer_of(source->piece);
    (void)lexer_take(&lexer, "ADD");
    (void)lexer_take(&lexer, "COLUMN");
    buffer_append_span(draft, span_cut(source->piece, 0, lexer.at));
    buffer_append_text(draft, " ");
    buffer_append_span(draft, name);
    const uint8_t *kept = name.at + name.length;
    if (base != NULL) {
        struct span rest = span_from(source->piece, (size_t)(kept - source->piece.at));
        struct lexer type = lexer_of(rest);
        (void)lexer_take_name(&type);
        buffer_append_format(draft, " pg_catalog.%s", base);
        kept = rest.at + type.at;
    }
    return kept;
}

/* The piece without the elements that go, from `kept` on: all before is written or left out. What
 * stands between them goes with the one before it. */
static void append_bare(struct buffer *draft, const struct alter_source *source, unsigned without,
                        const uint8_t *kept)
{
    const struct node *list = node_field(source->definition, "constraints");
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

/* NULL beside one of those constraints that make a column NOT NULL. */
static bool contradicts(const struct alter_source *source, unsigned without)
{
    const unsigned firm = COLUMN_SERIAL | COLUMN_IDENTITY | COLUMN_NOT_NULL | COLUMN_PRIMARY_KEY;
    const struct node *list = node_field(source->definition, "constraints");
    bool nullable = false;
    for (const struct node *at = node_first(list); at != NULL; at = node_next(list, at)) {
        nullable = nullable || node_is(node_bare(at), "contype", "CONSTR_NULL");
    }
    return nullable && (without & firm) != 0;
}

bool alter_text_bare_column(struct span text, const struct statement *statement, size_t action,
                            unsigned without, struct buffer *out)
{
    struct alter_wish wish = {.flags = without};
    struct alter_source source;
    struct buffer draft = {0};
    bool made = alter_source_read(&source, text, statement, action) &&
                node_is(source.command, "subtype", "AT_AddColumn") &&
                !contradicts(&source, without);
    if (made) {
        const struct alter_action *what = &statement->actions[action];
        wish.name = without & COLUMN_SERIAL ? alter_serial_base(what) : NULL;
        bool same = wish.name == NULL && !(what->flags & ALTER_IF_NOT_EXISTS);
        buffer_append_span(&draft, source.head);
        append_bare(&draft, &source, without,
                    same ? source.piece.at : append_named(&draft, &source, wish.name));
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

/* What stands behind DEFAULT. */
static struct span default_text(const struct alter_source *source, const struct node *wrapper)
{
    struct span element = column_element_text(source, wrapper);
    struct lexer lexer = lexer_of(element);
    lexer_take_constraint_name(&lexer);
    (void)lexer_take(&lexer, "DEFAULT");
    return lexer_trim(span_from(element, lexer.at));
}

bool alter_text_set_default(struct span text, const struct statement *statement, size_t action,
                            struct buffer *out)
{
    const struct alter_wish wish = {.flags = COLUMN_HAS_DEFAULT};
    struct alter_source source;
    struct column_constraint found = {0};
    struct buffer draft = {0};
    if (alter_source_read(&source, text, statement, action) &&
        node_is(source.command, "subtype", "AT_AddColumn")) {
        found = column_constraint_find(source.definition, COLUMN_HAS_DEFAULT, 0);
    }
    bool made = found.node != NULL;
    if (made) {
        buffer_append_span(&draft, source.head);
        buffer_append_text(&draft, "ALTER COLUMN ");
        buffer_append_span(&draft, column_name_text(&source));
        buffer_append_text(&draft, " SET DEFAULT ");
        buffer_append_span(&draft, default_text(&source, found.wrapper));
        made = alter_draft_finish(&draft, &source, &wish, alter_is_set_default, out);
    }
    alter_source_free(&source);
    return made;
}
