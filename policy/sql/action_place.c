/* Where each action of an ALTER TABLE stands in the text.
 *
 *      ALTER TABLE IF EXISTS ONLY s.t * ADD a int DEFAULT f(1, 2), DROP b
 *                                 └ name       └── actions[0] ──┘  └ 1 ┘
 *                                       └ behind the name: `end`
 *
 * The pieces are what the commas outside of all brackets part. There must be as many of them as the
 * tree has actions, and every string must end where the server thinks so: else no place is known,
 * and nothing is split. */
#include "policy/sql/internal.h"

/* The table's name with its schema: a point makes it longer. */
static void take_qualified_name(struct lexer *lexer)
{
    lexer_take_name(lexer);
    while (lexer_take(lexer, ".")) {
        lexer_take_name(lexer);
    }
}

struct alter_head alter_head_of(struct span text)
{
    struct alter_head head = {0};
    struct lexer lexer = lexer_of(text);
    (void)lexer_take(&lexer, "ALTER");
    (void)lexer_take(&lexer, "TABLE");
    if (lexer_take(&lexer, "IF")) {
        (void)lexer_take(&lexer, "EXISTS");
    }
    bool parenthesis = lexer_take(&lexer, "ONLY") && lexer_take(&lexer, "(");
    head.name_at = lexer_peek(&lexer).at;
    take_qualified_name(&lexer);
    head.name_length = lexer.at - head.name_at;
    (void)(parenthesis ? lexer_take(&lexer, ")") : lexer_take(&lexer, "*"));
    head.end = lexer.at;
    return head;
}

static int depth_change(struct lexeme lexeme)
{
    if (lexeme_is(lexeme, "(") || lexeme_is(lexeme, "[")) {
        return 1;
    }
    return lexeme_is(lexeme, ")") || lexeme_is(lexeme, "]") ? -1 : 0;
}

/* From the first to the last token before a comma or the end; false when it cannot be told. */
static bool take_piece(struct lexer *lexer, struct alter_action *piece)
{
    int depth = 0;
    struct lexeme lexeme = lexer_peek(lexer);
    piece->start = lexeme.at;
    size_t end = lexeme.at;
    while (lexeme.kind != LEXEME_END && (depth > 0 || !lexeme_is(lexeme, ","))) {
        (void)lexer_next(lexer);
        depth += depth_change(lexeme);
        end = lexer->at;
        if (lexeme.ambiguous || depth < 0) {
            return false;
        }
        lexeme = lexer_peek(lexer);
    }
    piece->length = end - piece->start;
    return depth == 0 && piece->length > 0;
}

static bool find_pieces(struct lexer *lexer, struct statement *statement)
{
    size_t count = 0;
    do {
        if (count == statement->action_count || count == STATEMENT_ACTIONS_MAX ||
            !take_piece(lexer, &statement->actions[count])) {
            return false;
        }
        count++;
    } while (lexer_take(lexer, ","));
    return count == statement->action_count;
}

void action_find_places(struct span text, struct statement *statement)
{
    if (statement->kind != STATEMENT_ALTER_TABLE || statement->action_count == 0) {
        return;
    }
    struct lexer lexer = lexer_of(text);
    lexer.at = alter_head_of(text).end;
    if (find_pieces(&lexer, statement)) {
        return;
    }
    for (size_t i = 0; i < statement->action_count && i < STATEMENT_ACTIONS_MAX; i++) {
        statement->actions[i].start = 0;
        statement->actions[i].length = 0;
    }
}
