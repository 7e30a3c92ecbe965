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
    } else {
        out->kind = STATEMENT_UNPARSED;
        statement_from_words(text, cut, out);
    }
    tree_free(&tree);
}

void sql_parse(struct span text, const struct scan_statement *cut, size_t parse_limit,
               struct statement *out)
{
    *out = (struct statement){.tag = "", .start = cut->start, .length = cut->length};
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
}
