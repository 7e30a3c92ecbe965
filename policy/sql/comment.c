/* The comments of a statement. What looks like one inside a string or a quoted name is none; and
 * behind a string whose end depends on the server's settings nothing is certain any more. */
#include "policy/sql/lexer.h"
#include "policy/sql/sql.h"

bool sql_next_comment(struct span text, size_t *at, struct span *comment)
{
    struct lexer lexer = {.text = text, .at = *at};
    struct lexeme lexeme = {.kind = LEXEME_OTHER};
    bool found = lexer_take_comment(&lexer, comment);
    while (!found && lexeme.kind != LEXEME_END && !lexeme.ambiguous) {
        lexeme = lexer_next(&lexer);
        found = !lexeme.ambiguous && lexer_take_comment(&lexer, comment);
    }
    *at = found ? lexer.at : text.length;
    return found;
}
