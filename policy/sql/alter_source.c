/* The client's ALTER TABLE and the places of its parts, and the constraints of a column.
 *
 *      ALTER TABLE s.t ADD a int CHECK (a > 0) REFERENCES p DEFERRABLE, DROP b
 *      └──── head ────┘└──────────────── piece ──────────────────────┘
 *                                └ element ──┘ └ element ─┘ └ element┘
 *
 * PostgreSQL's grammar notes where each constraint of a column begins; it ends where the next one
 * begins, or COLLATE, which may stand among them. */
#include "policy/sql/alter_proof.h"

bool alter_source_read(struct alter_source *source, struct span text,
                       const struct statement *statement, size_t action)
{
    *source = (struct alter_source){.text = text, .action = action};
    if (statement->kind != STATEMENT_ALTER_TABLE || action >= STATEMENT_ACTIONS_MAX ||
        action >= statement->action_count || statement->actions[action].length == 0) {
        return false;
    }
    const struct alter_action *place = &statement->actions[action];
    source->head = span_cut(text, 0, statement->actions[0].start);
    source->piece = span_cut(text, place->start, place->length);
    const struct node *wrapper = NULL;
    if (!grammar_read(text, &source->tree, &wrapper) ||
        strcmp(node_name(wrapper), "AlterTableStmt") != 0) {
        return false;
    }
    source->statement = node_bare(wrapper);
    const struct node *commands = node_field(source->statement, "cmds");
    const struct node *at = node_first(commands);
    for (size_t i = 0; i < action && at != NULL; i++) {
        at = node_next(commands, at);
    }
    source->command = node_bare(at);
    source->definition = node_bare(node_field(source->command, "def"));
    return at != NULL;
}

void alter_source_free(struct alter_source *source)
{
    tree_free(&source->tree);
}

bool alter_draft_finish(struct buffer *draft, const struct alter_source *source,
                        const struct alter_wish *wish, alter_proof *holds, struct buffer *out)
{
    struct tree tree = {0};
    const struct node *wrapper = NULL;
    bool proved = !draft->failed && grammar_read(buffer_span(draft), &tree, &wrapper) &&
                  holds(source, wish, wrapper);
    if (proved) {
        buffer_append_span(out, buffer_span(draft));
    }
    tree_free(&tree);
    buffer_free(draft);
    return proved && !out->failed;
}

bool constraint_is_attribute(const struct node *constraint)
{
    return strncmp(node_text(constraint, "contype"), "CONSTR_ATTR_", 12) == 0;
}

/* The words behind a constraint, up to the next one. INITIALLY DEFERRED alone means DEFERRABLE, too
 * (transformConstraintAttrs). */
static void read_attributes(const struct node *list, struct column_constraint *found)
{
    const struct node *at = node_next(list, found->wrapper);
    for (; at != NULL && constraint_is_attribute(node_bare(at)); at = node_next(list, at)) {
        bool deferred = node_is(node_bare(at), "contype", "CONSTR_ATTR_DEFERRED");
        bool deferrable = node_is(node_bare(at), "contype", "CONSTR_ATTR_DEFERRABLE");
        found->initially_deferred = found->initially_deferred || deferred;
        found->deferrable = found->deferrable || deferred || deferrable;
    }
}

struct column_constraint column_constraint_find(const struct node *column, unsigned flags,
                                                size_t nth)
{
    struct column_constraint found = {0};
    const struct node *list = node_field(column, "constraints");
    for (const struct node *at = node_first(list); at != NULL; at = node_next(list, at)) {
        if ((column_constraint_flag(node_bare(at)) & flags) != 0 && nth-- == 0) {
            found.wrapper = at;
            found.node = node_bare(at);
            read_attributes(list, &found);
            return found;
        }
    }
    return found;
}

struct column_constraint alter_key_of(const struct alter_source *source)
{
    const unsigned keys = COLUMN_UNIQUE | COLUMN_PRIMARY_KEY;
    struct column_constraint key = {0};
    if (node_is(source->command, "subtype", "AT_AddColumn")) {
        bool two = column_constraint_find(source->definition, keys, 1).node != NULL;
        return two ? key : column_constraint_find(source->definition, keys, 0);
    }
    if (node_is(source->command, "subtype", "AT_AddConstraint") &&
        (column_constraint_flag(source->definition) & keys) != 0) {
        key.node = source->definition;
        key.deferrable = node_number(key.node, "deferrable") != 0;
        key.initially_deferred = node_number(key.node, "initdeferred") != 0;
    }
    return key;
}

struct span lexer_trim(struct span text)
{
    struct lexer lexer = lexer_of(text);
    size_t start = lexer_peek(&lexer).at;
    size_t end = start;
    while (lexer_next(&lexer).kind != LEXEME_END) {
        end = lexer.at;
    }
    return span_cut(text, start, end - start);
}

struct span column_element_text(const struct alter_source *source, const struct node *wrapper)
{
    const struct node *column = source->definition;
    const struct node *next = node_next(node_field(column, "constraints"), wrapper);
    size_t start = (size_t)node_number(node_bare(wrapper), "location");
    size_t piece_end = (size_t)(source->piece.at - source->text.at) + source->piece.length;
    size_t end = next == NULL ? piece_end : (size_t)node_number(node_bare(next), "location");
    size_t collate = (size_t)node_number(node_field(column, "collClause"), "location");
    end = start < collate && collate < end ? collate : end;
    return lexer_trim(span_cut(source->text, start, end < start ? 0 : end - start));
}

void lexer_take_constraint_name(struct lexer *lexer)
{
    if (lexer_take(lexer, "CONSTRAINT")) {
        lexer_take_name(lexer);
    }
}

struct span column_name_text(const struct alter_source *source)
{
    struct lexer lexer = lexer_of(source->piece);
    (void)lexer_take(&lexer, "ADD");
    (void)lexer_take(&lexer, "COLUMN");
    struct lexer ahead = lexer; /* IF may be the column's name, too */
    if (lexer_take(&ahead, "IF") && lexer_take(&ahead, "NOT") && lexer_take(&ahead, "EXISTS")) {
        lexer = ahead;
    }
    size_t start = lexer_peek(&lexer).at;
    lexer_take_name(&lexer);
    return span_cut(source->piece, start, lexer.at - start);
}
