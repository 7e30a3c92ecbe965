/* What statements cost, form by form: locks as initials, then what is rewritten, scanned and built
 * ('x' yes, '-' no, '?' nobody can tell without the server). The rows were measured on PostgreSQL
 * 11, 13, 15, 17 and 18 with pg_locks, pg_stat_user_tables and the server's debug messages. */
#include "policy/effect.h"

#include <stdio.h>

#include "tests/unit/policy/statements.h"

static const struct facts nothing_known = {0};

/* AccessExclusiveLock: AX; ShareUpdateExclusiveLock: SUX. */
static const char *initials(enum lock_mode mode)
{
    static const char *const names[] = {"-", "AS", "RS", "RX", "SUX", "S", "SRX", "X", "AX"};
    return names[mode];
}

/* "AX - -x-": on the table, elsewhere; rewrites, scans, builds. */
static void describe(const struct effect *effect, char *out, size_t size)
{
    static const char letters[] = "?-x";
    snprintf(out, size, "%s %s %c%c%c", initials(effect->lock), initials(effect->other_lock),
             letters[effect->rewrites], letters[effect->scans], letters[effect->builds]);
}

struct form {
    const char *sql;
    const char *effect;
    bool blocks_long;
};

static void check_forms(const struct form *forms, size_t count, const struct facts *facts,
                        uint32_t version)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        struct statement statement = statement_of(forms[i].sql);
        struct effect effect = effect_of(&statement, facts, version);
        char was[32];
        describe(&effect, was, sizeof was);
        if (strcmp(was, forms[i].effect) != 0 ||
            effect_blocks_long(&effect) != forms[i].blocks_long) {
            fprintf(stderr, "%s\n  expected %s%s\n  but was  %s%s\n", forms[i].sql, forms[i].effect,
                    forms[i].blocks_long ? " long" : "", was,
                    effect_blocks_long(&effect) ? " long" : "");
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

static void indexes_and_tables(void **state)
{
    (void)state;
    static const struct form forms[] = {
        {"CREATE INDEX i ON o (a)", "S - --x", true},
        {"CREATE INDEX i ON ONLY o (a)", "S - --?", true},
        {"CREATE INDEX CONCURRENTLY i ON o (a)", "SUX - --x", false},
        {"DROP INDEX i", "AX - ---", false},
        {"DROP INDEX i CASCADE", "AX AX ---", false},
        {"DROP INDEX CONCURRENTLY i", "SUX - ---", false},
        {"REINDEX TABLE o", "S AX --x", true},
        {"REINDEX (CONCURRENTLY) INDEX i", "SUX - --x", false},
        {"ALTER INDEX i SET (fillfactor = 60)", "SUX - ---", false},
        {"ALTER INDEX i RENAME TO j", "SUX - ---", false},
        {"CREATE TABLE n (a int)", "- - ---", false},
        {"CREATE TABLE n (a int REFERENCES p)", "- SRX ---", false},
        {"CREATE TABLE n PARTITION OF o FOR VALUES IN (1)", "AX AX -?-", true},
        {"CREATE TABLE n AS SELECT 1", "- AS ---", false},
        {"SELECT 1 INTO n", "- AS ---", false},
        {"DROP TABLE o", "AX AX ---", false},
        {"TRUNCATE o", "AX - ---", false},
        {"LOCK TABLE o", "AX - ---", false},
        {"LOCK TABLE o IN ROW EXCLUSIVE MODE", "RX - ---", false},
        {"VACUUM o", "SUX - -x-", false},
        {"VACUUM (FULL) o", "AX - x-x", true},
        {"CLUSTER o USING i", "AX - x-x", true},
        {"REFRESH MATERIALIZED VIEW m", "AX AS x-x", true},
        {"REFRESH MATERIALIZED VIEW CONCURRENTLY m", "X AS ---", false},
    };
    check_forms(forms, COUNT(forms), &nothing_known, 150000);
}

static void constraints(void **state)
{
    (void)state;
    static const struct form forms[] = {
        {"ALTER TABLE o ADD FOREIGN KEY (a) REFERENCES p", "SRX SRX -x-", true},
        {"ALTER TABLE o ADD FOREIGN KEY (a) REFERENCES p NOT VALID", "SRX SRX ---", false},
        {"ALTER TABLE o ADD CONSTRAINT c CHECK (a > 0)", "AX - -x-", true},
        {"ALTER TABLE o ADD CONSTRAINT c CHECK (a > 0) NOT VALID", "AX - ---", false},
        {"ALTER TABLE o VALIDATE CONSTRAINT c", "SUX RS -x-", false},
        {"ALTER TABLE o ADD UNIQUE (a)", "AX - --x", true},
        {"ALTER TABLE o ADD UNIQUE USING INDEX i", "AX - ---", false},
        {"ALTER TABLE o ADD PRIMARY KEY (a)", "AX - -?x", true},
        {"ALTER TABLE o ADD PRIMARY KEY USING INDEX i", "AX - -?-", true},
        {"ALTER TABLE o ADD EXCLUDE USING gist (a WITH &&)", "AX - --x", true},
        {"ALTER TABLE o ALTER a SET NOT NULL", "AX - -?-", true},
        {"ALTER TABLE o ALTER a DROP NOT NULL", "AX - ---", false},
        {"ALTER TABLE o DROP CONSTRAINT c", "AX AX ---", false},
        {"ALTER TABLE o RENAME CONSTRAINT c TO d", "AX - ---", false},
        {"ALTER TABLE o ALTER CONSTRAINT c DEFERRABLE", "AX - ---", false},
        /* One statement holds its strongest lock from the first to the last action. */
        {"ALTER TABLE o VALIDATE CONSTRAINT c, ADD COLUMN b int", "AX RS -x-", true},
        {"ALTER TABLE o SET (fillfactor = 60), ALTER a SET STATISTICS 9", "SUX - ---", false},
        /* More actions than are kept: the last one may be anything. */
        {"ALTER TABLE o ADD c1 int, ADD c2 int, ADD c3 int, ADD c4 int, ADD c5 int, ADD c6 int,"
         " ADD c7 int, ADD c8 int, ADD c9 int",
         "AX AX ???", true},
    };
    check_forms(forms, COUNT(forms), &nothing_known, 150000);
}

static void columns(void **state)
{
    (void)state;
    static const struct form forms[] = {
        {"ALTER TABLE o ADD b int", "AX - ---", false},
        {"ALTER TABLE o ADD b int DEFAULT 7", "AX - ---", false},
        {"ALTER TABLE o ADD b int NOT NULL DEFAULT 7", "AX - ---", false},
        {"ALTER TABLE o ADD b timestamptz DEFAULT now()", "AX - ---", false},
        {"ALTER TABLE o ADD b uuid DEFAULT gen_random_uuid()", "AX - x-?", true},
        {"ALTER TABLE o ADD b int DEFAULT mine()", "AX - ?-?", true},
        {"ALTER TABLE o ADD b serial", "AX - x-?", true},
        {"ALTER TABLE o ADD b bigint GENERATED ALWAYS AS IDENTITY", "AX - x-?", true},
        {"ALTER TABLE o ADD b int GENERATED ALWAYS AS (a) STORED", "AX - x-?", true},
        {"ALTER TABLE o ADD b mine", "AX - ?-?", true}, /* a domain, an enum? */
        {"ALTER TABLE o ADD b int CHECK (b > 0)", "AX - -x-", true},
        {"ALTER TABLE o ADD b int UNIQUE", "AX - --x", true},
        {"ALTER TABLE o ADD b serial PRIMARY KEY", "AX - x-x", true},
        {"ALTER TABLE o ADD b int REFERENCES p", "AX SRX ---", false},
        {"ALTER TABLE o ADD b int DEFAULT 1 REFERENCES p", "AX SRX -x-", true},
        {"ALTER TABLE o DROP b", "AX - ---", false},
        {"ALTER TABLE o RENAME a TO b", "AX - ---", false},
        {"ALTER TABLE o ALTER a TYPE bigint", "AX - ???", true},
        {"ALTER TABLE o ALTER a SET DEFAULT 5", "AX - ---", false},
        {"ALTER TABLE o ALTER a ADD GENERATED ALWAYS AS IDENTITY", "AX - ---", false},
        {"ALTER TABLE o ALTER a SET STORAGE EXTERNAL", "AX - ---", false},
    };
    check_forms(forms, COUNT(forms), &nothing_known, 150000);
}

static void other_statements(void **state)
{
    (void)state;
    static const struct form forms[] = {
        {"ALTER TABLE o ATTACH PARTITION n FOR VALUES IN (1)", "SUX AX -?-", true},
        {"ALTER TABLE o DETACH PARTITION n", "AX AX ---", false},
        {"ALTER TABLE o DETACH PARTITION n CONCURRENTLY", "SUX SUX ---", false},
        {"ALTER TABLE o SET UNLOGGED", "AX - ?-?", true},
        {"ALTER TABLE o SET TABLESPACE s", "AX - ?-?", true},
        {"ALTER TABLE ALL IN TABLESPACE s SET TABLESPACE r", "- AX x--", true},
        {"ALTER TABLE o SET SCHEMA s", "AX - ---", false},
        {"ALTER TABLE o DISABLE TRIGGER ALL", "SRX - ---", false},
        {"ALTER TABLE o ENABLE ROW LEVEL SECURITY", "AX - ---", false},
        {"ALTER TABLE o CLUSTER ON i", "SUX - ---", false},
        {"CREATE TRIGGER x BEFORE INSERT ON o EXECUTE FUNCTION f()", "SRX - ---", false},
        {"DROP TRIGGER x ON o", "AX - ---", false},
        {"CREATE POLICY x ON o", "AX - ---", false},
        {"CREATE RULE x AS ON DELETE TO o DO INSTEAD NOTHING", "AX - ---", false},
        {"COMMENT ON COLUMN o.a IS 'b'", "SUX - ---", false},
        {"CREATE STATISTICS x ON a, b FROM o", "- SUX ---", false},
        {"ALTER DOMAIN d ADD CHECK (VALUE > 0)", "- S -x-", true},
        {"ALTER DOMAIN d ADD CHECK (VALUE > 0) NOT VALID", "- - ---", false},
        {"ALTER DOMAIN d VALIDATE CONSTRAINT c", "- S -x-", true},
        {"ALTER DOMAIN d SET NOT NULL", "- S -x-", true},
        {"ALTER DOMAIN d DROP NOT NULL", "- - ---", false},
        {"ALTER TYPE e ADD VALUE 'v'", "- - ---", false},
        {"GRANT SELECT ON o TO r", "- - ---", false},
        {"DROP OWNED BY r", "- AX ---", false},
        {"DROP TYPE e CASCADE", "- AX ---", false},
        {"DO 'BEGIN END'", "- AX ???", true},
        {"ALTER TABLE o FROBNICATE", "AX AX ???", true},
    };
    check_forms(forms, COUNT(forms), &nothing_known, 150000);
}

static void versions_differ(void **state)
{
    (void)state;
    static const struct form eleven[] = {
        {"ALTER TABLE o ATTACH PARTITION n FOR VALUES IN (1)", "AX AX -?-", true},
        {"ALTER INDEX i RENAME TO j", "AX - ---", false},
        {"ALTER TABLE o ADD b int DEFAULT 7", "AX - ---", false},
    };
    static const struct form eighteen[] = {
        {"ALTER TABLE o ATTACH PARTITION n FOR VALUES IN (1)", "SUX AX -?-", true},
        {"ALTER INDEX i RENAME TO j", "SUX - ---", false},
    };
    check_forms(eleven, COUNT(eleven), &nothing_known, 110000);
    check_forms(eighteen, COUNT(eighteen), &nothing_known, 180000);
    /* The server's own word counts more than what was assumed of it. */
    const struct facts asked = {.known = true, .server_version = 110022};
    check_forms(eleven, COUNT(eleven), &asked, 180000);
}

/* What the catalog proves, on 15 and on 11, which does not use it; and what takes the proof away.
 */
static void a_proof_spares_the_scan(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        bool not_null, proved;
        uint32_t version;
        const char *effect;
    } cases[] = {
        {"ALTER TABLE o ALTER a SET NOT NULL", true, false, 150000, "AX - ---"},
        {"ALTER TABLE o ALTER a SET NOT NULL", false, true, 150000, "AX - ---"},
        {"ALTER TABLE o ALTER a SET NOT NULL", false, false, 150000, "AX - -x-"},
        {"ALTER TABLE o ALTER a SET NOT NULL", false, true, 110022, "AX - -x-"},
        {"ALTER TABLE o ALTER a SET NOT NULL, DROP CONSTRAINT k", false, true, 150000, "AX - -x-"},
        {"ALTER TABLE o DROP CONSTRAINT k, ALTER a SET NOT NULL", false, true, 150000, "AX - -x-"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct statement statement = statement_of(cases[i].sql);
        struct facts facts = {.known = true, .server_version = cases[i].version};
        for (size_t k = 0; k < statement.action_count; k++) {
            facts.actions[k] = (struct action_facts){.known = true,
                                                     .constraint_kind = 'c',
                                                     .column_not_null = cases[i].not_null,
                                                     .column_proved = cases[i].proved};
        }
        char was[32];
        struct effect effect = effect_of(&statement, &facts, 0);
        describe(&effect, was, sizeof was);
        assert_string_equal(was, cases[i].effect);
    }
}

/* The server's answer decides what the words leave open, and never makes less of what they say. */
static void the_server_is_believed(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        enum answer rewrites, scans, builds;
        bool constrained, keys_not_null;
        const char *effect;
    } cases[] = {
        {"ALTER TABLE o ALTER a TYPE text", ANSWER_NO, ANSWER_NO, ANSWER_NO, false, false,
         "AX - ---"},
        {"ALTER TABLE o ALTER a TYPE text", ANSWER_NO, ANSWER_NO, ANSWER_YES, false, false,
         "AX - --x"},
        {"ALTER TABLE o ALTER a TYPE text", ANSWER_YES, ANSWER_NO, ANSWER_NO, false, false,
         "AX - x-?"},
        {"ALTER TABLE o ALTER a TYPE text", ANSWER_UNKNOWN, ANSWER_UNKNOWN, ANSWER_UNKNOWN, false,
         false, "AX - ???"},
        {"ALTER TABLE o ADD b int DEFAULT mine()", ANSWER_NO, ANSWER_NO, ANSWER_NO, false, false,
         "AX - ---"},
        {"ALTER TABLE o ADD b int DEFAULT 1", ANSWER_YES, ANSWER_NO, ANSWER_NO, false, false,
         "AX - x-?"},
        {"ALTER TABLE o ADD b mine", ANSWER_UNKNOWN, ANSWER_UNKNOWN, ANSWER_UNKNOWN, true, false,
         "AX - x-?"},
        {"ALTER TABLE o ADD b mine", ANSWER_UNKNOWN, ANSWER_UNKNOWN, ANSWER_UNKNOWN, false, false,
         "AX - ---"},
        {"ALTER TABLE o ADD FOREIGN KEY (a) REFERENCES p", ANSWER_UNKNOWN, ANSWER_NO, ANSWER_NO,
         false, false, "SRX SRX -x-"},
        {"ALTER TABLE o ADD PRIMARY KEY USING INDEX i", ANSWER_NO, ANSWER_UNKNOWN, ANSWER_NO, false,
         true, "AX - ---"},
        {"ALTER TABLE o ADD PRIMARY KEY USING INDEX i", ANSWER_NO, ANSWER_UNKNOWN, ANSWER_NO, false,
         false, "AX - -x-"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct statement statement = statement_of(cases[i].sql);
        struct facts facts = {.known = true, .server_version = 150020};
        facts.actions[0] = (struct action_facts){.known = true,
                                                 .type_constrained = cases[i].constrained,
                                                 .keys_not_null = cases[i].keys_not_null,
                                                 .rewrites = cases[i].rewrites,
                                                 .scans = cases[i].scans,
                                                 .builds = cases[i].builds};
        char was[32];
        struct effect effect = effect_of(&statement, &facts, 0);
        describe(&effect, was, sizeof was);
        assert_string_equal(was, cases[i].effect);
    }
}

/* Every action has a row: the assertion within would end the test. */
static void every_action_has_a_cost(void **state)
{
    (void)state;
    for (int kind = 0; kind <= ALTER_LIGHT; kind++) {
        struct statement statement = {
            .kind = STATEMENT_ALTER_TABLE, .tag = "ALTER TABLE", .action_count = 1};
        statement.actions[0].kind = (enum alter_kind)kind;
        assert_true(effect_of_action(&statement, 0, &nothing_known, 0).lock > LOCK_NONE);
        assert_true(alter_kind_name((enum alter_kind)kind)[0] != '\0');
    }
    assert_string_equal(lock_mode_name(LOCK_NONE), "");
    assert_string_equal(lock_mode_name(LOCK_SHARE_ROW_EXCLUSIVE), "ShareRowExclusiveLock");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(indexes_and_tables),
        cmocka_unit_test(constraints),
        cmocka_unit_test(columns),
        cmocka_unit_test(other_statements),
        cmocka_unit_test(versions_differ),
        cmocka_unit_test(a_proof_spares_the_scan),
        cmocka_unit_test(the_server_is_believed),
        cmocka_unit_test(every_action_has_a_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
