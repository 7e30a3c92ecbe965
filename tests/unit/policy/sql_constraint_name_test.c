/* The names of constraints, chosen by PostgreSQL or by the client, and the columns of keys. */
#include "tests/unit/policy/sql_alter_rows.h"

static bool write_names(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    char names[2][NAME_BYTES];
    size_t count =
        alter_constraint_names(parsed->own, &parsed->statement, row->action, row->flags, names, 2);
    assert_true(count == 0 || count == 2);
    if (count > 0) {
        buffer_append_format(out, "%s %s", names[0], names[1]);
    }
    return count > 0;
}

static void names_are_chosen(void **state)
{
    (void)state;
    /* Every name here is the one that PostgreSQL 15 gave. */
    static const struct row rows[] = {
        {"ALTER TABLE t ADD CHECK (a > 0)", 0, 0, 0, "t_a_check t_a_check1"},
        {"ALTER TABLE s.t ADD CHECK (a > 0 AND t.a < 9)", 0, 0, 0, "t_a_check t_a_check1"},
        {"ALTER TABLE t ADD CHECK (a > b)", 0, 0, 0, "t_check t_check1"},
        {"ALTER TABLE t ADD CHECK (true)", 0, 0, 0, "t_check t_check1"},
        {"ALTER TABLE t ADD CHECK (f(t.*) > 0)", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD CHECK (t IS NOT NULL)", 0, 0, 0, NULL},
        {"ALTER TABLE c ADD FOREIGN KEY (a, b) REFERENCES p", 0, 0, 0, "c_a_b_fkey c_a_b_fkey1"},
        {"ALTER TABLE t ADD UNIQUE (a, b) INCLUDE (c)", 0, 0, 0, "t_a_b_c_key t_a_b_c_key1"},
        {"ALTER TABLE t ADD UNIQUE (a) INCLUDE (a)", 0, 0, 0, "t_a_a1_key t_a_a1_key1"},
        {"ALTER TABLE t DROP x, ADD PRIMARY KEY (a, b)", 1, 0, 0, "t_pkey t_pkey1"},
        {"ALTER TABLE t ADD EXCLUDE USING gist (a WITH =, (b + 1) WITH =)", 0, 0, 0,
         "t_a_expr_excl t_a_expr_excl1"},
        {"ALTER TABLE t ADD z int CHECK (z > 0)", 0, COLUMN_CHECK, 0, "t_z_check t_z_check1"},
        {"ALTER TABLE t ADD z int CHECK (z > a)", 0, COLUMN_CHECK, 0, "t_check t_check1"},
        {"ALTER TABLE t ADD z int CHECK (a > 0)", 0, COLUMN_CHECK, 0, "t_a_check t_a_check1"},
        {"ALTER TABLE t ADD z int CONSTRAINT k CHECK (z > 0) CHECK (a > 0)", 0, COLUMN_CHECK, 0,
         "t_a_check t_a_check1"},
        {"ALTER TABLE t ADD z int REFERENCES p", 0, COLUMN_REFERENCES, 0, "t_z_fkey t_z_fkey1"},
        {"ALTER TABLE t ADD z int UNIQUE", 0, COLUMN_UNIQUE, 0, "t_z_key t_z_key1"},
        {"ALTER TABLE t ADD z int PRIMARY KEY", 0, COLUMN_PRIMARY_KEY, 0, "t_pkey t_pkey1"},
        {"ALTER TABLE t23456789012345678901234567890123456789 ADD CHECK "
         "(c23456789012345678901234567890123456789 > 0)",
         0, 0, 0,
         "t234567890123456789012345678_c234567890123456789012345678_check "
         "t234567890123456789012345678_c23456789012345678901234567_check1"},
        {"ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD UNIQUE USING INDEX i", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD z int CONSTRAINT k CHECK (z > 0)", 0, COLUMN_CHECK, 0, NULL},
        {"ALTER TABLE t ADD z int CHECK (z > 0)", 0, COLUMN_REFERENCES, 0, NULL},
        {"ALTER TABLE t ADD z int CHECK (z > 0)", 0, 0, 0, NULL},
        {"ALTER TABLE t DROP z", 0, 0, 0, NULL},
    };
    ASSERT_ROWS(rows, write_names);
    static const struct row newer[] = {
        {"ALTER TABLE t ADD NOT NULL a", 0, 0, 0, "t_a_not_null t_a_not_null1"},
        {"ALTER TABLE t ADD z int NOT NULL", 0, COLUMN_NOT_NULL, 0, "t_z_not_null t_z_not_null1"},
    };
    ASSERT_NEWER_ROWS(newer, write_names);
}

static bool write_name(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    char name[NAME_BYTES];
    bool found = alter_constraint_name(parsed->own, &parsed->statement, row->action, row->flags,
                                       row->nth, name);
    buffer_append_text(out, name);
    return found;
}

static void names_of_the_client_are_told(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"ALTER TABLE t ADD CONSTRAINT \"K\" CHECK (a > 0)", 0, 0, 0, "K"},
        {"ALTER TABLE t ADD CHECK (a > 0)", 0, 0, 0, ""},
        {"ALTER TABLE t DROP a", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD z int CHECK (z > 0) CONSTRAINT k CHECK (z < 9)", 0, COLUMN_CHECK, 0,
         ""},
        {"ALTER TABLE t ADD z int CHECK (z > 0) CONSTRAINT k CHECK (z < 9)", 0, COLUMN_CHECK, 1,
         "k"},
        {"ALTER TABLE t ADD z int CHECK (z > 0) CONSTRAINT k CHECK (z < 9)", 0, COLUMN_CHECK, 2,
         NULL},
        {"ALTER TABLE t ADD z int CONSTRAINT k UNIQUE", 0, COLUMN_UNIQUE, 0, "k"},
    };
    ASSERT_ROWS(rows, write_name);
}

static bool write_columns(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    char columns[2][NAME_BYTES];
    size_t count = alter_key_columns(parsed->own, &parsed->statement, row->action, columns, 2);
    for (size_t i = 0; i < count; i++) {
        buffer_append_format(out, "%s ", i < 2 ? columns[i] : "-");
    }
    return count > 0;
}

static void columns_of_keys_are_listed(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"ALTER TABLE t ADD UNIQUE (a, \"B\", c) INCLUDE (d)", 0, 0, 0, "a B - "},
        {"ALTER TABLE t DROP x, ADD PRIMARY KEY (a)", 1, 0, 0, "a "},
        {"ALTER TABLE t ADD FOREIGN KEY (a, b) REFERENCES p", 0, 0, 0, "a b "},
        {"ALTER TABLE t ADD z int UNIQUE", 0, 0, 0, "z "},
        {"ALTER TABLE t ADD z int REFERENCES p", 0, 0, 0, "z "},
        {"ALTER TABLE t ADD z int", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD UNIQUE USING INDEX i", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD CHECK (a > 0)", 0, 0, 0, NULL},
    };
    ASSERT_ROWS(rows, write_columns);
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_chosen),
        cmocka_unit_test(names_of_the_client_are_told),
        cmocka_unit_test(columns_of_keys_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
