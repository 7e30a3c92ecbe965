/* What a file has made by the time it comes to its last statement: is that one's table new? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* behind its prerequisites */
#include <cmocka.h>

#include "policy/sql/sql.h"
#include "proxy/cli/check_track.h"

#define LIMIT 8192

struct end {
    bool is_new, is_locked, in_transaction; /* when the last statement begins */
};

static struct end play(const char *sql, bool in_transaction)
{
    struct scanner scanner;
    struct scan_statement cut;
    struct span text = span_text(sql);
    struct end end = {0};
    size_t at = 0;
    struct check_track *track = test_malloc(sizeof *track);
    check_track_start(track, in_transaction);
    scan_start(&scanner, (struct scan_options){.standard_conforming_strings = true,
                                               .encoding = SCAN_ENCODING_UTF8});
    while (scan_next(&scanner, text, &at, true, &cut) == SCAN_STATEMENT) {
        struct statement statement;
        sql_parse(text, &cut, LIMIT, &statement);
        end = (struct end){check_track_is_new(track, &statement),
                           check_track_is_locked(track, &statement), track->in_transaction};
        check_track_follow(track, &statement, span_cut(text, cut.start, cut.length));
    }
    assert_false(track->failed);
    check_track_free(track);
    test_free(track);
    return end;
}

static const struct row {
    const char *sql;
    bool is_new;
} rows[] = {
    {"create index on t (a)", false},
    {"create table t (a int); create index on t (a)", true},
    {"create table t as select 1 a; alter table t add primary key (a)", true},
    {"select 1 a into t; create index on t (a)", true},
    {"create materialized view t as select 1 a; create index on t (a)", true},
    {"create view t as select 1 a; create index on t (a)", false},
    {"create table u (a int); create index on t (a)", false},
    /* names are compared whole */
    {"create table s.t (a int); create index on s.t (a)", true},
    {"create table s.t (a int); create index on t (a)", false},
    {"create table t (a int); create index on s.t (a)", false},
    {"create table \"T\" (a int); create index on t (a)", false},
    {"create table T (a int); create index on t (a)", true},
    /* it may have been there before */
    {"create table if not exists t (a int); create index on t (a)", false},
    {"create table t (a int); create table if not exists t (a int); create index on t (a)", true},
    {"explain analyze create table t as select 1 a; create index on t (a)", false},
    /* transactions */
    {"begin; create table t (a int); create index on t (a)", true},
    {"begin; create table t (a int); commit; create index on t (a)", true},
    {"begin; create table t (a int); rollback; create index on t (a)", false},
    {"create table t (a int); begin; rollback; create index on t (a)", true},
    {"create table t (a int); rollback; create index on t (a)", true},
    {"begin; create table t (a int); rollback and chain; create index on t (a)", false},
    {"begin; create table t (a int); prepare transaction 'x'; create index on t (a)", false},
    {"begin; create table t (a int); savepoint s; rollback to s; create index on t (a)", true},
    {"begin; savepoint s; create table t (a int); rollback to s; create index on t (a)", false},
    {"begin; savepoint s; create table t (a int); release s; create index on t (a)", true},
    {"begin; savepoint a; create table t (a int); savepoint b; rollback to a;"
     " create index on t (a)",
     false},
    {"begin; savepoint s; savepoint s; create table t (a int); release s; rollback to s;"
     " create index on t (a)",
     false},
    {"begin; create table t (a int); rollback to nosuch; create index on t (a)", true},
    /* the name may mean another table now */
    {"create table t (a int); drop table t; create index on t (a)", false},
    {"create table t (a int); drop table t; create table t (b int); create index on t (a)", true},
    {"create table t (a int); alter table t rename to u; create index on t (a)", false},
    {"create table t (a int); alter table t set schema u; create index on t (a)", false},
    {"create table t (a int); set search_path = u; create index on t (a)", false},
    {"create table t (a int); select set_config('search_path', 'u', false); create index on t (a)",
     false},
    {"create table s.t (a int); set search_path = u; create index on s.t (a)", true},
    {"create table t (a int); set role u; create index on t (a)", false},
    {"create table t (a int); discard all; create index on t (a)", false},
    {"create table t (a int); set lock_timeout = '1s'; create index on t (a)", true},
    {"begin; set local search_path = u; create table t (a int); commit; create index on t (a)",
     false},
    /* temporary tables */
    {"begin; create temp table t (a int) on commit drop; create index on t (a)", true},
    {"begin; create temp table t (a int) on commit drop; commit; create index on t (a)", false},
    {"create temp table t (a int) on commit drop; create index on t (a)", false},
    {"begin; create temp table t (a int); commit; create index on t (a)", true},
    /* indexes */
    {"create table t (a int); create index i on t (a); drop index i", true},
    {"create table s.t (a int); create index i on s.t (a); drop index s.i", true},
    {"create table s.t (a int); create index i on s.t (a); drop index i", false},
    {"create index i on t (a); drop index i", false},
    {"create table t (a int); create index if not exists i on t (a); drop index i", false},
    {"create table a (x int); create table b (x int); drop table a, b", true},
    {"create table a (x int); drop table a, b", false},
    /* what cannot be read proves nothing */
    {"create table t (a int,); create index on t (a)", false},
    {"do $$begin create table t (a int); end$$; create index on t (a)", false},
};

static void test_made_here(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (play(rows[i].sql, false).is_new != rows[i].is_new) {
            fail_msg("%s: expected %s", rows[i].sql, rows[i].is_new ? "new" : "not new");
        }
    }
}

/* Of ALTER TABLE t VALIDATE CONSTRAINT c. */
static void test_locked_here(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        bool is_locked;
    } cases[] = {
        {"alter table t add check (a > 0) not valid", false},
        {"begin; alter table t add check (a > 0) not valid", true},
        {"begin; alter table u add check (a > 0) not valid", false},
        {"begin; alter table s.t add check (a > 0) not valid", false},
        {"begin; alter table t alter a set statistics 9", false},
        {"begin; lock table t in share row exclusive mode", true},
        {"begin; lock table t in row exclusive mode", false},
        {"begin; create index on t (a)", true},
        {"begin; alter table t add b int; commit", false},
        {"begin; alter table t add b int; commit; begin", false},
        {"begin; alter table t add b int; rollback and chain", false},
        {"begin; savepoint s; alter table t add b int; rollback to s", false},
        {"begin; savepoint s; alter table t add b int; release s", true},
        {"begin; alter table t add b int; savepoint s; alter table t add c int; rollback to s",
         true},
        {"begin; alter table t add b int; alter table t rename to u", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char sql[256];
        (void)snprintf(sql, sizeof sql, "%s; alter table t validate constraint c", cases[i].before);
        if (play(sql, false).is_locked != cases[i].is_locked) {
            fail_msg("%s", cases[i].before);
        }
    }
}

static void test_in_transaction(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        bool before, in_transaction;
    } cases[] = {
        {"select 1", false, false},
        {"select 1", true, true},
        {"begin; select 1", false, true},
        {"start transaction; select 1", false, true},
        {"begin; commit; select 1", false, false},
        {"begin; commit and chain; select 1", false, true},
        {"commit and chain; select 1", false, false},
        {"begin; begin; rollback; select 1", false, false},
        {"begin; prepare transaction 'x'; select 1", false, false},
        {"begin; savepoint s; rollback to s; select 1", false, true},
        {"commit; select 1", true, false},
        {"begin; commit prepared 'x'; select 1", false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (play(cases[i].sql, cases[i].before).in_transaction != cases[i].in_transaction) {
            fail_msg("%s", cases[i].sql);
        }
    }
}

/* More names than the table has heads, so that they share them; the younger half is taken back. */
static void test_many_names(void **state)
{
    (void)state;
    enum { MANY = 3 * CHECK_TRACK_HEADS };
    struct check_track *track = test_malloc(sizeof *track);
    struct statement begin = {.kind = STATEMENT_BEGIN, .tag = ""};
    struct statement rollback = {.kind = STATEMENT_ROLLBACK, .tag = ""};
    struct statement create = {.kind = STATEMENT_CREATE_TABLE,
                               .tag = "CREATE TABLE",
                               .object_count = 1,
                               .objects = {{.action = "create", .kind = "table"}}};
    check_track_start(track, false);
    for (int i = 0; i < MANY; i++) {
        if (i == MANY / 2) {
            check_track_follow(track, &begin, span_text(""));
        }
        (void)snprintf(create.objects[0].name.name, NAME_BYTES, "t%d", i);
        check_track_follow(track, &create, span_text(""));
    }
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i++) {
            struct statement alter = {.kind = STATEMENT_ALTER_TABLE, .tag = ""};
            (void)snprintf(alter.target.name, NAME_BYTES, "t%d", i);
            assert_int_equal(check_track_is_new(track, &alter), round == 0 || i < MANY / 2);
        }
        check_track_follow(track, &rollback, span_text(""));
    }
    check_track_free(track);
    test_free(track);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_here),
        cmocka_unit_test(test_locked_here),
        cmocka_unit_test(test_in_transaction),
        cmocka_unit_test(test_many_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
