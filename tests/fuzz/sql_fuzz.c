/* Any bytes as the text of a message: cut by the scanner, each statement parsed, rewritten,
 * redacted, named. What must hold whatever the bytes are:
 *
 *   - a rewrite parses to the same kind, now with CONCURRENTLY, and without its insertions is the
 *     client's text;
 *   - positions come back in order, and never behind where they were;
 *   - redaction leaves what has no secret as it is, and never makes a statement another one.
 *
 * The first byte chooses the encoding and standard_conforming_strings. */
#include <assert.h>

#include "tests/fuzz/fuzz_sql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small enough for the stack of the fuzzer's thread, with every shape of deep nesting. */
#define FUZZ_LIMIT 8192

static bool parse_again(struct span text, struct statement *out)
{
    return fuzz_read_statements(text, 2 * FUZZ_LIMIT, out, 1) == 1;
}

/* Every comment begins as one does and lies behind the one before. */
static void check_comments(struct span text)
{
    struct span comment;
    size_t at = 0;
    for (size_t before = 0; sql_next_comment(text, &at, &comment); before = at) {
        assert(at > before && comment.length >= 2 && comment.at >= text.at + before);
        assert(comment.at + comment.length == text.at + at);
        assert(memcmp(comment.at, "--", 2) == 0 || memcmp(comment.at, "/*", 2) == 0);
    }
    assert(at == text.length);
}

static void check_reversible(struct span original, struct span spliced, const struct splice *splice)
{
    size_t from = 0;
    size_t done = 0;
    for (size_t i = 0; i < splice->count; i++) {
        size_t length = splice->at[i].at - from;
        assert(span_equal(span_cut(spliced, done, length), span_cut(original, from, length)));
        from += length;
        done += length + splice->at[i].length;
    }
    assert(span_equal(span_from(spliced, done), span_from(original, from)));
}

static void check_positions(struct span text, const struct splice *splice)
{
    uint32_t before = 1;
    for (uint32_t position = 1; position < 200; position++) {
        uint32_t original = sql_original_position(splice, text, SCAN_ENCODING_UTF8, position);
        assert(original >= before && original <= position);
        before = original;
    }
}

static void check_rewrite(struct span text, const struct statement *statement, const char *name)
{
    struct buffer out = {0};
    struct splice splice;
    if (sql_make_concurrent(text, statement, name, &out, &splice)) {
        struct statement rewritten;
        assert(parse_again(buffer_span(&out), &rewritten));
        assert(rewritten.kind == statement->kind);
        assert(rewritten.flags & FLAG_CONCURRENTLY);
        check_reversible(text, buffer_span(&out), &splice);
        check_positions(text, &splice);
    } else {
        assert(out.length == 0);
    }
    buffer_free(&out);
}

static void check_redaction(struct span text, const struct statement *statement)
{
    struct buffer out = {0};
    struct statement redacted;
    sql_redact(text, statement, &out);
    if (!(statement->flags & FLAG_SECRET)) {
        assert(span_equal(buffer_span(&out), text));
    } else if (statement->kind != STATEMENT_UNPARSED && statement->kind != STATEMENT_TOO_LONG &&
               parse_again(buffer_span(&out), &redacted)) {
        assert(redacted.kind == statement->kind);
    }
    buffer_free(&out);
}

static void check_statement(struct span text, const struct scan_statement *cut)
{
    struct statement statement;
    char names[3][NAME_BYTES];
    sql_parse(text, cut, FUZZ_LIMIT, &statement);
    struct span own = span_cut(text, statement.start, statement.length);
    size_t count = sql_index_names(own, &statement, names, 3);
    assert(statement_kind_name(statement.kind)[0] != '\0');
    assert(statement.concurrently_at <= own.length && statement.name_at <= own.length);
    check_rewrite(own, &statement, NULL);
    check_rewrite(own, &statement, count > 0 ? names[2] : "a\"B");
    check_redaction(own, &statement);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct scan_options options = {
        .standard_conforming_strings = (data[0] & 8) == 0,
        .encoding = (enum scan_encoding)(data[0] % (SCAN_ENCODING_SJIS_2004 + 1)),
    };
    struct span text = span_of(data + 1, size - 1);
    check_comments(text);
    struct scanner scanner;
    struct scan_statement cut;
    size_t at = 0;
    scan_start(&scanner, options);
    while (scan_next(&scanner, text, &at, true, &cut) == SCAN_STATEMENT) {
        check_statement(text, &cut);
    }
    return 0;
}
