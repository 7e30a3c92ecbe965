/* What is said of the actions of an ALTER TABLE, and where in the text each of them stands. */
#include "tests/unit/policy/sql_fixture.h"

static void describe_action_flags(struct buffer *out, unsigned flags)
{
    static const char *const names[] = {
        "not-valid", "using-index",  "deferrable", "deferred", "if-exists", "if-not-exists",
        "cascade",   "concurrently", "no-inherit", "using",    "all",       "default-bound",
        "default",   "constant",     "not-null",   "serial",   "identity",  "generated",
        "virtual",   "check",        "references", "unique",   "primary",   "collated",
        "volatile",  "enforced"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (flags & 1u << i) {
            buffer_append_format(out, " +%s", names[i]);
        }
    }
}

static void describe_action(struct buffer *out, const struct alter_action *action)
{
    buffer_append_text(out, alter_kind_name(action->kind));
    describe_action_flags(out, action->flags);
    if (action->column[0] != '\0') {
        buffer_append_format(out, " column %s", action->column);
    }
    if (action->column_count > 1) {
        buffer_append_format(out, "/%u", action->column_count);
    }
    if (action->constraint[0] != '\0') {
        buffer_append_format(out, " constraint %s", action->constraint);
    }
    if (action->type[0] != '\0') {
        buffer_append_format(out, " type %s", action->type);
    }
    if (action->other.name[0] != '\0') {
        buffer_append_text(out, " other ");
        describe_name(out, &action->other);
    }
}

/* "add-column column a type int4; set-not-null column b" */
static char *describe_actions(const struct statement *statement)
{
    struct buffer out = {0};
    for (size_t i = 0; i < statement->action_count && i < STATEMENT_ACTIONS_MAX; i++) {
        buffer_append_text(&out, i > 0 ? "; " : "");
        describe_action(&out, &statement->actions[i]);
    }
    buffer_append_u8(&out, '\0');
    assert_false(out.failed);
    return (char *)out.at;
}

/* "ADD a int|DROP b": the actions' own texts; "?" for one that is not known. */
static char *describe_places(struct span text, const struct statement *statement)
{
    struct buffer out = {0};
    for (size_t i = 0; i < statement->action_count && i < STATEMENT_ACTIONS_MAX; i++) {
        const struct alter_action *action = &statement->actions[i];
        buffer_append_text(&out, i > 0 ? "|" : "");
        assert_true(action->start + action->length <= text.length);
        buffer_append_span(&out, action->length == 0
                                     ? span_text("?")
                                     : span_cut(text, action->start, action->length));
    }
    buffer_append_u8(&out, '\0');
    assert_false(out.failed);
    return (char *)out.at;
}

/* `newer`: forms that the grammar need not know. */
static void assert_actions(const struct fact *facts, size_t count, bool newer)
{
    for (size_t i = 0; i < count; i++) {
        char sql[1024];
        snprintf(sql, sizeof sql, "ALTER TABLE t %s", facts[i].sql);
        struct parsed parsed = parse_text(sql);
        char *described = describe_actions(&parsed.statement);
        char *places = describe_places(parsed.own, &parsed.statement);
        bool known = parsed.statement.kind == STATEMENT_ALTER_TABLE;
        assert_true(known || newer);
        if (known && strcmp(described, facts[i].expected) != 0) {
            fail_msg("%s\n  is       %s\n  expected %s", sql, described, facts[i].expected);
        }
        if (parsed.statement.action_count == 1) {
            assert_string_equal(places, facts[i].sql);
        }
        free(places);
        free(described);
        parsed_free(&parsed);
    }
}

#define ASSERT_ACTIONS(facts)       assert_actions(facts, sizeof(facts) / sizeof(facts)[0], false)
#define ASSERT_NEWER_ACTIONS(facts) assert_actions(facts, sizeof(facts) / sizeof(facts)[0], true)

static void columns_are_added(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"ADD a int", "add-column column a type int4"},
        {"add column if not exists \"A b\" s.t", "add-column +if-not-exists column A b type t"},
        {"ADD a int8[] NULL", "add-column column a type int8"},
        {"ADD a text COLLATE \"C\"", "add-column +collated column a type text"},
        {"ADD a int NOT NULL", "add-column +not-null column a type int4"},
        {"ADD a int DEFAULT 5 NOT NULL",
         "add-column +default +constant +not-null column a type int4"},
        {"ADD a serial", "add-column +serial column a type serial"},
        {"ADD a bigserial PRIMARY KEY", "add-column +serial +primary column a type bigserial"},
        {"ADD a smallserial", "add-column +serial column a type smallserial"},
        {"ADD a serial8", "add-column +serial column a type serial8"},
        {"ADD a s.serial", "add-column column a type serial"},
        {"ADD a int GENERATED ALWAYS AS IDENTITY", "add-column +identity column a type int4"},
        {"ADD a int GENERATED BY DEFAULT AS IDENTITY (START 5)",
         "add-column +identity column a type int4"},
        {"ADD a int GENERATED ALWAYS AS (b + 1) STORED",
         "add-column +generated column a type int4"},
        {"ADD a int CHECK (a > 0)", "add-column +check column a type int4"},
        {"ADD a int CONSTRAINT k CHECK (a > 0) NO INHERIT", "add-column +check column a type int4"},
        {"ADD a int REFERENCES s.p", "add-column +references column a type int4 other s.p"},
        {"ADD a int DEFAULT 1 REFERENCES p (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
         "add-column +default +constant +references column a type int4 other p"},
        {"ADD a int UNIQUE NULLS NOT DISTINCT USING INDEX TABLESPACE x",
         "add-column +unique column a type int4"},
        {"ADD a json", "add-column column a type json"},
    };
    ASSERT_ACTIONS(facts);
}

#define DEFAULTS_TO(how) "add-column +default" how " column a type text"

static void defaults_are_told_apart(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"ADD a text DEFAULT 'x'", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT NULL", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT -1.5", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT - '1'::int", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT '{}'::jsonb", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT CAST('x' AS varchar(3))", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT date '2020-01-01'", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT B'101'", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT ARRAY[1, 2]::int[]", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT $$,$$", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT now()", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT pg_catalog.now()", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT CURRENT_TIMESTAMP", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT CURRENT_TIMESTAMP(3)", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT CURRENT_USER", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT (now() AT TIME ZONE 'utc')", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT now() + interval '1 day'", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT coalesce(NULL, 'x')", DEFAULTS_TO(" +constant")},
        {"ADD a text DEFAULT random()", DEFAULTS_TO(" +volatile")},
        {"ADD a text DEFAULT 1 + random()", DEFAULTS_TO(" +volatile")},
        {"ADD a text DEFAULT 'x' || gen_random_uuid()::text", DEFAULTS_TO(" +volatile")},
        {"ADD a text DEFAULT f(clock_timestamp())", DEFAULTS_TO(" +volatile")},
        {"ADD a text DEFAULT nextval('q')", DEFAULTS_TO(" +volatile")},
        {"ADD a text DEFAULT f()", DEFAULTS_TO("")},
        {"ADD a text DEFAULT s.now()", DEFAULTS_TO("")},
        {"ADD a text DEFAULT s.random()", DEFAULTS_TO("")},
        {"ADD a text DEFAULT 1 + f(1)", DEFAULTS_TO("")},
        {"ADD a text DEFAULT (SELECT 1)", DEFAULTS_TO("")},
        {"ALTER a SET DEFAULT 1", "set-default +default +constant column a"},
        {"ALTER a SET DEFAULT random()", "set-default +default +volatile column a"},
        {"ALTER a DROP DEFAULT", "set-default column a"},
    };
    ASSERT_ACTIONS(facts);
}

static void columns_are_changed(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"DROP a", "drop-column column a"},
        {"DROP COLUMN IF EXISTS \"ä\" CASCADE", "drop-column +if-exists +cascade column ä"},
        {"ALTER a TYPE int8", "column-type column a type int8"},
        {"ALTER COLUMN a SET DATA TYPE varchar(100)", "column-type column a type varchar"},
        {"ALTER a TYPE numeric(12, 2) USING f(a, 1)", "column-type +using column a type numeric"},
        {"ALTER a TYPE s.d COLLATE \"C\"", "column-type +collated column a type d"},
        {"ALTER a SET NOT NULL", "set-not-null column a"},
        {"ALTER a DROP NOT NULL", "drop-not-null column a"},
        {"ALTER a ADD GENERATED ALWAYS AS IDENTITY", "add-identity column a"},
        {"ALTER a SET GENERATED ALWAYS SET INCREMENT 2", "other"},
        {"ALTER a DROP IDENTITY IF EXISTS", "other +if-exists"},
        {"ALTER a DROP EXPRESSION", "other"},
        {"ALTER a SET STATISTICS 5", "light"},
        {"ALTER a SET (n_distinct = 5)", "light"},
        {"ALTER a RESET (n_distinct)", "light"},
        {"ALTER a SET STORAGE EXTERNAL", "other"},
        {"ALTER a SET COMPRESSION lz4", "other"},
    };
    ASSERT_ACTIONS(facts);
}

static void constraints_are_added(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"ADD CHECK (a > 0)", "add-check"},
        {"ADD CONSTRAINT \"k,\" CHECK (a > 0) NO INHERIT NOT VALID",
         "add-check +not-valid +no-inherit constraint k,"},
        {"ADD CONSTRAINT f FOREIGN KEY (a, b) REFERENCES s.p (x, y) MATCH FULL",
         "add-foreign-key column a/2 constraint f other s.p"},
        {"ADD FOREIGN KEY (a) REFERENCES p DEFERRABLE INITIALLY DEFERRED NOT VALID",
         "add-foreign-key +not-valid +deferrable +deferred column a other p"},
        {"ADD CONSTRAINT u UNIQUE (a, b) INCLUDE (c) WITH (fillfactor = 70) "
         "USING INDEX TABLESPACE x DEFERRABLE",
         "add-unique +deferrable column a/2 constraint u"},
        {"ADD UNIQUE NULLS NOT DISTINCT (a)", "add-unique column a"},
        {"ADD CONSTRAINT u UNIQUE USING INDEX i", "add-unique +using-index constraint u other i"},
        {"ADD PRIMARY KEY (id)", "add-primary-key column id"},
        {"ADD CONSTRAINT k PRIMARY KEY USING INDEX \"I\" INITIALLY DEFERRED",
         "add-primary-key +using-index +deferrable +deferred constraint k other I"},
        {"ADD CONSTRAINT x EXCLUDE USING gist (a WITH =, b WITH &&)", "add-exclusion constraint x"},
    };
    ASSERT_ACTIONS(facts);
}

static void constraints_are_changed(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"VALIDATE CONSTRAINT c", "validate constraint c"},
        {"DROP CONSTRAINT c", "drop-constraint constraint c"},
        {"DROP CONSTRAINT IF EXISTS c CASCADE", "drop-constraint +if-exists +cascade constraint c"},
        {"ALTER CONSTRAINT c DEFERRABLE INITIALLY DEFERRED",
         "alter-constraint +deferrable +deferred constraint c"},
        {"RENAME CONSTRAINT c TO d", "rename-constraint constraint c other d"},
    };
    ASSERT_ACTIONS(facts);
}

static void tables_are_changed(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"ATTACH PARTITION s.p FOR VALUES IN (1, 2)", "attach-partition other s.p"},
        {"ATTACH PARTITION p FOR VALUES FROM (1) TO (2)", "attach-partition other p"},
        {"ATTACH PARTITION p DEFAULT", "attach-partition +default-bound other p"},
        {"DETACH PARTITION p", "detach-partition other p"},
        {"DETACH PARTITION p CONCURRENTLY", "detach-partition +concurrently other p"},
        {"DETACH PARTITION s.p FINALIZE", "detach-partition +concurrently other s.p"},
        {"SET LOGGED", "set-logged"},
        {"SET UNLOGGED", "set-unlogged"},
        {"SET TABLESPACE x", "set-tablespace other x"},
        {"SET ACCESS METHOD heap", "set-access-method other heap"},
        {"SET (fillfactor = 70, autovacuum_enabled = off)", "light"},
        {"SET (toast.autovacuum_enabled = off)", "light"},
        {"SET (fillfactor = 70, user_catalog_table = true)", "other"},
        {"RESET (fillfactor)", "light"},
        {"CLUSTER ON i", "light"},
        {"SET WITHOUT CLUSTER", "light"},
        {"DISABLE TRIGGER x", "disable-trigger other x"},
        {"DISABLE TRIGGER ALL", "disable-trigger +all"},
        {"DISABLE TRIGGER USER", "disable-trigger +all"},
        {"ENABLE TRIGGER x", "other"},
        {"ENABLE ROW LEVEL SECURITY", "other"},
        {"INHERIT p", "other"},
        {"NO INHERIT p", "other"},
        {"REPLICA IDENTITY USING INDEX i", "other"},
        {"OWNER TO r", "other"},
        {"RENAME TO u", "rename-table other u"},
        {"RENAME a TO b", "rename-column column a other b"},
        {"RENAME COLUMN \"A\" TO \"B\"", "rename-column column A other B"},
        {"SET SCHEMA s", "set-schema other s.t"},
    };
    ASSERT_ACTIONS(facts);
}

static void newer_forms_have_their_facts(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"ALTER a SET EXPRESSION AS (b + 1)", "set-expression column a"},
        {"ADD a int GENERATED ALWAYS AS (b) VIRTUAL", "add-column +virtual column a type int4"},
        {"ADD a int GENERATED ALWAYS AS (b)", "add-column +virtual column a type int4"},
        {"ADD NOT NULL a", "add-not-null column a"},
        {"ADD CONSTRAINT n NOT NULL a NO INHERIT NOT VALID",
         "add-not-null +not-valid +no-inherit column a constraint n"},
        {"ADD CHECK (a > 0) NOT ENFORCED", "add-check +not-valid"},
        {"ADD CHECK (a > 0) ENFORCED", "add-check"},
        {"ALTER CONSTRAINT c ENFORCED", "alter-constraint +enforced constraint c"},
        {"ALTER CONSTRAINT c NOT ENFORCED", "alter-constraint constraint c"},
        {"ALTER CONSTRAINT c INHERIT", "alter-constraint constraint c"},
        {"ADD UNIQUE (a, b WITHOUT OVERLAPS)", "add-unique column a/2"},
        {"ADD a uuid DEFAULT uuidv7()", "add-column +default +volatile column a type uuid"},
    };
    ASSERT_NEWER_ACTIONS(facts);
}

static void places_are_found(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"ALTER TABLE t ADD a int, DROP b", "ADD a int|DROP b"},
        {"alter table if exists only s.t add a int,drop b;", "add a int|drop b"},
        {"ALTER TABLE ONLY (s.t) ADD a int , DROP b ", "ADD a int|DROP b"},
        {"ALTER TABLE t * ADD a int", "ADD a int"},
        {"ALTER TABLE a . b . c ADD a int", "ADD a int"},
        {"ALTER TABLE \"a,b\".\"\"\"(\" ADD a int, DROP b", "ADD a int|DROP b"},
        {"ALTER TABLE U&\"d!0061t\" UESCAPE '!' ADD a int, DROP b", "ADD a int|DROP b"},
        {"ALTER TABLE größe ADD tür int, DROP schlüssel", "ADD tür int|DROP schlüssel"},
        {"ALTER/* TABLE x ADD */TABLE t--,\nADD a int -- one, or more\n,/*,*/DROP/*,*/b/*,*/",
         "ADD a int|DROP/*,*/b"},
        {"ALTER TABLE t ADD a numeric(10, 2), ADD b int[][] DEFAULT ARRAY[[1, 2], [3, 4]]",
         "ADD a numeric(10, 2)|ADD b int[][] DEFAULT ARRAY[[1, 2], [3, 4]]"},
        {"ALTER TABLE t ADD a text DEFAULT ',', ADD b text DEFAULT $x$,$,$x$, DROP \",\"",
         "ADD a text DEFAULT ','|ADD b text DEFAULT $x$,$,$x$|DROP \",\""},
        {"ALTER TABLE t ADD a text DEFAULT E'\\',(', ADD b text DEFAULT '('",
         "ADD a text DEFAULT E'\\',('|ADD b text DEFAULT '('"},
        {"ALTER TABLE t ADD a text DEFAULT 'x'\n', y', DROP b",
         "ADD a text DEFAULT 'x'\n', y'|DROP b"},
        {"ALTER TABLE t ADD CHECK (f(a, (b, c)) IN (1, 2)), VALIDATE CONSTRAINT c",
         "ADD CHECK (f(a, (b, c)) IN (1, 2))|VALIDATE CONSTRAINT c"},
        {"ALTER TABLE t RENAME TO u", "RENAME TO u"},
        {"ALTER TABLE IF EXISTS ONLY t RENAME COLUMN a TO b", "RENAME COLUMN a TO b"},
        {"ALTER TABLE s.t SET SCHEMA u", "SET SCHEMA u"},
        /* a table that is called like a word of the statement */
        {"ALTER TABLE exists ADD a int", "ADD a int"},
        {"ALTER TABLE add ADD a int", "ADD a int"},
        /* where this string ends depends on a setting */
        {"ALTER TABLE t ADD a text DEFAULT '\\', DROP b", "?|?"},
        {"ALTER TABLE t ADD a int, ADD b int, ADD c int, ADD d int, ADD e int, ADD f int, "
         "ADD g int, ADD h int, ADD i int",
         "?|?|?|?|?|?|?|?"},
        {"ALTER INDEX i SET (fillfactor = 70)", "?"},
        {"ALTER VIEW v ALTER a SET DEFAULT 1", "?"},
        {"ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b", ""},
        {"ALTER TABLE t OWNER TO r", "OWNER TO r"},
    };
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        struct parsed parsed = parse_text(facts[i].sql);
        char *places = describe_places(parsed.own, &parsed.statement);
        if (strcmp(places, facts[i].expected) != 0) {
            fail_msg("%s\n  is       %s\n  expected %s", facts[i].sql, places, facts[i].expected);
        }
        free(places);
        parsed_free(&parsed);
    }
}

/* Only what matters of relations that are no tables. */
static void other_relations_have_actions(void **state)
{
    (void)state;
    static const struct fact facts[] = {
        {"ALTER INDEX i SET (fillfactor = 70)", "light"},
        {"ALTER INDEX i ATTACH PARTITION j", "light"},
        {"ALTER INDEX i RENAME TO j", "light"},
        {"ALTER INDEX i SET TABLESPACE x", "set-tablespace"},
        {"ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 5", "light"},
        {"ALTER MATERIALIZED VIEW m SET ACCESS METHOD heap", "set-access-method"},
        {"ALTER MATERIALIZED VIEW m CLUSTER ON i, ALTER a SET STATISTICS 5", "light; light"},
        {"ALTER MATERIALIZED VIEW m RENAME COLUMN a TO b", "other"},
        {"ALTER VIEW v ALTER a SET DEFAULT random()", "other"},
        {"ALTER FOREIGN TABLE f ADD COLUMN a serial, DROP b", "other; other"},
        {"ALTER SEQUENCE q OWNER TO r", "other"},
        {"ALTER TYPE t ADD ATTRIBUTE a int", ""},
        {"ALTER TYPE t RENAME ATTRIBUTE a TO b", ""},
        {"CREATE TABLE t (a int)", ""},
    };
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        struct parsed parsed = parse_text(facts[i].sql);
        char *described = describe_actions(&parsed.statement);
        assert_string_equal(described, facts[i].expected);
        free(described);
        parsed_free(&parsed);
    }
}

static void *run(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_added),
        cmocka_unit_test(defaults_are_told_apart),
        cmocka_unit_test(columns_are_changed),
        cmocka_unit_test(constraints_are_added),
        cmocka_unit_test(constraints_are_changed),
        cmocka_unit_test(tables_are_changed),
        cmocka_unit_test(newer_forms_have_their_facts),
        cmocka_unit_test(places_are_found),
        cmocka_unit_test(other_relations_have_actions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? NULL : failed;
}

int main(void)
{
    return run_on_parser_stack(run);
}
