/* The calls into libpg_query, PostgreSQL's own grammar as a library; no other file includes it.
 *
 * Threads: its memory contexts are thread-local. They are made by the first call of a thread and
 * freed when the thread ends (a pthread key; pg_query_exit is only for those who want it earlier),
 * so any number of threads may call at once and nobody initializes anything.
 *
 * Stack: the grammar's own stack is bison's, which gives up at a depth of 10,000 with an error.
 * What recurses is the writing of the tree: 68 bytes of stack per byte of SQL for 1+1+1+… (measured
 * with 15 and 17; 18 checks its depth and gives an error). See SQL_STACK_BYTES.
 *
 * It prints nothing: errors come back in the result. They are dropped here, because the server will
 * report its own, unless there is no server to do so (grammar_find_error). */
#include "policy/sql/internal.h"

#include <pg_query.h>
#include <stdio.h>
#include <stdlib.h>

/* A copy with a NUL at its end; NULL for text with a NUL in it and for want of memory. */
static char *terminated_copy(struct span text)
{
    if (text.length > 0 && memchr(text.at, '\0', text.length) != NULL) {
        return NULL;
    }
    char *copy = malloc(text.length + 1);
    if (copy != NULL) {
        memcpy(copy, text.at == NULL ? (const uint8_t *)"" : text.at, text.length);
        copy[text.length] = '\0';
    }
    return copy;
}

/* The parse tree as JSON, to be freed; NULL when there is none. */
static char *parse_to_json(struct span text)
{
    char *copy = terminated_copy(text);
    if (copy == NULL) {
        return NULL;
    }
    PgQueryParseResult result = pg_query_parse(copy);
    free(copy);
    char *json = NULL;
    if (result.error == NULL) {
        json = result.parse_tree; /* made by malloc: taken, not copied, it may be megabytes */
        result.parse_tree = NULL;
    }
    pg_query_free_parse_result(result);
    return json;
}

bool grammar_find_error(struct span text, struct sql_error *error)
{
    char *copy = terminated_copy(text);
    if (copy == NULL) {
        return false;
    }
    PgQueryParseResult result = pg_query_parse(copy);
    free(copy);
    bool found = result.error != NULL;
    if (found) {
        (void)snprintf(error->message, sizeof error->message, "%s", result.error->message);
        /* 1-based, in characters of UTF-8, which is libpg_query's only encoding. 0: not known. */
        size_t before = result.error->cursorpos > 0 ? (size_t)result.error->cursorpos - 1 : 0;
        error->at = scan_encoding_bytes(SCAN_ENCODING_UTF8, text, before);
    }
    pg_query_free_parse_result(result);
    return found;
}

bool grammar_read_all(struct span text, struct tree *tree, const struct node **statements)
{
    *tree = (struct tree){0};
    char *json = parse_to_json(text);
    if (json == NULL || !tree_read(tree, json)) {
        return false;
    }
    *statements = node_field(&tree->nodes[0], "stmts");
    return *statements != NULL;
}

bool grammar_read(struct span text, struct tree *tree, const struct node **statement)
{
    const struct node *statements = NULL;
    if (!grammar_read_all(text, tree, &statements)) {
        return false;
    }
    *statement = node_field(node_first(statements), "stmt");
    return *statement != NULL && node_count(statements) == 1;
}

/* One number of protobuf's wire format: seven bits a byte, the lowest first. */
static bool read_varint(struct span *in, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && in->length > 0; shift += 7) {
        uint8_t byte = in->at[0];
        *in = span_from(*in, 1);
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

/* Field `wanted` of a protobuf message of numbers and nested messages: its number, or the length of
 * the nested message, which *in then begins with. 0, protobuf's default, when it is not there. */
static uint64_t find_field(struct span *in, uint64_t wanted)
{
    uint64_t key = 0;
    uint64_t value = 0;
    while (read_varint(in, &key) && read_varint(in, &value)) {
        if (key >> 3 == wanted) {
            return value;
        }
        bool nested = (key & 7) == 2;
        *in = span_from(*in, nested ? (size_t)value : 0);
    }
    return 0;
}

/* The scanner's result is protobuf in every version, and this is all we want of it:
 * ScanResult.tokens (2) of ScanToken {start 1, end 2, token 4, keyword_kind 5}. PostgreSQL's
 * quote_identifier leaves the same words without quotes: no keyword, or an unreserved one. */
bool grammar_is_plain_name(const char *word)
{
    enum { TOKENS = 2, KEYWORD_KIND = 5, NO_KEYWORD = 0, UNRESERVED_KEYWORD = 1 };
    PgQueryScanResult result = pg_query_scan(word);
    uint64_t kind = UINT64_MAX;
    if (result.error == NULL) {
        struct span in = span_of(result.pbuf.data, result.pbuf.len);
        uint64_t length = find_field(&in, TOKENS);
        struct span token = span_cut(in, 0, (size_t)length);
        kind = length == 0 ? UINT64_MAX : find_field(&token, KEYWORD_KIND);
    }
    pg_query_free_scan_result(result);
    return kind == NO_KEYWORD || kind == UNRESERVED_KEYWORD;
}
