/* Long and deep texts: they cost time that is linear and no stack. */
#include "policy/sql/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct scan_options standard = {.standard_conforming_strings = true};

/* A text of about `most` bytes: `fill` again and again between `head` and `tail`. To be freed. */
static uint8_t *make_text(size_t most, const char *head, const char *fill, const char *tail,
                          size_t *length)
{
    size_t room = strlen(head) + most + strlen(tail);
    uint8_t *text = malloc(room);
    assert_non_null(text);
    memcpy(text, head, strlen(head));
    *length = strlen(head);
    while (*length + strlen(fill) + strlen(tail) <= room) {
        memcpy(text + *length, fill, strlen(fill));
        *length += strlen(fill);
    }
    memcpy(text + *length, tail, strlen(tail));
    *length += strlen(tail);
    return text;
}

/* The text is one statement, in pieces of any size. */
static void check_one(struct span text, size_t piece, enum scan_class class)
{
    struct scanner scanner;
    struct scan_statement statement = {0};
    size_t count = 0;
    scan_start(&scanner, standard);
    for (size_t from = 0; from < text.length; from += piece) {
        struct span chunk = span_cut(text, from, piece);
        size_t at = 0;
        bool last = from + chunk.length == text.length;
        while (scan_next(&scanner, chunk, &at, last, &statement) == SCAN_STATEMENT) {
            count++;
        }
    }
    assert_int_equal(count, 1);
    assert_int_equal(statement.start, 0);
    assert_int_equal(statement.class, class);
    assert_int_equal(statement.length, text.length - (statement.terminated ? 1 : 0));
}

/* A scanner that is not linear would need minutes for a megabyte. */
static void check_long(const char *head, const char *fill, const char *tail, enum scan_class class)
{
    size_t length = 0;
    uint8_t *text = make_text(1000000, head, fill, tail, &length);
    check_one(span_of(text, length), length, class);
    check_one(span_of(text, length), 8192, class);
    free(text);
}

static void ten_megabytes_are_one_statement(void **state)
{
    (void)state;
    size_t length = 0;
    uint8_t *text =
        make_text(10000000, "INSERT INTO t VALUES (0, '')", ", (1, 'it''s; a')", ";", &length);
    check_one(span_of(text, length), length, SCAN_OTHER);
    free(text);
}

static void long_and_hostile_texts_are_linear(void **state)
{
    (void)state;
    check_long("SELECT '", "abc ", "';", SCAN_OTHER);
    check_long("SELECT 1", " + 1", ";", SCAN_OTHER);
    check_long("SELECT ", "a", ";", SCAN_OTHER);
    check_long("SELECT ", "1", ";", SCAN_OTHER);
    check_long("SELECT 1", "$1", ";", SCAN_OTHER);
    check_long("SELECT ", "a$", ";", SCAN_OTHER);
    check_long("SELECT ", "nto", ";", SCAN_OTHER);
    check_long("SELECT ", " into", "", SCAN_DDL);
    check_long("SELECT ", "(", "", SCAN_OTHER);
    check_long("SELECT ", ")", "", SCAN_OTHER);
    check_long("SELECT ", "(;", "", SCAN_OTHER);
    check_long("SELECT ", "/*", "", SCAN_OTHER);
    check_long("SELECT /*", "*", "/;", SCAN_OTHER);
    check_long("SELECT /*", "/", "*/*/;", SCAN_OTHER);
    check_long("SELECT ", "-", "", SCAN_OTHER);
    check_long("SELECT ", "- ", ";", SCAN_OTHER);
    check_long("SELECT ", "''", ";", SCAN_OTHER);
    check_long("SELECT ", "E'\\'' ", ";", SCAN_OTHER);
    check_long("SELECT E''", " --\n", ";", SCAN_OTHER);
    check_long("SELECT ", "\"\"", ";", SCAN_OTHER);
    check_long("SELECT $$", "$a", "", SCAN_OTHER);
    check_long("SELECT $aa$", "$a$a", "", SCAN_OTHER);
    check_long("SELECT $", "a", "", SCAN_UNKNOWN);
    check_long("SELECT", "\n", ";", SCAN_OTHER);
    check_long("CREATE FUNCTION f()", " BEGIN ATOMIC CREATE", "", SCAN_DDL);
    check_long("CREATE FUNCTION f() BEGIN ATOMIC", " SELECT 1;", "", SCAN_DDL);
    check_long("WITH a AS (SELECT 1)", ", b AS (SELECT 1)", " SELECT 2;", SCAN_OTHER);
    check_long("\xff", "\xff", ";", SCAN_UNKNOWN);
}

static void depth_costs_no_stack(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    static char text[4 * DEPTH + 32];
    size_t length = 0;
    for (size_t i = 0; i < DEPTH; i++, length += 2) {
        memcpy(text + length, "/*", 2);
    }
    for (size_t i = 0; i < DEPTH; i++, length += 2) {
        memcpy(text + length, "*/", 2);
    }
    memcpy(text + length, "LOCK t", 7);
    struct scanner scanner;
    struct scan_statement statement;
    size_t at = 0;
    scan_start(&scanner, standard);
    assert_int_equal(scan_next(&scanner, span_text(text), &at, true, &statement), SCAN_STATEMENT);
    assert_int_equal(statement.start, length);
    assert_int_equal(statement.class, SCAN_DDL);
    assert_true(sizeof scanner < 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_megabytes_are_one_statement),
        cmocka_unit_test(long_and_hostile_texts_are_linear),
        cmocka_unit_test(depth_costs_no_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
