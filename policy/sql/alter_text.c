/* ALTER TABLE statements of the client's actions, whole or with NOT VALID. What is written is a
 * draft until alter_proof.c has agreed to it. */
#include "policy/sql/alter_proof.h"

/* The head and those actions, with commas of ours between them. */
static void append_actions(struct buffer *draft, const struct alter_source *source,
                           const struct statement *statement, unsigned actions)
{
    const char *between = "";
    buffer_append_span(draft, source->head);
    for (size_t i = 0; i < statement->action_count; i++) {
        const struct alter_action *action = &statement->actions[i];
        if (actions & 1u << i) {
            buffer_append_text(draft, between);
            buffer_append_span(draft, span_cut(source->text, action->start, action->length));
            between = ", ";
        }
    }
}

bool alter_text_only(struct span text, const struct statement *statement, unsigned actions,
                     struct buffer *out)
{
    const struct alter_wish wish = {.flags = actions};
    struct alter_source source;
    struct buffer draft = {0};
    bool made = alter_source_read(&source, text, statement, 0);
    if (made) {
        append_actions(&draft, &source, statement, actions);
        made = alter_draft_finish(&draft, &source, &wish, alter_is_only, out);
    }
    alter_source_free(&source);
    return made;
}

/* ADD [CONSTRAINT name] CHECK (…), with that name when it has none, or is to have another. */
static void append_named(struct buffer *draft, const struct alter_source *source,
                         const struct alter_wish *wish)
{
    struct lexer lexer = lexer_of(source->piece);
    (void)lexer_take(&lexer, "ADD");
    buffer_append_span(draft, span_cut(source->piece, 0, lexer.at));
    if (wish->renamed) {
        lexer_take_constraint_name(&lexer);
    }
    if (wish->renamed || node_text(source->definition, "conname")[0] == '\0') {
        buffer_append_text(draft, " CONSTRAINT ");
        sql_append_identifier(draft, wish->name);
    }
    buffer_append_span(draft, span_from(source->piece, lexer.at));
}

/* What comes before the action: the client's own text, or that of another table. */
static void append_head(struct buffer *draft, const struct alter_source *source,
                        const struct object_name *table)
{
    if (table == NULL) {
        buffer_append_span(draft, source->head);
        return;
    }
    buffer_append_text(draft, "ALTER TABLE ");
    sql_append_name(draft, table);
    buffer_append_text(draft, " ");
}

static bool write_not_valid(struct span text, const struct statement *statement, size_t action,
                            const struct alter_wish *wish, struct buffer *out)
{
    struct alter_source source;
    struct buffer draft = {0};
    bool made = alter_source_read(&source, text, statement, action) &&
                node_is(source.command, "subtype", "AT_AddConstraint");
    if (made) {
        append_head(&draft, &source, wish->table);
        append_named(&draft, &source, wish);
        buffer_append_text(&draft, " NOT VALID");
        made = alter_draft_finish(&draft, &source, wish, alter_is_not_valid, out);
    }
    alter_source_free(&source);
    return made;
}

bool alter_text_not_valid_on(struct span text, const struct statement *statement, size_t action,
                             const char *name, const struct object_name *table, struct buffer *out)
{
    const struct alter_wish wish = {.name = name, .table = table};
    return write_not_valid(text, statement, action, &wish, out);
}

bool alter_text_not_valid_as(struct span text, const struct statement *statement, size_t action,
                             const char *name, struct buffer *out)
{
    const struct alter_wish wish = {.name = name, .renamed = true};
    return write_not_valid(text, statement, action, &wish, out);
}

bool alter_text_not_valid(struct span text, const struct statement *statement, size_t action,
                          const char *name, struct buffer *out)
{
    return alter_text_not_valid_on(text, statement, action, name, NULL, out);
}

bool alter_text_named(struct span text, const struct statement *statement, size_t action,
                      const char *name, struct buffer *out)
{
    const struct alter_wish wish = {.name = name};
    struct alter_source source;
    struct buffer draft = {0};
    bool made = alter_source_read(&source, text, statement, action) &&
                node_is(source.command, "subtype", "AT_AddConstraint");
    if (made) {
        buffer_append_span(&draft, source.head);
        append_named(&draft, &source, &wish);
        made = alter_draft_finish(&draft, &source, &wish, alter_is_named, out);
    }
    alter_source_free(&source);
    return made;
}

bool alter_text_append(struct span text, const struct statement *statement, struct span tail,
                       struct buffer *out)
{
    const struct alter_wish wish = {0};
    struct alter_source source;
    struct buffer draft = {0};
    bool made = alter_source_read(&source, text, statement, 0);
    if (made) {
        buffer_append_span(&draft, source.head);
        buffer_append_span(&draft, tail);
        made = alter_draft_finish(&draft, &source, &wish, alter_is_same_table, out);
    }
    alter_source_free(&source);
    return made;
}
