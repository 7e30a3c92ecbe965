/* Texts and the statements that the scanner must cut them into. Every row is scanned whole, in two
 * pieces cut at every byte, in pieces of seven bytes and byte by byte, each piece at the edge of an
 * unreadable page. For tests only; a header, because a test program is one file. */
#ifndef TESTS_UNIT_POLICY_SCAN_ROWS_H
#define TESTS_UNIT_POLICY_SCAN_ROWS_H

#include "policy/sql/scan.h"
#include "tests/unit/guard.h"

#define STATEMENTS_MOST 6
#define TEXT_MOST       1024 /* the longest row */

struct expected {
    enum scan_class class;
    const char *text;  /* the statement's bytes; NULL ends the list */
    const char *words; /* NULL: not looked at */
};

struct row {
    const char *text;
    struct expected statements[STATEMENTS_MOST];
};

static const struct scan_options standard = {.standard_conforming_strings = true};
static const struct scan_options backslashes = {.standard_conforming_strings = false};

/* Scans row->text in pieces of `piece` bytes, with one more cut at `cut`; a cut at the end of the
 * text makes an empty last piece. */
static inline void check_pieces(struct guard *guard, struct scan_options options,
                                const struct row *row, size_t piece, size_t cut)
{
    struct span text = span_text(row->text);
    struct scanner scanner;
    struct scan_statement found;
    size_t from = 0, count = 0, done = 0;
    scan_start(&scanner, options);
    enum scan_status status = SCAN_MORE;
    while (status != SCAN_END) {
        size_t end = from < cut && cut < text.length ? cut : text.length;
        size_t length = end - from < piece ? end - from : piece;
        struct span chunk = guard_place(guard, span_cut(text, from, length));
        bool last = from + length == text.length && (cut < text.length || length == 0);
        size_t at = 0;
        while ((status = scan_next(&scanner, chunk, &at, last, &found)) == SCAN_STATEMENT) {
            const struct expected *expected = &row->statements[count++];
            assert_non_null(expected->text);
            struct span got = span_cut(text, found.start, found.length);
            if (!span_is(got, expected->text) || found.class != expected->class) {
                fail_msg("in <%s> cut at %zu: %s <%.*s>", row->text, cut,
                         scan_class_name(found.class), (int)got.length, (const char *)got.at);
            }
            assert_true(done <= found.from && found.from <= found.start);
            assert_int_equal(found.terminated, found.start + found.length < text.length);
            done = found.start + found.length + (found.terminated ? 1 : 0);
            if (expected->words != NULL) {
                assert_string_equal(found.words, expected->words);
            }
        }
        assert_int_equal(at, chunk.length);
        assert_true(status == (last ? SCAN_END : SCAN_MORE));
        from += length;
    }
    if (row->statements[count].text != NULL) {
        fail_msg("in <%s> cut at %zu: no <%s>", row->text, cut, row->statements[count].text);
    }
}

static inline void check_rows(struct scan_options options, const struct row *rows, size_t count)
{
    struct guard guard = guard_new(TEXT_MOST);
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(rows[i].text);
        assert_true(length <= TEXT_MOST);
        for (size_t cut = 0; cut <= length; cut++) {
            check_pieces(&guard, options, &rows[i], length + 1, cut);
        }
        check_pieces(&guard, options, &rows[i], 1, 0);
        check_pieces(&guard, options, &rows[i], 7, 0);
    }
    guard_free(&guard);
}

#define CHECK_ROWS(options, rows) check_rows(options, rows, sizeof(rows) / sizeof((rows)[0]))

#endif
