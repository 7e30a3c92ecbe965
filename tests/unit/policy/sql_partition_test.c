/* The statements that a change of a partitioned table is made of. Whatever comes out has been
 * proved on the parse tree by the code under test; here is what it looks like, and what has no such
 * form. */
#include "policy/sql/partition_text.h"
#include "tests/unit/policy/sql_alter_rows.h"

static const struct object_name leaf = {"s", "Leaf"};

static bool write_index_only(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    (void)row;
    return partition_text_index_only(parsed->own, &parsed->statement, "i", out);
}

static void an_index_stands_on_the_parent_alone(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"CREATE INDEX i ON pt (a)", 0, 0, 0, "CREATE INDEX i ON ONLY pt (a)"},
        {"create unique index if not exists x on s.\"P t\" * using btree (a desc, lower(b)) "
         "include (c) with (fillfactor = 70) tablespace y where a > 0",
         0, 0, 0,
         "CREATE UNIQUE INDEX i ON ONLY s.\"P t\" using btree (a desc, lower(b)) include (c) with "
         "(fillfactor = 70) tablespace y where a > 0"},
        {"CREATE INDEX ON/**/pt(a) -- why", 0, 0, 0, "CREATE INDEX i ON ONLY pt(a) -- why"},
        {"CREATE INDEX \"on\" ON ONLY pt (a)", 0, 0, 0, "CREATE INDEX i ON ONLY pt (a)"},
        {"CREATE INDEX i ON ONLY (pt) (a)", 0, 0, 0, "CREATE INDEX i ON ONLY pt (a)"},
        {"CREATE INDEX CONCURRENTLY i ON pt (a)", 0, 0, 0, NULL},
        {"DROP INDEX i", 0, 0, 0, NULL},
    };
    ASSERT_ROWS(rows, write_index_only);
}

static bool write_index_on(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    return partition_text_index_on(parsed->own, &parsed->statement, "it's", &leaf, row->flags != 0,
                                   out);
}

static void an_index_stands_on_another_table(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"CREATE INDEX i ON pt (a)", 0, 0, 0,
         "CREATE INDEX CONCURRENTLY \"it's\" ON s.\"Leaf\" (a)"},
        {"CREATE INDEX i ON pt (a)", 0, 1, 0, "CREATE INDEX \"it's\" ON ONLY s.\"Leaf\" (a)"},
        {"CREATE UNIQUE INDEX ON a.b.pt (a) WHERE \"on\"", 0, 0, 0,
         "CREATE UNIQUE INDEX CONCURRENTLY \"it's\" ON s.\"Leaf\" (a) WHERE \"on\""},
    };
    ASSERT_ROWS(rows, write_index_on);
}

static bool write_like(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    (void)row;
    return partition_text_like(parsed->own, &parsed->statement, out);
}

static bool write_attach(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    (void)row;
    return partition_text_attach(parsed->own, &parsed->statement, out);
}

#define LIKE_PT "(LIKE pt INCLUDING ALL EXCLUDING COMMENTS EXCLUDING IDENTITY EXCLUDING STATISTICS)"

static void a_partition_is_a_table_first(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"CREATE TABLE p PARTITION OF pt DEFAULT", 0, 0, 0, "CREATE TABLE p " LIKE_PT},
        {"CREATE TABLE s.p PARTITION OF pt FOR VALUES IN (1, (2)) WITH (fillfactor = 70)", 0, 0, 0,
         "CREATE TABLE s.p " LIKE_PT " WITH (fillfactor = 70)"},
        {"CREATE TABLE p PARTITION OF pt FOR VALUES WITH (MODULUS 2, REMAINDER 0) PARTITION BY "
         "LIST (a)",
         0, 0, 0, "CREATE TABLE p " LIKE_PT " PARTITION BY LIST (a)"},
        {"CREATE TABLE p PARTITION OF pt (a DEFAULT 1) DEFAULT", 0, 0, 0, NULL},
        {"CREATE TABLE IF NOT EXISTS p PARTITION OF pt DEFAULT", 0, 0, 0, NULL},
        {"CREATE TEMP TABLE p PARTITION OF pt DEFAULT", 0, 0, 0, NULL},
        {"CREATE TABLE p (a int)", 0, 0, 0, NULL},
        {"CREATE TABLE p (LIKE pt)", 0, 0, 0, NULL},
    };
    ASSERT_ROWS(rows, write_like);
}

static void and_is_attached(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"CREATE TABLE p PARTITION OF pt DEFAULT", 0, 0, 0,
         "ALTER TABLE pt ATTACH PARTITION p DEFAULT"},
        {"CREATE UNLOGGED TABLE \"P\" PARTITION OF s.pt FOR VALUES FROM (1, MINVALUE) TO ('a)', 2) "
         "TABLESPACE x",
         0, 0, 0,
         "ALTER TABLE s.pt ATTACH PARTITION \"P\" FOR VALUES FROM (1, MINVALUE) TO ('a)', 2)"},
        {"CREATE TABLE p PARTITION OF pt FOR VALUES IN ('x')", 0, 0, 0,
         "ALTER TABLE pt ATTACH PARTITION p FOR VALUES IN ('x')"},
    };
    ASSERT_ROWS(rows, write_attach);
}

static bool write_shadow(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    (void)row;
    return partition_text_shadow(parsed->own, &parsed->statement, "m", out);
}

static void a_bound_is_that_of_a_temporary_table(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"ALTER TABLE pt ATTACH PARTITION s.p FOR VALUES FROM (1, (2)) TO (maxvalue, ')')", 0, 0, 0,
         "CREATE TEMPORARY TABLE pg_temp.p PARTITION OF pg_temp.m FOR VALUES FROM (1, (2)) TO "
         "(maxvalue, ')')"},
        {"alter table if exists only pt attach /* it */ partition \"a.P\" for values in ('a', "
         "null)",
         0, 0, 0,
         "CREATE TEMPORARY TABLE pg_temp.\"a.P\" PARTITION OF pg_temp.m for values in ('a', null)"},
        {"ALTER TABLE pt ATTACH PARTITION p DEFAULT", 0, 0, 0,
         "CREATE TEMPORARY TABLE pg_temp.p PARTITION OF pg_temp.m DEFAULT"},
        {"CREATE UNLOGGED TABLE s.p PARTITION OF pt FOR VALUES WITH (MODULUS 2, REMAINDER 0) WITH "
         "(fillfactor = 70)",
         0, 0, 0,
         "CREATE TEMPORARY TABLE pg_temp.p PARTITION OF pg_temp.m FOR VALUES WITH (MODULUS 2, "
         "REMAINDER 0)"},
        {"CREATE TABLE p PARTITION OF pt (a DEFAULT 1) DEFAULT", 0, 0, 0, NULL},
        {"ALTER TABLE pt DETACH PARTITION p", 0, 0, 0, NULL},
        {"ALTER INDEX i ATTACH PARTITION j", 0, 0, 0, NULL},
        {"CREATE TABLE p (a int)", 0, 0, 0, NULL},
    };
    ASSERT_ROWS(rows, write_shadow);
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_stands_on_the_parent_alone),
        cmocka_unit_test(an_index_stands_on_another_table),
        cmocka_unit_test(a_partition_is_a_table_first),
        cmocka_unit_test(and_is_attached),
        cmocka_unit_test(a_bound_is_that_of_a_temporary_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
