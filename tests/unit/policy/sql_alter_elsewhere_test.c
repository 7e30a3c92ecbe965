/* The client's constraints under a name of ours, and on the partitions of its table. As in
 * sql_alter_text_test.c, what comes out has been proved by the code under test. */
#include "tests/unit/policy/sql_alter_rows.h"

static bool write_renamed(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    return alter_text_not_valid_as(parsed->own, &parsed->statement, row->action, "n N", out);
}

static void constraints_get_another_name(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"ALTER TABLE ONLY t ADD CONSTRAINT k CHECK (k > 0)", 0, 0, 0,
         "ALTER TABLE ONLY t ADD CONSTRAINT \"n N\" CHECK (k > 0) NOT VALID"},
        {"ALTER TABLE t DROP b, add/**/constraint \"k k\"/* c */check(a > 0) NO INHERIT -- x", 1, 0,
         0, "ALTER TABLE t add CONSTRAINT \"n N\"/* c */check(a > 0) NO INHERIT NOT VALID"},
        {"ALTER TABLE s.t ADD CONSTRAINT U&\"\\006b\" FOREIGN KEY (a) REFERENCES p DEFERRABLE", 0,
         0, 0,
         "ALTER TABLE s.t ADD CONSTRAINT \"n N\" FOREIGN KEY (a) REFERENCES p DEFERRABLE NOT "
         "VALID"},
        {"ALTER TABLE t ADD CHECK (a > 0)", 0, 0, 0,
         "ALTER TABLE t ADD CONSTRAINT \"n N\" CHECK (a > 0) NOT VALID"},
        {"ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD a int CONSTRAINT k CHECK (a > 0)", 0, 0, 0, NULL},
        {"ALTER TABLE t DROP a", 0, 0, 0, NULL},
    };
    ASSERT_ROWS(rows, write_renamed);
}

static const struct object_name leaf = {"s", "Leaf"};

static bool write_elsewhere(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    const struct statement *statement = &parsed->statement;
    switch (row->flags) {
    case 0:
        return alter_text_not_valid_on(parsed->own, statement, row->action, "n", &leaf, out);
    case 1:
        return alter_text_key_index_on(parsed->own, statement, row->action, "n", &leaf, out);
    case 2:
        return alter_text_key_using_index_on(parsed->own, statement, row->action, "n", &leaf, out);
    case 3:
        return alter_text_key_only(parsed->own, statement, row->action, "n", &leaf, out);
    case 4:
        return alter_text_key_only(parsed->own, statement, row->action, "n", NULL, out);
    default:
        return alter_text_named(parsed->own, statement, row->action, "n", out);
    }
}

#define UNIQUE_KEY "UNIQUE (a) INCLUDE (b) WITH (fillfactor = 70) DEFERRABLE"

static void constraints_are_those_of_a_partition(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"ALTER TABLE IF EXISTS ONLY t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p", 0, 0, 0,
         "ALTER TABLE s.\"Leaf\" ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p NOT VALID"},
        {"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p", 0, 0, 0,
         "ALTER TABLE s.\"Leaf\" ADD CONSTRAINT n FOREIGN KEY (a) REFERENCES p NOT VALID"},
        {"ALTER TABLE t ADD CONSTRAINT u " UNIQUE_KEY, 0, 1, 0,
         "CREATE UNIQUE INDEX CONCURRENTLY n ON s.\"Leaf\" (a) INCLUDE (b) WITH (fillfactor = 70)"},
        {"ALTER TABLE t ADD CONSTRAINT u " UNIQUE_KEY, 0, 2, 0,
         "ALTER TABLE s.\"Leaf\" ADD CONSTRAINT n UNIQUE USING INDEX n DEFERRABLE"},
        {"ALTER TABLE t ADD CONSTRAINT u " UNIQUE_KEY, 0, 3, 0,
         "ALTER TABLE ONLY s.\"Leaf\" ADD CONSTRAINT n " UNIQUE_KEY},
        {"ALTER TABLE t * ADD CONSTRAINT u " UNIQUE_KEY, 0, 4, 0,
         "ALTER TABLE ONLY t ADD CONSTRAINT u " UNIQUE_KEY},
        {"ALTER TABLE b.t DROP c, ADD PRIMARY KEY (a)", 1, 4, 0,
         "ALTER TABLE ONLY b.t ADD CONSTRAINT n PRIMARY KEY (a)"},
        {"ALTER TABLE t ADD UNIQUE USING INDEX i", 0, 4, 0, NULL},
        {"ALTER TABLE t ADD CHECK (a > 0)", 0, 4, 0, NULL},
        {"ALTER TABLE t ADD a int UNIQUE", 0, 4, 0, NULL},
        {"ALTER TABLE ONLY t ADD /* f */ FOREIGN KEY (a) REFERENCES p", 0, 5, 0,
         "ALTER TABLE ONLY t ADD CONSTRAINT n /* f */ FOREIGN KEY (a) REFERENCES p"},
        {"ALTER TABLE t DROP a", 0, 5, 0, NULL},
    };
    ASSERT_ROWS(rows, write_elsewhere);
}

/* The first two, one behind the other. */
static bool write_tails(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    char tails[2][NAME_BYTES];
    size_t count = alter_key_tails(parsed->own, &parsed->statement, row->action, tails, 2);
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(out, i == 0 ? "" : " ");
        buffer_append_text(out, tails[i]);
    }
    return count > 0;
}

static void a_partitions_key_is_named_by_its_columns(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"ALTER TABLE t ADD CONSTRAINT u UNIQUE (a, b)", 0, 0, 0, "_a_b_key _a_b_key1"},
        {"ALTER TABLE t ADD UNIQUE (k, a, b) INCLUDE (b)", 0, 0, 0, "_k_a_b_b1_key _k_a_b_b1_key1"},
        {"ALTER TABLE t DROP c, ADD CONSTRAINT p PRIMARY KEY (a)", 1, 0, 0, "_pkey _pkey1"},
        {"ALTER TABLE t ADD CHECK (a > 0)", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD a int UNIQUE", 0, 0, 0, NULL},
    };
    ASSERT_ROWS(rows, write_tails);
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constraints_get_another_name),
        cmocka_unit_test(constraints_are_those_of_a_partition),
        cmocka_unit_test(a_partitions_key_is_named_by_its_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
