/* The statements that an ALTER TABLE is made of when it is made in several. Whatever comes out has
 * been proved on the parse tree by the code under test; here is what it looks like, and what has no
 * such form. */
#include "tests/unit/policy/sql_alter_rows.h"

static bool write_only(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    return alter_text_only(parsed->own, &parsed->statement, row->flags, out);
}

static void actions_are_picked(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"ALTER TABLE t ADD a int", 0, 1, 0, "ALTER TABLE t ADD a int"},
        {"ALTER TABLE t ADD a int, DROP b", 0, 1, 0, "ALTER TABLE t ADD a int"},
        {"ALTER TABLE t ADD a int, DROP b", 0, 2, 0, "ALTER TABLE t DROP b"},
        {"ALTER TABLE t ADD a int, DROP b", 0, 3, 0, "ALTER TABLE t ADD a int, DROP b"},
        {"ALTER TABLE t ADD a int,DROP b,DROP c", 0, 5, 0, "ALTER TABLE t ADD a int, DROP c"},
        {"ALTER TABLE t * /* x */ ADD a int, DROP b", 0, 2, 0, "ALTER TABLE t * /* x */ DROP b"},
        {"alter table if exists only \"S\".t/* x, */ add a int, drop b", 0, 2, 0,
         "alter table if exists only \"S\".t/* x, */ drop b"},
        {"ALTER TABLE t -- to do\n ADD a text DEFAULT ',' -- why,\n, DROP b -- end", 0, 3, 0,
         "ALTER TABLE t -- to do\n ADD a text DEFAULT ',', DROP b"},
        {"ALTER TABLE t ADD a int -- x\n CHECK (a > 0), DROP b", 0, 1, 0,
         "ALTER TABLE t ADD a int -- x\n CHECK (a > 0)"},
        {"ALTER TABLE größe ADD tür text DEFAULT $ä$,$ä$, DROP schlüssel", 0, 1, 0,
         "ALTER TABLE größe ADD tür text DEFAULT $ä$,$ä$"},
        {"ALTER TABLE t SET (fillfactor = 70, autovacuum_enabled), SET LOGGED", 0, 1, 0,
         "ALTER TABLE t SET (fillfactor = 70, autovacuum_enabled)"},
        {"ALTER TABLE t RENAME TO u", 0, 1, 0, NULL},
        {"ALTER TABLE t ADD a int", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD a text DEFAULT '\\', DROP b", 0, 1, 0, NULL},
        {"ALTER VIEW v ALTER a SET DEFAULT 1", 0, 1, 0, NULL},
        {"CREATE TABLE t (a int)", 0, 1, 0, NULL},
    };
    ASSERT_ROWS(rows, write_only);
}

static bool write_not_valid(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    return alter_text_not_valid(parsed->own, &parsed->statement, row->action, "n N", out);
}

static void constraints_are_made_not_valid(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", 0, 0, 0,
         "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID"},
        {"ALTER TABLE t ADD CHECK (a > 0)", 0, 0, 0,
         "ALTER TABLE t ADD CONSTRAINT \"n N\" CHECK (a > 0) NOT VALID"},
        {"ALTER TABLE t DROP b, add/**/check(a > 0) NO INHERIT -- x", 1, 0, 0,
         "ALTER TABLE t add CONSTRAINT \"n N\"/**/check(a > 0) NO INHERIT NOT VALID"},
        {"ALTER TABLE ONLY s.c ADD CONSTRAINT \"F\" FOREIGN KEY (a, b) REFERENCES s.p (x, y) "
         "MATCH FULL ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED",
         0, 0, 0,
         "ALTER TABLE ONLY s.c ADD CONSTRAINT \"F\" FOREIGN KEY (a, b) REFERENCES s.p (x, y) MATCH "
         "FULL ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID"},
        {"ALTER TABLE c ADD FOREIGN KEY (a) REFERENCES p", 0, 0, 0,
         "ALTER TABLE c ADD CONSTRAINT \"n N\" FOREIGN KEY (a) REFERENCES p NOT VALID"},
        {"ALTER TABLE c ADD FOREIGN KEY (a) REFERENCES p NOT DEFERRABLE", 0, 0, 0,
         "ALTER TABLE c ADD CONSTRAINT \"n N\" FOREIGN KEY (a) REFERENCES p NOT DEFERRABLE NOT "
         "VALID"},
        {"ALTER TABLE t ADD CHECK (a > 0) NOT VALID", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD UNIQUE (a)", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD EXCLUDE (a WITH =)", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD a int CHECK (a > 0)", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD CHECK (a > 0)", 1, 0, 0, NULL},
    };
    ASSERT_ROWS(rows, write_not_valid);
}

static bool write_bare(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    return alter_text_bare_column(parsed->own, &parsed->statement, row->action, row->flags, out);
}

#define ALL_CONSTRAINTS                                                                            \
    (COLUMN_CHECK | COLUMN_REFERENCES | COLUMN_UNIQUE | COLUMN_PRIMARY_KEY | COLUMN_NOT_NULL |     \
     COLUMN_HAS_DEFAULT)
#define EVERY                                                                                      \
    "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int DEFAULT 1 NOT NULL CONSTRAINT k CHECK (a > 0) "  \
    "REFERENCES p (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED UNIQUE NOT DEFERRABLE"

static void columns_are_bared(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {EVERY, 0, ALL_CONSTRAINTS, 0, "ALTER TABLE t ADD COLUMN a int"},
        {EVERY, 0, COLUMN_CHECK, 0,
         "ALTER TABLE t ADD COLUMN a int DEFAULT 1 NOT NULL  REFERENCES p (id) ON "
         "DELETE CASCADE DEFERRABLE INITIALLY DEFERRED UNIQUE NOT DEFERRABLE"},
        {EVERY, 0, COLUMN_REFERENCES, 0,
         "ALTER TABLE t ADD COLUMN a int DEFAULT 1 NOT NULL CONSTRAINT k CHECK (a > "
         "0)    UNIQUE NOT DEFERRABLE"},
        {EVERY, 0, COLUMN_UNIQUE | COLUMN_HAS_DEFAULT, 0,
         "ALTER TABLE t ADD COLUMN a int  NOT NULL CONSTRAINT k CHECK (a > 0) "
         "REFERENCES p (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"},
        {EVERY, 0, 0, 0,
         "ALTER TABLE t ADD COLUMN a int DEFAULT 1 NOT NULL CONSTRAINT k CHECK (a > 0) REFERENCES "
         "p "
         "(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED UNIQUE NOT DEFERRABLE"},
        {"ALTER TABLE t ADD IF NOT EXISTS if /* x */ bigserial UNIQUE NOT NULL", 0,
         COLUMN_SERIAL | COLUMN_NOT_NULL, 0, "ALTER TABLE t ADD if pg_catalog.int8 UNIQUE"},
        {"ALTER TABLE t ADD a \"serial\" PRIMARY KEY", 0, COLUMN_SERIAL | COLUMN_PRIMARY_KEY, 0,
         "ALTER TABLE t ADD a pg_catalog.int4"},
        {"ALTER TABLE t ADD a serial2", 0, COLUMN_SERIAL, 0, "ALTER TABLE t ADD a pg_catalog.int2"},
        {"ALTER TABLE t ADD a serial2", 0, 0, 0, "ALTER TABLE t ADD a serial2"},
        {"ALTER TABLE t ADD a pg_catalog.serial", 0, COLUMN_SERIAL, 0,
         "ALTER TABLE t ADD a pg_catalog.serial"},
        {"ALTER TABLE t DROP b, add a int -- ,\n check(a > 0) -- )\n check(a<9) null", 1,
         COLUMN_CHECK, 0, "ALTER TABLE t add a int -- ,\n  -- )\n  null"},
        {"ALTER TABLE t ADD a text CHECK (a > '') COLLATE \"C\" UNIQUE", 0,
         COLUMN_CHECK | COLUMN_UNIQUE, 0, "ALTER TABLE t ADD a text  COLLATE \"C\""},
        {"ALTER TABLE t ADD a text REFERENCES p COLLATE \"C\" DEFERRABLE", 0, COLUMN_REFERENCES, 0,
         "ALTER TABLE t ADD a text  COLLATE \"C\""},
        {"ALTER TABLE t ADD \"ä\" uuid DEFAULT gen_random_uuid() /* x */", 0, COLUMN_HAS_DEFAULT, 0,
         "ALTER TABLE t ADD \"ä\" uuid"},
        {"ALTER TABLE t ADD a int CONSTRAINT nn NOT NULL", 0, COLUMN_NOT_NULL, 0,
         "ALTER TABLE t ADD a int"},
        {"ALTER TABLE t ADD a int GENERATED ALWAYS AS IDENTITY PRIMARY KEY", 0, COLUMN_PRIMARY_KEY,
         0, "ALTER TABLE t ADD a int GENERATED ALWAYS AS IDENTITY"},
        {"ALTER TABLE t ADD a int CHECK (a > 0) GENERATED ALWAYS AS IDENTITY (START 5) UNIQUE", 0,
         COLUMN_IDENTITY | COLUMN_UNIQUE, 0, "ALTER TABLE t ADD a int CHECK (a > 0)"},
        {"ALTER TABLE t ADD a int NULL PRIMARY KEY", 0, COLUMN_PRIMARY_KEY, 0, NULL},
        {"ALTER TABLE t ADD a serial NULL", 0, COLUMN_SERIAL, 0, NULL},
        {"ALTER TABLE t ADD a int GENERATED ALWAYS AS IDENTITY NULL", 0, COLUMN_IDENTITY, 0, NULL},
        {"ALTER TABLE t ADD CHECK (a > 0)", 0, COLUMN_CHECK, 0, NULL},
        {"ALTER TABLE t DROP a", 0, COLUMN_CHECK, 0, NULL},
    };
    ASSERT_ROWS(rows, write_bare);
}

static bool write_constraint(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    return alter_text_column_constraint(parsed->own, &parsed->statement, row->action, row->flags,
                                        row->nth, "t_a_check", out);
}

static void constraints_of_columns_stand_alone(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {EVERY, 0, COLUMN_CHECK, 0, "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID"},
        {EVERY, 0, COLUMN_CHECK, 1, NULL},
        {EVERY, 0, COLUMN_REFERENCES, 0,
         "ALTER TABLE t ADD CONSTRAINT t_a_check FOREIGN KEY (a) REFERENCES p (id) ON DELETE "
         "CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID"},
        {EVERY, 0, COLUMN_UNIQUE, 0, NULL},
        {EVERY, 0, COLUMN_NOT_NULL, 0, NULL},
        {"ALTER TABLE t ADD a int CHECK (a > 0) CONSTRAINT \"K\"\"k\" CHECK (a < 9) NO INHERIT", 0,
         COLUMN_CHECK, 0, "ALTER TABLE t ADD CONSTRAINT t_a_check CHECK (a > 0) NOT VALID"},
        {"ALTER TABLE t ADD a int CHECK (a > 0) CONSTRAINT \"K\"\"k\" CHECK (a < 9) NO INHERIT", 0,
         COLUMN_CHECK, 1,
         "ALTER TABLE t ADD CONSTRAINT \"K\"\"k\" CHECK (a < 9) NO INHERIT NOT VALID"},
        {"ALTER TABLE t ADD a int CONSTRAINT U&\"!0061\" UESCAPE '!' CHECK (a > 0)", 0,
         COLUMN_CHECK, 0, "ALTER TABLE t ADD CONSTRAINT a CHECK (a > 0) NOT VALID"},
        {"ALTER TABLE ONLY t DROP b, ADD IF NOT EXISTS \"A b\" int REFERENCES s.p -- x\n COLLATE "
         "\"C\" INITIALLY DEFERRED",
         1, COLUMN_REFERENCES, 0,
         "ALTER TABLE ONLY t ADD CONSTRAINT t_a_check FOREIGN KEY (\"A b\") REFERENCES s.p "
         "INITIALLY DEFERRED NOT VALID"},
        {"ALTER TABLE t ADD if int REFERENCES p", 0, COLUMN_REFERENCES, 0,
         "ALTER TABLE t ADD CONSTRAINT t_a_check FOREIGN KEY (if) REFERENCES p NOT VALID"},
        {"ALTER TABLE t ADD Tür int REFERENCES p NOT NULL", 0, COLUMN_REFERENCES, 0,
         "ALTER TABLE t ADD CONSTRAINT t_a_check FOREIGN KEY (Tür) REFERENCES p NOT VALID"},
        {"ALTER TABLE t ADD a int", 0, COLUMN_CHECK, 0, NULL},
        {"ALTER TABLE t ADD CHECK (a > 0)", 0, COLUMN_CHECK, 0, NULL},
    };
    ASSERT_ROWS(rows, write_constraint);
}

static bool write_key_index(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    return alter_text_key_index(parsed->own, &parsed->statement, row->action, "u", out);
}

#define FULL_KEY                                                                                   \
    "ALTER TABLE IF EXISTS ONLY s.\"T\" ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a, \"B\") "    \
    "INCLUDE (c, d) WITH (fillfactor = 70) USING INDEX TABLESPACE \"X\" DEFERRABLE INITIALLY "     \
    "DEFERRED"

static void keys_become_indexes(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"ALTER TABLE t ADD UNIQUE (a)", 0, 0, 0, "CREATE UNIQUE INDEX CONCURRENTLY u ON t (a)"},
        {"ALTER TABLE t ADD PRIMARY KEY (a, b)", 0, 0, 0,
         "CREATE UNIQUE INDEX CONCURRENTLY u ON t (a, b)"},
        {FULL_KEY, 0, 0, 0,
         "CREATE UNIQUE INDEX CONCURRENTLY u ON s.\"T\" (a, \"B\") INCLUDE (c, d) NULLS NOT "
         "DISTINCT WITH (fillfactor = 70) TABLESPACE \"X\""},
        {"ALTER TABLE Größe DROP b, add constraint x unique nulls distinct(Tür)", 1, 0, 0,
         "CREATE UNIQUE INDEX CONCURRENTLY u ON Größe (Tür) nulls distinct"},
        {"ALTER TABLE t ADD CONSTRAINT \"unique\" PRIMARY KEY/* ( */(a -- )\n) WITH (fillfactor)",
         0, 0, 0, "CREATE UNIQUE INDEX CONCURRENTLY u ON t (a -- )\n) WITH (fillfactor)"},
        {"ALTER TABLE t ADD COLUMN a int UNIQUE NULLS NOT DISTINCT WITH (fillfactor = 70) USING "
         "INDEX TABLESPACE x",
         0, 0, 0,
         "CREATE UNIQUE INDEX CONCURRENTLY u ON t (a) NULLS NOT DISTINCT WITH (fillfactor = 70) "
         "TABLESPACE x"},
        {"ALTER TABLE t ADD IF NOT EXISTS \"A\" int NOT NULL CONSTRAINT k PRIMARY KEY DEFERRABLE",
         0, 0, 0, "CREATE UNIQUE INDEX CONCURRENTLY u ON t (\"A\")"},
        {"ALTER TABLE t ADD a int UNIQUE PRIMARY KEY", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD UNIQUE USING INDEX i", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD CHECK (a > 0)", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD EXCLUDE (a WITH =)", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD a int", 0, 0, 0, NULL},
    };
    ASSERT_ROWS(rows, write_key_index);
}

static bool write_using_index(const struct parsed *parsed, const struct row *row,
                              struct buffer *out)
{
    return alter_text_key_using_index(parsed->own, &parsed->statement, row->action, "u", out);
}

static void keys_take_their_index_over(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"ALTER TABLE t ADD UNIQUE (a)", 0, 0, 0,
         "ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX u"},
        {FULL_KEY, 0, 0, 0,
         "ALTER TABLE IF EXISTS ONLY s.\"T\" ADD CONSTRAINT u UNIQUE USING INDEX u DEFERRABLE "
         "INITIALLY DEFERRED"},
        {"ALTER TABLE t DROP b, ADD PRIMARY KEY (a) NOT DEFERRABLE", 1, 0, 0,
         "ALTER TABLE t ADD CONSTRAINT u PRIMARY KEY USING INDEX u"},
        {"ALTER TABLE t ADD a int PRIMARY KEY INITIALLY DEFERRED", 0, 0, 0,
         "ALTER TABLE t ADD CONSTRAINT u PRIMARY KEY USING INDEX u DEFERRABLE INITIALLY DEFERRED"},
        {"ALTER TABLE t ADD a int CHECK (a > 0) UNIQUE REFERENCES p DEFERRABLE", 0, 0, 0,
         "ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX u"},
        {"ALTER TABLE t ADD CONSTRAINT other UNIQUE (a)", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD UNIQUE USING INDEX i", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p", 0, 0, 0, NULL},
    };
    ASSERT_ROWS(rows, write_using_index);
}

static bool write_tail(const struct parsed *parsed, const struct row *row, struct buffer *out)
{
    static const char *const tails[] = {"VALIDATE CONSTRAINT \"K\"",
                                        "DROP CONSTRAINT k; DROP TABLE t", "RENAME TO u", ""};
    return alter_text_append(parsed->own, &parsed->statement, span_text(tails[row->flags]), out);
}

static void actions_of_ours_are_appended(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"ALTER TABLE ONLY s.t /* x */ ADD CHECK (a > 0), DROP b", 0, 0, 0,
         "ALTER TABLE ONLY s.t /* x */ VALIDATE CONSTRAINT \"K\""},
        {"ALTER TABLE t DROP b", 0, 1, 0, NULL},
        {"ALTER TABLE t DROP b", 0, 2, 0, NULL},
        {"ALTER TABLE t DROP b", 0, 3, 0, NULL},
        {"ALTER TABLE t RENAME TO u", 0, 0, 0, NULL},
    };
    ASSERT_ROWS(rows, write_tail);
}

static void newer_forms_are_kept_whole(void **state)
{
    (void)state;
    static const struct row not_valid[] = {
        {"ALTER TABLE t ADD CONSTRAINT n NOT NULL a NO INHERIT", 0, 0, 0,
         "ALTER TABLE t ADD CONSTRAINT n NOT NULL a NO INHERIT NOT VALID"},
        {"ALTER TABLE t ADD NOT NULL a", 0, 0, 0,
         "ALTER TABLE t ADD CONSTRAINT \"n N\" NOT NULL a NOT VALID"},
        {"ALTER TABLE t ADD CHECK (a > 0) ENFORCED", 0, 0, 0,
         "ALTER TABLE t ADD CONSTRAINT \"n N\" CHECK (a > 0) ENFORCED NOT VALID"},
        {"ALTER TABLE t ADD CHECK (a > 0) NOT ENFORCED", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD FOREIGN KEY (a, PERIOD b) REFERENCES p (x, PERIOD y)", 0, 0, 0,
         "ALTER TABLE t ADD CONSTRAINT \"n N\" FOREIGN KEY (a, PERIOD b) REFERENCES p (x, PERIOD "
         "y) NOT VALID"},
    };
    ASSERT_NEWER_ROWS(not_valid, write_not_valid);
    static const struct row columns[] = {
        {"ALTER TABLE t ADD a int CHECK (a > 0) ENFORCED", 0, COLUMN_CHECK, 0,
         "ALTER TABLE t ADD CONSTRAINT t_a_check CHECK (a > 0) ENFORCED NOT VALID"},
        {"ALTER TABLE t ADD a int CHECK (a > 0) NOT ENFORCED", 0, COLUMN_CHECK, 0, NULL},
    };
    ASSERT_NEWER_ROWS(columns, write_constraint);
    static const struct row bared[] = {
        {"ALTER TABLE t ADD a int CHECK (a > 0) NOT ENFORCED NOT NULL", 0, COLUMN_CHECK, 0,
         "ALTER TABLE t ADD a int   NOT NULL"},
        {"ALTER TABLE t ADD a int CONSTRAINT n NOT NULL NO INHERIT", 0, COLUMN_NOT_NULL, 0,
         "ALTER TABLE t ADD a int"},
    };
    ASSERT_NEWER_ROWS(bared, write_bare);
    static const struct row keys[] = {
        {"ALTER TABLE t ADD UNIQUE (a, b WITHOUT OVERLAPS)", 0, 0, 0, NULL},
        {"ALTER TABLE t ADD PRIMARY KEY (a, b WITHOUT OVERLAPS)", 0, 0, 0, NULL},
    };
    ASSERT_NEWER_ROWS(keys, write_key_index);
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actions_are_picked),
        cmocka_unit_test(constraints_are_made_not_valid),
        cmocka_unit_test(columns_are_bared),
        cmocka_unit_test(constraints_of_columns_stand_alone),
        cmocka_unit_test(keys_become_indexes),
        cmocka_unit_test(keys_take_their_index_over),
        cmocka_unit_test(actions_of_ours_are_appended),
        cmocka_unit_test(newer_forms_are_kept_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
