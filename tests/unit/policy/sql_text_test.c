/* The small parts of the adapter: names and literals as SQL text, tokens, and the tree's reader. */
#include "policy/sql/internal.h"
#include "tests/unit/policy/sql_fixture.h"

static void identifiers_are_quoted_when_needed(void **state)
{
    (void)state;
    static const struct {
        const char *name, *expected;
    } cases[] = {
        {"orders_2_idx", "orders_2_idx"},
        {"_a", "_a"},
        {"Orders", "\"Orders\""},
        {"1a", "\"1a\""},
        {"a b", "\"a b\""},
        {"a\"b", "\"a\"\"b\""},
        {"a$", "\"a$\""},
        {"\xc3\xa9", "\"\xc3\xa9\""},
        {"", "\"\""},
        {"table", "\"table\""},     /* reserved */
        {"between", "\"between\""}, /* a column's name at most */
        {"left", "\"left\""},       /* a function's name at most */
        {"index", "index"},         /* not reserved */
        {"concurrently", "\"concurrently\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer out = {0};
        sql_append_identifier(&out, cases[i].name);
        assert_true(span_is(buffer_span(&out), cases[i].expected));
        buffer_free(&out);
    }
}

static void names_have_their_schema(void **state)
{
    (void)state;
    static const struct object_name plain = {.name = "t"};
    static const struct object_name qualified = {.schema = "user", .name = "a.b"};
    struct buffer out = {0};
    sql_append_name(&out, &plain);
    buffer_append_text(&out, " ");
    sql_append_name(&out, &qualified);
    assert_true(span_is(buffer_span(&out), "t \"user\".\"a.b\""));
    buffer_free(&out);
}

static void literals_mean_the_same_under_both_settings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {{"", "''"}, {"it's", "'it''s'"}, {"a\\'b", " E'a\\\\''b'"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer out = {0};
        sql_append_literal(&out, span_text(cases[i].text));
        assert_true(span_is(buffer_span(&out), cases[i].expected));
        buffer_free(&out);
    }
}

/* Each token with its kind, W Q S or O, against the end of readable memory. */
static void tokens_are_postgresqls(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *expected;
    } cases[] = {
        {"", ""},
        {" \n\f", ""},
        {"a-b", "W:a O:- W:b"},
        {"a--b\nc", "W:a W:c"},
        {"a--b", "W:a"},
        {"a/*/* */ x*/b", "W:a W:b"},
        {"a/*", "W:a"},
        {"a/ *", "W:a O:/ O:*"},
        {"'a''b'c", "S:'a''b' W:c"},
        {"'a\\'b", "S:'a\\' W:b"},
        {"e'a\\'b'c", "S:e'a\\'b' W:c"},
        {"E'\\", "S:E'\\"},
        {"'a", "S:'a"},
        {"'a''", "S:'a''"},
        {"U&'a'U&\"b\"", "S:U&'a' Q:U&\"b\""},
        {"n'a'X'f'b'1'", "S:n'a' S:X'f' S:b'1'"},
        {"\"a\"\"b\"", "Q:\"a\"\"b\""},
        {"\"a", "Q:\"a"},
        {"$$a$x$b$$c", "S:$$a$x$b$$ W:c"},
        {"$x$a$$b$x$", "S:$x$a$$b$x$"},
        {"$x$a", "S:$x$a"},
        {"$1", "O:$ O:1"},
        {"a$b$c", "W:a$b$c"},
        {"1.5e3", "O:1 O:. O:5e3"},
        {"\xc3\xa9t", "W:\xc3\xa9t"},
        {"(a)", "O:( W:a O:)"},
    };
    struct guard guard = guard_new(64);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lexer lexer = lexer_of(guard_place(&guard, span_text(cases[i].sql)));
        struct buffer out = {0};
        struct lexeme lexeme = lexer_next(&lexer);
        while (lexeme.kind != LEXEME_END) {
            buffer_append_format(&out, "%s%c:", out.length > 0 ? " " : "", "?WQSO"[lexeme.kind]);
            buffer_append_span(&out, lexeme.text);
            lexeme = lexer_next(&lexer);
        }
        if (!span_is(buffer_span(&out), cases[i].expected)) {
            fail_msg("%s gave %.*s", cases[i].sql, (int)out.length, (char *)out.at);
        }
        buffer_free(&out);
    }
    guard_free(&guard);
}

static void the_tree_is_an_array(void **state)
{
    (void)state;
    struct tree tree;
    assert_true(tree_read(&tree, strdup("{\"A\":{\"l\":[1,{},\"a\\\"\\u003c\\n\"],\"t\":true}}")));
    assert_int_equal(tree.count, 7);
    assert_int_equal(tree.nodes[0].size, 7);
    assert_string_equal(node_name(&tree.nodes[0]), "A");
    const struct node *a = node_bare(&tree.nodes[0]);
    assert_int_equal(node_number(a, "t"), 1);
    assert_int_equal(node_number(a, "u"), 0);
    const struct node *list = node_field(a, "l");
    assert_int_equal(node_count(list), 3);
    assert_int_equal(node_first(list)->number, 1);
    assert_string_equal(node_last(list)->text, "a\"<\n");
    assert_null(node_first(node_next(list, node_first(list))));
    assert_null(node_field(list, "x"));
    assert_string_equal(node_text(NULL, "x"), "");
    tree_free(&tree);
}

static void what_is_no_tree_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "1",
        "}",
        "{\"a\":",
        "{\"a",
        "{\"a\\",
        "{\"a\"",
        "{\"a\" 1}",
        "{\"a\":\"b",
        "{\"a\":x}",
        "{}x",
        "{\"a\":\"\\u00",
        "{\"a\":\"\\u0",
        "{\"a\":\"\\u1234\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":tru}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct tree tree;
        if (tree_read(&tree, strdup(texts[i]))) {
            fail_msg("%s", texts[i]);
        }
        tree_free(&tree);
    }
}

static void kinds_have_names_and_roles(void **state)
{
    (void)state;
    assert_string_equal(statement_kind_name(STATEMENT_TOO_LONG), "too-long");
    assert_string_equal(statement_kind_name(STATEMENT_SET), "set");
    for (int kind = STATEMENT_OTHER; kind <= STATEMENT_SET; kind++) {
        bool transaction = kind >= STATEMENT_BEGIN && kind <= STATEMENT_ROLLBACK_PREPARED;
        bool free = transaction || kind == STATEMENT_OTHER || kind == STATEMENT_SET;
        assert_int_equal(statement_is_transaction((enum statement_kind)kind), transaction);
        assert_int_equal(statement_is_guarded((enum statement_kind)kind), !free);
        assert_int_equal(statement_is_recorded((enum statement_kind)kind),
                         !free && kind != STATEMENT_LOCK && kind != STATEMENT_VACUUM);
    }
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers_are_quoted_when_needed),
        cmocka_unit_test(names_have_their_schema),
        cmocka_unit_test(literals_mean_the_same_under_both_settings),
        cmocka_unit_test(tokens_are_postgresqls),
        cmocka_unit_test(the_tree_is_an_array),
        cmocka_unit_test(what_is_no_tree_is_refused),
        cmocka_unit_test(kinds_have_names_and_roles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
