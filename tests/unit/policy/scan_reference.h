/* What PostgreSQL's own grammar makes of a text, for tests of the scanner: each statement's place
 * and the class that its kind of node stands for. For tests only; a header, because a test program
 * is one file.
 *
 * Its recursion is not bounded: give it short texts. */
#ifndef TESTS_UNIT_POLICY_SCAN_REFERENCE_H
#define TESTS_UNIT_POLICY_SCAN_REFERENCE_H

#include <assert.h>
#include <pg_query.h>
#include <stdlib.h>

#include "policy/sql/scan.h"
#include "policy/sql/tree.h"

struct reference {
    struct tree tree;
    const struct node *statements; /* an array of {"stmt": …, "stmt_location": 0, "stmt_len": 0} */
    bool parsed;
};

/* The text must have no NUL byte. Free the result in every case. */
static inline struct reference reference_parse(struct span text)
{
    struct reference reference = {0};
    char *copy = calloc(1, text.length + 1);
    assert(copy != NULL);
    if (text.length > 0) {
        memcpy(copy, text.at, text.length);
    }
    PgQueryParseResult result = pg_query_parse(copy);
    free(copy);
    if (result.error == NULL && tree_read(&reference.tree, strdup(result.parse_tree))) {
        reference.parsed = true;
        reference.statements = node_field(&reference.tree.nodes[0], "stmts");
    }
    pg_query_free_parse_result(result);
    return reference;
}

static inline void reference_free(struct reference *reference)
{
    tree_free(&reference->tree);
}

static inline bool reference_has_into(const struct node *select)
{
    const struct node *left = select;
    while (node_field(left, "larg") != NULL) {
        left = node_field(left, "larg");
    }
    return node_field(left, "intoClause") != NULL;
}

/* May the statement in this wrapper, {"SelectStmt": {…}}, be called `class`? The scanner may call
 * anything that contains the word INTO DDL, but nothing that is not harmless SCAN_OTHER. */
static inline bool reference_allows(const struct node *wrapper, enum scan_class class)
{
    static const struct {
        const char *node;
        enum scan_class class;
    } nodes[] = {
        {"InsertStmt", SCAN_OTHER},
        {"UpdateStmt", SCAN_OTHER},
        {"DeleteStmt", SCAN_OTHER},
        {"MergeStmt", SCAN_OTHER},
        {"CopyStmt", SCAN_OTHER},
        {"FetchStmt", SCAN_OTHER},
        {"DeclareCursorStmt", SCAN_OTHER},
        {"ClosePortalStmt", SCAN_OTHER},
        {"VariableShowStmt", SCAN_OTHER},
        {"ListenStmt", SCAN_OTHER},
        {"UnlistenStmt", SCAN_OTHER},
        {"NotifyStmt", SCAN_OTHER},
        {"CheckPointStmt", SCAN_OTHER},
        {"LoadStmt", SCAN_OTHER},
        {"TransactionStmt", SCAN_TRANSACTION},
        {"VariableSetStmt", SCAN_SETTING},
        {"ConstraintsSetStmt", SCAN_SETTING},
        {"DiscardStmt", SCAN_SETTING},
        {"DoStmt", SCAN_CODE},
        {"CallStmt", SCAN_CODE},
        {"ExecuteStmt", SCAN_PREPARED},
        {"DeallocateStmt", SCAN_PREPARED},
    };
    const struct node *node = node_first(wrapper);
    const char *name = node->key;
    if (strcmp(name, "SelectStmt") == 0) {
        return class == SCAN_DDL || (class == SCAN_OTHER && !reference_has_into(node));
    }
    if (strcmp(name, "VacuumStmt") == 0) {
        bool vacuum = node_field(node, "is_vacuumcmd") != NULL;
        return class == (vacuum ? SCAN_DDL : SCAN_OTHER);
    }
    if (strcmp(name, "ExplainStmt") == 0 || strcmp(name, "PrepareStmt") == 0) {
        enum scan_class own = strcmp(name, "ExplainStmt") == 0 ? SCAN_OTHER : SCAN_PREPARED;
        const struct node *query = node_field(node, "query");
        return class == SCAN_UNKNOWN || (class == own && reference_allows(query, SCAN_OTHER)) ||
               (class != SCAN_OTHER && reference_allows(query, class)) ||
               (class == SCAN_TRANSACTION && own == SCAN_PREPARED);
    }
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        if (strcmp(name, nodes[i].node) == 0) {
            return class == nodes[i].class || (nodes[i].class == SCAN_OTHER && class == SCAN_DDL);
        }
    }
    return class == SCAN_DDL; /* every other node is one of the schema, or locks, or is new */
}

/* What the scanner's statement disagrees in with the grammar's; NULL if in nothing. */
static inline const char *reference_compare(struct span text, const struct node *wanted,
                                            const struct scan_statement *found)
{
    size_t location = (size_t)node_number(wanted, "stmt_location");
    size_t length = (size_t)node_number(wanted, "stmt_len");
    size_t end = length == 0 ? text.length : location + length; /* 0: up to the end */
    if (found->start < location || found->start + found->length != end) {
        return "cut at another place";
    }
    return reference_allows(node_field(wanted, "stmt"), found->class) ? NULL : "of another class";
}

/* What the scanner and the grammar disagree in about a text that parsed; NULL if in nothing. */
static inline const char *reference_disagrees(struct span text, const struct reference *reference)
{
    struct scanner scanner;
    struct scan_statement found;
    const char *reason = NULL;
    size_t at = 0;
    scan_start(&scanner, (struct scan_options){.standard_conforming_strings = true,
                                               .encoding = SCAN_ENCODING_UTF8});
    const struct node *wanted = node_first(reference->statements);
    while (reason == NULL && scan_next(&scanner, text, &at, true, &found) == SCAN_STATEMENT) {
        if (wanted == NULL) {
            return "one statement more";
        }
        if (found.class == SCAN_UNKNOWN && !found.terminated) {
            return NULL; /* it may have lost its place, and says so: the rest is one statement */
        }
        reason = reference_compare(text, wanted, &found);
        wanted = node_next(reference->statements, wanted);
    }
    return reason == NULL && wanted != NULL ? "one statement less" : reason;
}

#endif
