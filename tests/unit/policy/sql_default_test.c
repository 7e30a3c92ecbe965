/* The default of a new column as a statement of its own. */
#include "tests/unit/policy/sql_alter_rows.h"

#define EVERY                                                                                      \
    "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int DEFAULT 1 NOT NULL CONSTRAINT k CHECK (a > 0) "  \
    "REFERENCES p (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED UNIQUE NOT DEFERRABLE"

static bool write_default(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    return alter_text_set_default(parsed->own, &parsed->statement, row->action, out);
}

static void defaults_stand_alone(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {EVERY, 0, 0, 0, "ALTER TABLE t ALTER COLUMN a SET DEFAULT 1"},
        {"ALTER TABLE IF EXISTS ONLY s.t DROP b, ADD a uuid CONSTRAINT d DEFAULT f(1, 'x;') -- y\n "
         "NOT "
         "NULL",
         1, 0, 0, "ALTER TABLE IF EXISTS ONLY s.t ALTER COLUMN a SET DEFAULT f(1, 'x;')"},
        {"ALTER TABLE t ADD COLUMN IF NOT EXISTS a text DEFAULT random()::text COLLATE \"C\"", 0, 0,
         0, "ALTER TABLE t ALTER COLUMN a SET DEFAULT random()::text"},
        {"ALTER TABLE t ADD a int CHECK (a > 0)", 0, 0, 0, NULL},
        {"ALTER TABLE t ALTER a SET DEFAULT 1", 0, 0, 0, NULL},
    };
    ASSERT_ROWS(rows, write_default);
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_stand_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
