/* Names of prepared statements and portals: what a name means after each thing that can happen to
 * it, and who owns what (the sanitizers watch that). */
#include "proxy/session/prepared.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void put(struct prepared_map *map, const char *name, const char *sql)
{
    struct statement statement = {.kind = STATEMENT_DDL};
    struct prepared *prepared = prepared_new(span_text(sql), &statement);
    assert_non_null(prepared);
    assert_true(prepared_put(map, span_text(name), prepared));
}

static void assert_means(const struct prepared_map *map, const char *name, const char *sql)
{
    struct prepared *found = prepared_find(map, span_text(name));
    if (sql == NULL) {
        assert_null(found);
        return;
    }
    assert_non_null(found);
    assert_true(span_is(buffer_span(&found->sql), sql));
}

static void a_name_in_use_keeps_its_meaning(void **state)
{
    (void)state;
    struct prepared_map map = {0};
    put(&map, "s", "first");
    prepared_confirm(&map, span_text("s"));
    put(&map, "s", "second"); /* the server refuses it */
    assert_means(&map, "s", "first");
    prepared_confirm(&map, span_text("s"));
    prepared_forget(&map, span_text("s"));
    assert_means(&map, "s", "first");
    prepared_close(&map, span_text("s"));
    assert_means(&map, "s", NULL);
    put(&map, "s", "second");
    assert_means(&map, "s", "second");
    prepared_map_free(&map);
    assert_true(prepared_map_is_empty(&map));
}

static void the_unnamed_statement_is_replaced_by_every_parse(void **state)
{
    (void)state;
    struct prepared_map map = {0};
    put(&map, "", "first");
    put(&map, "", "second");
    assert_means(&map, "", "second");
    prepared_forget(&map, span_text(""));
    assert_means(&map, "", NULL);
    prepared_map_free(&map);
}

static void a_confirmed_name_keeps_its_meaning_once(void **state)
{
    (void)state;
    struct prepared_map map = {0};
    put(&map, "a", "first");
    assert_true(prepared_is_open(&map, span_text("a")));
    assert_false(prepared_is_open(&map, span_text("b")));
    prepared_confirm(&map, span_text("a"));
    assert_false(prepared_is_open(&map, span_text("a")));
    put(&map, "a", "refused by the server");
    assert_means(&map, "a", "first");
    assert_true(prepared_is_open(&map, span_text("a"))); /* asked again for every Parse */
    prepared_confirm(&map, span_text("a"));
    prepared_forget(&map, span_text("a"));
    assert_means(&map, "a", "first");
    prepared_forget(&map, span_text("a")); /* nobody has asked: the newer Parse is believed */
    assert_means(&map, "a", NULL);
    prepared_map_free(&map);
}

static void a_portal_keeps_its_statement(void **state)
{
    (void)state;
    struct prepared_map map = {0};
    put(&map, "s", "sql");
    struct prepared *prepared = prepared_find(&map, span_text("s"));
    assert_true(portal_put(&map, span_text("p"), prepared, span_text("bind"), 7, 0));
    prepared_close(&map, span_text("s"));
    struct portal_name *portal = portal_find(&map, span_text("p"));
    assert_non_null(portal);
    assert_true(span_is(buffer_span(&portal->prepared->sql), "sql"));
    assert_true(span_is(buffer_span(&portal->bind), "bind"));
    assert_int_equal(portal->batch, 7);
    assert_false(prepared_map_is_empty(&map));
    portal_close(&map, span_text("p"));
    assert_null(portal_find(&map, span_text("p")));
    assert_true(prepared_map_is_empty(&map));
    prepared_map_free(&map);
}

static void a_portal_is_bound_anew(void **state)
{
    (void)state;
    struct prepared_map map = {0};
    put(&map, "a", "first");
    put(&map, "b", "second");
    assert_true(portal_put(&map, span_text(""), prepared_find(&map, span_text("a")),
                           span_of(NULL, 0), 1, 0));
    assert_true(portal_put(&map, span_text(""), prepared_find(&map, span_text("b")),
                           span_of(NULL, 0), 2, 0));
    assert_int_equal(map.portal_count, 1);
    struct portal_name *portal = portal_find(&map, span_text(""));
    assert_true(span_is(buffer_span(&portal->prepared->sql), "second"));
    portal_forget(&map, portal);
    assert_int_equal(map.portal_count, 0);
    prepared_map_free(&map);
}

static void there_are_only_so_many(void **state)
{
    (void)state;
    struct prepared_map map = {0};
    char name[16];
    for (int i = 0; i < PREPARED_MAX; i++) {
        snprintf(name, sizeof name, "s%d", i);
        put(&map, name, "sql");
    }
    struct statement statement = {.kind = STATEMENT_DDL};
    struct prepared *one_more = prepared_new(span_text("sql"), &statement);
    assert_false(prepared_put(&map, span_text("more"), one_more));
    assert_means(&map, "more", NULL);
    assert_means(&map, "s0", "sql");
    assert_means(&map, name, "sql");
    prepared_map_free(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_in_use_keeps_its_meaning),
        cmocka_unit_test(the_unnamed_statement_is_replaced_by_every_parse),
        cmocka_unit_test(a_confirmed_name_keeps_its_meaning_once),
        cmocka_unit_test(a_portal_keeps_its_statement),
        cmocka_unit_test(a_portal_is_bound_anew),
        cmocka_unit_test(there_are_only_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
