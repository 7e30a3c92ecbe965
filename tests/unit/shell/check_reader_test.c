/* What psql would send, and what it would keep to itself: a file on the left, its pieces on the
 * right; statements as they are, what is skipped in angle brackets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* behind its prerequisites */
#include <cmocka.h>

#include "proxy/cli/check_reader.h"
#include "tests/unit/guard.h"

#define LIMIT 8192 /* the main thread's stack is enough for it */

static void append_pieces(struct span text, struct buffer *out)
{
    struct check_reader reader;
    struct check_piece piece;
    assert_true(check_reader_start(&reader, text, LIMIT));
    check_reader_next(&reader, &piece);
    while (piece.kind != CHECK_END) {
        buffer_append_text(out, out->length > 0 ? "|" : "");
        if (piece.kind == CHECK_SKIPPED) {
            buffer_append_text(out, "<");
            buffer_append_span(out, piece.word.length > 0 ? piece.word : span_text("data"));
            buffer_append_text(out, ">");
        } else {
            assert_int_equal(piece.at, piece.cut.start);
            buffer_append_span(
                out, span_cut(buffer_span(&reader.sql), piece.cut.start, piece.cut.length));
            buffer_append_text(out, piece.open ? "<open>" : "");
        }
        check_reader_next(&reader, &piece);
    }
    assert_int_equal(reader.sql.length, text.length + 1);
    check_reader_next(&reader, &piece); /* the end stays the end */
    assert_int_equal(piece.kind, CHECK_END);
    check_reader_free(&reader);
}

static const struct row {
    const char *text, *pieces;
} rows[] = {
    {"", ""},
    {"  -- nothing\n", ""},
    {"select 1", "select 1"},
    {"select 1;;\n select 2 ; ", "select 1|select 2"},
    {"select 1;\r\nselect 2\r\n", "select 1|select 2"},
    {"select 1; -- a comment without an end of its line", "select 1"},
    /* commands of psql's: wherever a backslash is outside of quotes */
    {"\\set x 1\nselect 1;", "<\\set>|select 1"},
    {"  \\echo 'it''s'\nselect 1;", "<\\echo>|select 1"},
    {"\\i a.sql", "<\\i>"},
    {"select 1 \\g\nselect 2;", "<\\g>|select 1|select 2"},
    {"select 1 \\gset p_\nselect 2;", "<\\gset>|select 1|select 2"},
    {"select $1 \\bind 7 \\g\nselect 2", "<\\bind>|select $1|select 2"},
    {"select 1\\; select 2;", "select 1|select 2"},
    {"select\n\\echo x\n1;", "<\\echo>|select\n       \n1"},
    {"\\.\nselect 1;", "<\\.>|select 1"},
    {"\\", "<\\>"},
    /* and no others */
    {"select '\\g';\nselect 1;", "select '\\g'|select 1"},
    {"select E'\\'\\g';", "select E'\\'\\g'"},
    {"select \"\\g\", $$\\g$$, $a$ \\g $a$ /* \\g */ -- \\g\n;",
     "select \"\\g\", $$\\g$$, $a$ \\g $a$ /* \\g */ -- \\g"},
    {"select '\n\\set x\n';", "select '\n\\set x\n'"},
    /* data of a COPY */
    {"copy t from stdin;\n1\n;drop table t;\n\\.\nselect 1;", "copy t from stdin|<data>|select 1"},
    {"COPY t(a) FROM STDIN WITH (format csv);\r\n'\r\n\\.\r\nselect 1;",
     "COPY t(a) FROM STDIN WITH (format csv)|<data>|select 1"},
    {"copy t from stdin; select 1;\n1\n\\.\nselect 2;",
     "copy t from stdin|select 1|<data>|select 2"},
    {"copy a from stdin; copy b from stdin;\n1\n\\.\n2\n\\.\nselect 1;",
     "copy a from stdin|copy b from stdin|<data>|select 1"},
    {"copy t from stdin;\n1\n2", "copy t from stdin|<data>"},
    {"copy t from stdin;\n", "copy t from stdin"},
    {"copy t from stdin;", "copy t from stdin"},
    {"copy t from stdin;\n1\\.\n \\.\n\\. \n\\.\nselect 1", "copy t from stdin|<data>|select 1"},
    {"\\copy t from stdin\n1\n\\.\nselect 1", "<\\copy>|<data>|select 1"},
    {"\\copy t from 'x.csv'\nselect 1", "<\\copy>|select 1"},
    {"copy t to stdout;\nselect 1;", "copy t to stdout|select 1"},
    {"copy t from '/x';\nselect 1;", "copy t from '/x'|select 1"},
    {"copy t from program 'stdin';\nselect 1;", "copy t from program 'stdin'|select 1"},
    {"copy (select 1 from stdin) to stdout;\nselect 1;",
     "copy (select 1 from stdin) to stdout|select 1"},
    /* what has no end */
    {"select 1; select 'a; select 2;", "select 1|select 'a; select 2;<open>"},
    {"select (1; select 2;", "select (1; select 2;<open>"},
    {"select 1; /* drop", "select 1| /* drop<open>"},
};

static void test_pieces(void **state)
{
    (void)state;
    struct guard guard = guard_new(4096);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer out = {0};
        append_pieces(guard_place(&guard, span_text(rows[i].text)), &out);
        buffer_append_u8(&out, '\0');
        assert_string_equal(out.at, rows[i].pieces);
        buffer_free(&out);
    }
    guard_free(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pieces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
