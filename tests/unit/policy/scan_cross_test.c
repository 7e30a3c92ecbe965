/* The scanner against PostgreSQL's own grammar: whatever that can parse, both must cut alike, and
 * the scanner's class must be one that the kind of statement allows. */
#include "policy/sql/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/policy/scan_reference.h"

static const char *const texts[] = {
    "",
    ";;",
    " ; select 1 ; ; select 2 ;",
    "/* ; */ select 1; -- ;\nselect 2 /* /* ; */ ; */ ; select 3 --",
    "select ';', 'it''s;', E'\\';', E'a''\\\\'; select $$;$$, $a$;$$;$b$;$a$; select 2",
    "select E'a'\n '\\';'; select U&'d!0061t;' uescape '!', U&\"d\\0061t;\"; select 1",
    "select \"a;\"\"b\", b'01', x'1f', n'x;'; select type '\\' from t; select 1",
    "select 1 @- 2, 3 -/* ; */ -4, 5 / 6 -- ;\n, a -> 'b', c #>> '{d}', e ?| f; select 1",
    "select a$b, $1, $2+1, a$$, 1.5e-3, .5, 1.; select 1",
    "prepare p(int) as select $1; execute p(1); deallocate p; deallocate all",
    "begin; start transaction; savepoint a; rollback to a; release a; commit; end; abort",
    "prepare transaction 'a'; commit prepared 'a'; rollback prepared 'a'; rollback and chain",
    "set a = 1; set local a to default; reset all; discard all; set constraints all deferred; "
    "set transaction read only; set session characteristics as transaction read only",
    "do $$ begin; end $$; do language plpgsql 'begin; end'; call p(1, a => 2)",
    "create rule r as on insert to t do also (insert into a values (1); select 2;); lock t",
    "create rule r as on update to t do instead nothing; drop rule r on t",
    "create function f() returns int begin atomic select 1; select 2; end; lock t",
    "create or replace procedure p(a int) language sql begin atomic insert into t values (1); "
    "select case when a then 1 else case when b then 2 end end; end; lock t",
    "create function f() returns int begin atomic; end; create function g() returns int return "
    "1",
    "create function f() returns int begin atomic create function g() returns int begin atomic "
    "select 1; end; select 2; end; lock t",
    "create function begin() returns begin as $$;$$ language sql; drop function begin(); "
    "create function f(begin atomic) returns int as '' language sql; lock t",
    "create view v as select begin atomic from t; lock t",
    "create function f() returns begin begin atomic select a.end as end from a; end; lock t",
    "select a into b from c; select into b; (select 1 into b); select 1 union select 2; "
    "select 1 into b union select 2; ((select 1 into b)) union select 2",
    "select a.into, 1 as into from t; select insert into b; table t; values (1), (2)",
    "with a as (insert into t values (1) returning *) select * from a; "
    "with a (b) as materialized (select 1) insert into t select b from a; "
    "with a as (select 1), b as (select 2) update t set c = 1; with a as (select 1) delete "
    "from t",
    "with a as (select 1) select 2 into b; with a as (select 1) (select 2 into b); "
    "with a as (select 1) table a; with a as (select 1) values (1)",
    "with recursive a(b) as (select 1) search depth first by b set c select b into d from a; "
    "with recursive a(b) as (select 1) cycle b set c using d insert into t select 1",
    "with recursive a as (select 1) cycle insert set update using delete select 1 into t; "
    "with recursive a as (select 1) cycle b set c to f(1) 'x' default 'y' using d (select 1 "
    "into t)",
    "explain select 1; explain analyze verbose select 1 into t; explain (analyze, format json) "
    "insert into t select 1; explain (select 1); explain ((select 1 into t))",
    "explain create table t as select 1; explain refresh materialized view v; explain execute "
    "p; "
    "explain create materialized view v as select 1; explain declare c cursor for select 1; "
    "explain with a as (select 1) select 2 into t; explain (verbose) (select 1) union select 2",
    "prepare p as select 1 into t; prepare p as with a as (select 1) insert into t select 1; "
    "prepare p as (select 1); prepare p as values (1); prepare transaction as select 1",
    "vacuum; vacuum full t; analyze t; analyse; cluster; reindex table t; checkpoint; load "
    "'x'; "
    "refresh materialized view v; truncate t; comment on table t is ';'; grant a to b; "
    "revoke select on t from b; security label on table t is 'x'; reassign owned by a to b; "
    "import foreign schema a from server b into c; lock t; alter table t add b int; drop table "
    "t",
    "insert into t values (1); update t set a = 1; delete from t; merge into t using a on true "
    "when matched then delete; copy t from stdin; copy (select 1) to stdout; fetch all from c; "
    "move 1 from c; declare c cursor for select 1; close all; show all; listen a; unlisten *; "
    "notify a, 'b;'",
    "create table t (a int default 1, check (a > ';')); create unique index concurrently on t "
    "(a); "
    "create table t as execute p; create schema s create table t (a int) create view v as "
    "select 1",
    "select \xc3\xa9 from \xe2\x82\xac; select $\xc3\xa9$;$\xc3\xa9$",
};

static void the_grammar_cuts_at_the_same_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct span text = span_text(texts[i]);
        struct reference reference = reference_parse(text);
        const char *reason =
            reference.parsed ? reference_disagrees(text, &reference) : "not in the grammar";
        if (reason != NULL) {
            fail_msg("<%s>: %s", texts[i], reason);
        }
        reference_free(&reference);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_grammar_cuts_at_the_same_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
