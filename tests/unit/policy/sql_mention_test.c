/* Which names an action of an ALTER TABLE speaks of. */
#include "tests/unit/policy/sql_alter_rows.h"

static void names_are_found_however_they_are_written(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        size_t action;
        const char *name;
        bool mentions;
    } rows[] = {
        {"ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", 0, "a", true},
        {"ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", 0, "k", true},
        {"ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", 0, "b", false},
        {"ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", 0, "t", false},
        {"ALTER TABLE t DROP b, ADD CHECK (\"A\" > 0 OR t.C > 0)", 1, "A", true},
        {"ALTER TABLE t DROP b, ADD CHECK (\"A\" > 0 OR t.C > 0)", 1, "a", false},
        {"ALTER TABLE t DROP b, ADD CHECK (\"A\" > 0 OR t.C > 0)", 1, "c", true},
        {"ALTER TABLE t DROP b, ADD CHECK (\"A\" > 0 OR t.C > 0)", 1, "b", false},
        {"ALTER TABLE t ADD CHECK (U&\"d\\0061t\" > 0)", 0, "dat", true},
        {"ALTER TABLE t ADD FOREIGN KEY (a, b) REFERENCES s.p (x)", 0, "b", true},
        {"ALTER TABLE t ADD FOREIGN KEY (a, b) REFERENCES s.p (x)", 0, "p", true},
        {"ALTER TABLE t ADD UNIQUE (a) INCLUDE (b)", 0, "b", true},
        {"ALTER TABLE t ADD CHECK (f(t))", 0, "t", true},
        {"ALTER TABLE t ADD CHECK (f(t.*))", 0, "anything", true},
        {"ALTER TABLE t ADD a int CHECK (b > 0)", 0, "b", true},
        {"ALTER TABLE t VALIDATE CONSTRAINT k", 0, "k", true},
        {"ALTER TABLE t ALTER a SET NOT NULL", 0, "a", true},
        {"ALTER TABLE t ALTER a SET NOT NULL", 7, "b", true}, /* there is no such action */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parsed parsed = parse_text(rows[i].sql);
        bool mentions = alter_mentions(parsed.own, &parsed.statement, rows[i].action, rows[i].name);
        if (mentions != rows[i].mentions) {
            fail_msg("%s: %s", rows[i].sql, rows[i].name);
        }
        parsed_free(&parsed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_however_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
