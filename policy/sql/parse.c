/* One statement in, its facts out. Decides who tells them: the grammar, or, where it cannot, the
 * leading keywords. */
#include "policy/sql/internal.h"

#include <strings.h>

/* The texts that drivers send for every transaction need no grammar. */
static const struct {
    const char *text;
    enum statement_kind kind;
    const char *tag;
} commonplaces[] = {
    {"BEGIN", STATEMENT_BEGIN, "BEGIN"},
    {"COMMIT", STATEMENT_COMMIT, "COMMIT"},
    {"ROLLBACK", STATEMENT_ROLLBACK, "ROLLBACK"},
};

static bool fill_commonplace(struct span text, struct statement *out)
{
    for (size_t i = 0; i < sizeof commonplaces / sizeof commonplaces[0]; i++) {
        const char *common = commonplaces[i].text;
        if (text.length == strlen(common) &&
            strncasecmp((const char *)text.at, common, text.length) == 0) {
            out->kind = commonplaces[i].kind;
            out->tag = commonplaces[i].tag;
            return true;
        }
    }
    return false;
}

static void fill_from_grammar(struct span text, const struct scan_statement *cut,
                              struct statement *out)
{
    struct tree tree;
    const struct node *wrapper = NULL;
    if (grammar_read(text, &tree, &wrapper)) {
        statement_from_tree(wrapper, out);
        splice_find(text, out);
        action_find_places(text, out);
    } else {
        out->kind = STATEMENT_UNPARSED;
        statement_from_words(text, cut, out);
    }
    tree_free(&tree);
}

/* PostgreSQL cuts such a name with a NOTICE; the tree has it cut already. Its quotes, and a quote
 * in it that is written twice, do not count. */
static bool is_long_name(struct lexeme lexeme)
{
    size_t length = lexeme.text.length;
    if (lexeme.kind == LEXEME_QUOTED) {
        for (size_t i = 1; i + 1 < lexeme.text.length; i++) {
            if (lexeme.text.at[i] == '"') {
                length--;
                i++;
            }
        }
        length -= length < 2 ? length : 2;
    }
    return (lexeme.kind == LEXEME_WORD || lexeme.kind == LEXEME_QUOTED) && length >= NAME_BYTES;
}

static bool has_long_name(struct span text)
{
    struct lexer lexer = lexer_of(text);
    struct lexeme lexeme = lexer_next(&lexer);
    while (lexeme.kind != LEXEME_END && !is_long_name(lexeme)) {
        lexeme = lexer_next(&lexer);
    }
    return lexeme.kind != LEXEME_END;
}

void sql_parse(struct span text, const struct scan_statement *cut, size_t parse_limit,
               struct statement *out)
{
    *out = (struct statement){
        .tag = "", .from = cut->from, .start = cut->start, .length = cut->length};
    struct span own = span_cut(text, cut->start, cut->length);
    if (cut->class == SCAN_OTHER || cut->class == SCAN_PREPARED || fill_commonplace(own, out)) {
        return;
    }
    if (own.length > parse_limit) {
        out->kind = STATEMENT_TOO_LONG;
        statement_from_words(own, cut, out);
    } else {
        fill_from_grammar(own, cut, out);
    }
    out->flags |= redact_is_needed(own, out) ? FLAG_SECRET : 0u;
    bool schema_change = statement_is_recorded(out->kind) && out->kind != STATEMENT_TOO_LONG;
    out->flags |= schema_change && has_long_name(own) ? FLAG_LONG_NAME : 0u;
}
