/* Statements made to break a parser: nested deeper than any stack, longer than any limit, from many
 * threads at once. Nothing of it may crash; what it is called matters less. */
#include "tests/unit/policy/sql_fixture.h"

static struct buffer repeated(const char *front, const char *part, size_t bytes, const char *end)
{
    struct buffer text = {0};
    buffer_append_text(&text, front);
    while (text.length + strlen(part) + strlen(end) <= bytes) {
        buffer_append_text(&text, part);
    }
    buffer_append_text(&text, end);
    assert_false(text.failed);
    return text;
}

/* Everything that the adapter does with a statement. */
static enum statement_kind use_all(struct span text, size_t limit)
{
    struct parsed parsed = parse_span(text, limit);
    struct buffer out = {0};
    struct splice splice;
    char names[3][NAME_BYTES];
    (void)sql_index_names(parsed.own, &parsed.statement, names, 3);
    if (sql_make_concurrent(parsed.own, &parsed.statement, "i", &out, &splice)) {
        assert_true(out.length > text.length);
    }
    sql_redact(parsed.own, &parsed.statement, &out);
    buffer_free(&out);
    parsed_free(&parsed);
    return parsed.statement.kind;
}

/* The shapes whose trees are deepest for their length, as long as is parsed at all. */
static void the_deepest_that_is_parsed_fits_the_stack(void **state)
{
    (void)state;
    static const struct {
        const char *front, *part, *end;
    } shapes[] = {
        {"CREATE INDEX ON t ((1", "+1", "))"},
        {"CREATE INDEX ON t ((", "- ", "1))"},
        {"CREATE INDEX ON t ((", "~ ", "1))"},
        {"CREATE INDEX ON t ((", "NOT ", "a))"},
        {"CREATE INDEX ON t ((a", "::a", "))"},
        {"CREATE INDEX ON t ((a", "[1]", "))"},
        {"CREATE INDEX ON t ((a", " IS NULL", "))"},
        {"CREATE INDEX ON t ((a", " COLLATE b", "))"},
        {"CREATE VIEW v AS SELECT 1", " UNION SELECT 1", ""},
        {"CREATE VIEW v AS SELECT 1 FROM a", " JOIN a ON b", ""},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct buffer text = repeated(shapes[i].front, shapes[i].part, PARSE_LIMIT, shapes[i].end);
        (void)use_all(buffer_span(&text), PARSE_LIMIT);
        buffer_free(&text);
    }
}

static void what_is_too_long_is_not_parsed(void **state)
{
    (void)state;
    struct buffer text = repeated("CREATE INDEX ON t ((1", "+1", 120000, "))");
    assert_int_equal(use_all(buffer_span(&text), PARSE_LIMIT), STATEMENT_TOO_LONG);
    buffer_free(&text);
    text = repeated("CREATE INDEX ON t ((", "(", 100000, "");
    assert_int_equal(use_all(buffer_span(&text), PARSE_LIMIT), STATEMENT_TOO_LONG);
    buffer_free(&text);
    text = repeated("DO $$ password='", "x' ", 10000000, "$$");
    assert_int_equal(use_all(buffer_span(&text), PARSE_LIMIT), STATEMENT_TOO_LONG);
    buffer_free(&text);
}

/* bison's own stack ends at a depth of 10,000: an error of the grammar's, none of ours. */
static void parentheses_end_in_an_error(void **state)
{
    (void)state;
    struct buffer text = repeated("CREATE INDEX ON t ((", "(", PARSE_LIMIT, "");
    assert_int_equal(use_all(buffer_span(&text), PARSE_LIMIT), STATEMENT_UNPARSED);
    buffer_free(&text);
}

static void a_nul_byte_is_unparsed(void **state)
{
    (void)state;
    static const char sql[] = "DROP TABLE a\0, b";
    assert_int_equal(use_all(span_of(sql, sizeof sql - 1), PARSE_LIMIT), STATEMENT_UNPARSED);
}

static void *parse_many(void *unused)
{
    static const char *const texts[] = {
        "CREATE INDEX ON t (lower(a)) WHERE b > 1",
        "DROP INDEX i",
        "ALTER TABLE t ADD COLUMN a int DEFAULT 5",
        "CREATE TABLE t (a b c",
        "SET work_mem = 1",
        "REINDEX (VERBOSE) TABLE t",
    };
    for (size_t i = 0; i < 300; i++) {
        (void)use_all(span_text(texts[i % (sizeof texts / sizeof texts[0])]), PARSE_LIMIT);
    }
    return unused;
}

static void threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, parse_many, NULL), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_deepest_that_is_parsed_fits_the_stack),
        cmocka_unit_test(what_is_too_long_is_not_parsed),
        cmocka_unit_test(parentheses_end_in_an_error),
        cmocka_unit_test(a_nul_byte_is_unparsed),
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
