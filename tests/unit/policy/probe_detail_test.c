/* The rows that the probe's answer has for each action, foreign key and partition. */
#include "policy/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define SETTINGS "150020", "2s", "1min", "", "10min", "1s", "notice", "4711"
#define TARGET                                                                                     \
    "t", "p", "f", "f", "f", "3629056", "100000", "public", "big", "p", "f", "f", "f", "", "f",    \
        "", "", ""
#define MORE                                                                                       \
    "16384", "f", "app", "all", "t", "f", "t", "f", "DROP CONSTRAINT a", "t", "f", "t", "t", "t",  \
        "f"
#define NOTHING   "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", ""
#define COLUMNS   (8 + 18 + 15 + 19)
#define MORE_AT   (8 + 18)
#define DETAIL_AT (8 + 18 + 15)

static const char *const whole[] = {SETTINGS, TARGET, MORE, NOTHING};

/* The usual row with that detail; NULL: none. */
static bool read_detail(struct probe *probe, const char *const *detail, struct facts *facts)
{
    struct span columns[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++) {
        bool own = detail != NULL && i >= DETAIL_AT;
        columns[i] = span_text(own ? detail[i - DETAIL_AT] : whole[i]);
    }
    return probe_read(probe, 0, columns, COLUMNS, facts);
}

static void more_of_the_target_is_read(void **state)
{
    (void)state;
    struct probe probe = {.form = PROBE_TARGET, .count = 1};
    struct facts facts = {0};
    assert_true(read_detail(&probe, NULL, &facts));
    assert_int_equal(facts.target_oid, 16384);
    assert_false(facts.table_has_children);
    assert_string_equal(facts.partitioned.schema, "app");
    assert_string_equal(facts.partitioned.name, "all");
    assert_true(facts.default_partition);
    assert_false(facts.sibling_default);
    assert_true(facts.populated);
    assert_false(facts.has_full_unique_index);
    assert_true(facts.unproved_known);
    assert_string_equal(facts.drop_unproved, "DROP CONSTRAINT a");
    assert_true(facts.may_copy);
    assert_false(facts.two_phase);
    assert_true(facts.may_change);
    assert_true(facts.bound_provable);
    assert_true(facts.locked_here);
    assert_true(facts.partitions_known && facts.foreign_keys_known);
    assert_int_equal(facts.partition_count + facts.foreign_key_count, 0);
    assert_false(facts.actions[0].known);
    probe_free(&probe);
}

/* More names than there is room for: that is known not to be known, and nothing else is lost. */
static void too_many_unproved_constraints_are_not_known(void **state)
{
    (void)state;
    char many[300];
    memset(many, 'x', sizeof many);
    struct span columns[COLUMNS];
    struct probe probe = {.form = PROBE_TARGET, .count = 1};
    for (size_t i = 0; i < COLUMNS; i++) {
        columns[i] = span_text(whole[i]);
    }
    for (size_t length = 254; length < 258; length++) {
        struct facts facts = {0};
        columns[MORE_AT + 8] = span_of(many, length);
        assert_true(probe_read(&probe, 0, columns, COLUMNS, &facts));
        assert_int_equal(facts.unproved_known, length < sizeof facts.drop_unproved);
        assert_int_equal(strlen(facts.drop_unproved), facts.unproved_known ? length : 0);
    }
}

static void actions_are_read_by_number(void **state)
{
    (void)state;
    const char *const second[] = {"a",    "1", "2", "1",    "k_check", "k_fkey", "k_key",
                                  "k_nn", "c", "r", "8192", "t",       "f",      "t",
                                  "t",    "f", "f", "t",    "f"};
    const char *const first[] = {"a", "0", "", "", "", "", "only_key", "", "", "",
                                 "",  "",  "", "", "", "", "t",        "", "t"};
    struct probe probe = {.form = PROBE_TARGET, .count = 1};
    struct facts facts = {0};
    assert_true(read_detail(&probe, first, &facts));
    assert_true(read_detail(&probe, second, &facts));
    const struct action_facts *action = &facts.actions[1];
    assert_true(action->known && action->column_exists && action->column_proved);
    assert_false(action->column_not_null || action->constraint_valid || action->type_constrained);
    assert_true(action->constraint_exists && action->other_exists && action->default_partition);
    assert_int_equal(action->constraint_kind, 'c');
    assert_int_equal(action->other_kind, 'r');
    assert_int_equal(action->other_bytes, 8192);
    assert_false(action->keys_not_null);
    assert_int_equal(action->keys_nullable, 2);
    assert_true(action->unindexed);
    assert_string_equal(action->free_name, "k_check");
    assert_string_equal(action->free_check, "k_check");
    assert_string_equal(action->free_foreign_key, "k_fkey");
    assert_string_equal(action->free_key, "k_key");
    assert_string_equal(action->not_null_name, "k_nn");
    assert_int_equal(action->rewrites, ANSWER_UNKNOWN);
    assert_string_equal(facts.actions[0].free_name, "only_key");
    assert_true(facts.actions[0].keys_not_null && facts.actions[0].type_constrained);
    assert_int_equal(facts.actions[0].other_bytes, -1);
    assert_false(facts.actions[0].unindexed || facts.actions[2].known);
    probe_free(&probe);
}

static void nullable_columns_of_an_index_are_listed(void **state)
{
    (void)state;
    const char *const column[] = {"c", "0", "1", "", "", "", "a", "", "", "",
                                  "",  "",  "",  "", "", "", "",  "", ""};
    struct probe probe = {.form = PROBE_TARGET, .count = 1};
    struct facts facts = {0};
    for (size_t i = 0; i < KEY_COLUMNS_MAX; i++) {
        assert_true(read_detail(&probe, column, &facts));
        assert_string_equal(facts.nullable_keys[i], "a");
    }
    assert_int_equal(facts.nullable_key_count, KEY_COLUMNS_MAX);
    assert_false(read_detail(&probe, column, &facts));
    probe_free(&probe);
}

static void constraints_that_a_type_makes_again_are_listed(void **state)
{
    (void)state;
    const char *const check[] = {"r", "0", "", "", "k", "", "", "", "", "",
                                 "",  "t", "", "", "",  "", "", "", ""};
    const char *const other[] = {"r", "0", "", "", "f", "", "", "", "", "",
                                 "",  "f", "", "", "",  "", "", "", ""};
    struct probe probe = {.form = PROBE_TARGET, .count = 1};
    struct facts facts = {0};
    for (size_t i = 0; i < REBUILT_MAX; i++) {
        assert_true(read_detail(&probe, check, &facts));
        assert_string_equal(facts.rebuilt.checks[i], "k");
    }
    assert_false(facts.rebuilt.others);
    assert_true(read_detail(&probe, check, &facts)); /* one more than there is room for */
    assert_int_equal(facts.rebuilt.count, REBUILT_MAX);
    assert_true(facts.rebuilt.others);
    facts = (struct facts){0};
    assert_true(read_detail(&probe, other, &facts));
    assert_true(facts.rebuilt.count == 0 && facts.rebuilt.others);
    probe_free(&probe);
}

static void dropped_objects_are_listed(void **state)
{
    (void)state;
    const char *const first[] = {"d", "0", "16390", "", "app", "t", "", "", "i", "",
                                 "",  "t", "t",     "", "",    "",  "", "", ""};
    const char *const second[] = {"d", "1", "", "", "", "", "", "", "", "",
                                  "",  "f", "", "", "", "", "", "", ""};
    const char *beyond[] = {"d", "8", "", "", "", "", "", "", "", "",
                            "",  "f", "", "", "", "", "", "", ""};
    struct probe probe = {.form = PROBE_TARGET, .count = 1};
    struct facts facts = {0};
    assert_true(read_detail(&probe, first, &facts));
    assert_true(read_detail(&probe, second, &facts));
    assert_int_equal(facts.dropped_count, 2);
    assert_true(facts.dropped[0].exists && facts.dropped[0].droppable);
    assert_int_equal(facts.dropped[0].kind, 'i');
    assert_int_equal(facts.dropped[0].oid, 16390);
    assert_string_equal(facts.dropped[0].table.schema, "app");
    assert_string_equal(facts.dropped[0].table.name, "t");
    assert_false(facts.dropped[1].exists || facts.dropped[1].droppable);
    assert_false(read_detail(&probe, beyond, &facts)); /* no such object was asked about */
    probe_free(&probe);
}

static void foreign_keys_are_listed(void **state)
{
    (void)state;
    const char *const own[] = {"k", "0", "7", "",  "app", "par", "fk", "FOREIGN KEY (a)",
                               "",  "",  "",  "f", "t",   "t",   "",   "",
                               "",  "",  ""};
    const char *const other[] = {"k", "0", "8", "", "app", "child", "fk2", "", "", "",
                                 "",  "t", "f", "", "",    "",      "",    "", ""};
    struct probe probe = {.form = PROBE_TARGET, .count = 1};
    struct facts facts = {0};
    assert_true(read_detail(&probe, own, &facts));
    assert_true(read_detail(&probe, other, &facts));
    assert_int_equal(facts.foreign_key_count, 2);
    assert_string_equal(facts.foreign_keys[0].name, "fk");
    assert_string_equal(facts.foreign_keys[0].definition, "FOREIGN KEY (a)");
    assert_true(facts.foreign_keys[0].may_be_given);
    assert_string_equal(facts.foreign_keys[1].definition, "");
    assert_false(facts.foreign_keys[0].incoming);
    assert_true(facts.foreign_keys[0].valid);
    assert_string_equal(facts.foreign_keys[1].table.schema, "app");
    assert_string_equal(facts.foreign_keys[1].table.name, "child");
    assert_true(facts.foreign_keys[1].incoming);
    for (size_t i = 2; i < FOREIGN_KEYS_MAX; i++) {
        assert_true(facts.foreign_keys_known);
        assert_true(read_detail(&probe, own, &facts));
    }
    assert_true(facts.foreign_keys_known);
    assert_true(read_detail(&probe, own, &facts));
    assert_false(facts.foreign_keys_known);
    assert_int_equal(facts.foreign_key_count, FOREIGN_KEYS_MAX);
    assert_true(read_detail(&probe, NULL, &facts));
    assert_false(facts.foreign_keys_known); /* a later row does not make it whole */
    probe_free(&probe);
}

static void partitions_are_listed(void **state)
{
    (void)state;
    const char *leaf[] = {"p",    "1", "16390", "16384", "app", "p1", "p1_a_idx", "", "r", "",
                          "8192", "t", "",      "",      "t",   "",   "",         "", ""};
    char number[16];
    struct probe probe = {.form = PROBE_TARGET, .count = 1};
    struct facts facts = {0};
    for (unsigned i = 0; i <= PARTITIONS_MAX; i++) {
        assert_int_equal(facts.partition_count, i);
        assert_true(i == 0 || facts.partitions_known);
        (void)snprintf(number, sizeof number, "%u", 16390 + i);
        leaf[2] = number;
        assert_true(read_detail(&probe, leaf, &facts));
    }
    assert_false(facts.partitions_known);
    assert_int_equal(facts.partition_count, PARTITIONS_MAX);
    const struct partition_facts *last = &facts.partitions[PARTITIONS_MAX - 1];
    assert_int_equal(last->oid, 16390 + PARTITIONS_MAX - 1);
    assert_int_equal(last->parent, 16384);
    assert_string_equal(last->name.schema, "app");
    assert_string_equal(last->name.name, "p1");
    assert_string_equal(last->index_name, "p1_a_idx");
    assert_int_equal(last->kind, 'r');
    assert_int_equal(last->bytes, 8192);
    assert_true(last->is_default && last->has_own_index && !last->has_own_key);
    probe_free(&probe);
}

/* One row about the table, then one for each column of the key, in its order. */
static void what_filling_needs_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        enum fill_obstacle obstacle;
        bool good;
    } cases[] = {{"", FILL_FREE, true},       {"t", FILL_TRIGGER, true},
                 {"r", FILL_RULE, true},      {"s", FILL_ROW_SECURITY, true},
                 {"p", FILL_PRIVILEGE, true}, {"i", FILL_REPLICA_IDENTITY, true},
                 {"x", FILL_FREE, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *fill[] = {NOTHING};
        const char *key[] = {NOTHING};
        struct probe probe = {.form = PROBE_TARGET, .count = 1};
        struct facts facts = {0};
        fill[0] = "f";
        fill[8] = cases[i].code;
        fill[11] = "t";
        assert_int_equal(read_detail(&probe, fill, &facts), cases[i].good);
        assert_int_equal(facts.fill.known, cases[i].good);
        assert_int_equal(facts.fill.obstacle, cases[i].obstacle);
        assert_int_equal(facts.fill.may_own, cases[i].good);
        key[0] = "g";
        key[1] = "2";
        key[4] = "b";
        assert_false(read_detail(&probe, key, &facts)); /* the first one is missing */
        key[1] = "1";
        assert_true(read_detail(&probe, key, &facts));
        key[1] = "2";
        assert_true(read_detail(&probe, key, &facts));
        assert_int_equal(facts.fill.key_count, 2);
        assert_string_equal(facts.fill.key[1], "b");
        probe_free(&probe);
    }
}

static void details_of_no_known_kind_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *place;
        bool good;
    } cases[] = {{"", "", true},    {"a", "7", true},  {"a", "8", false}, {"a", "-1", false},
                 {"a", "x", false}, {"x", "0", false}, {"aa", "0", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *detail[] = {NOTHING};
        struct probe probe = {.form = PROBE_TARGET, .count = 1};
        struct facts facts = {0};
        detail[0] = cases[i].kind;
        detail[1] = cases[i].place;
        if (read_detail(&probe, detail, &facts) != cases[i].good) {
            fail_msg("%s %s", cases[i].kind, cases[i].place);
        }
        assert_int_equal(facts.known, cases[i].good);
        probe_free(&probe);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_of_the_target_is_read),
        cmocka_unit_test(too_many_unproved_constraints_are_not_known),
        cmocka_unit_test(actions_are_read_by_number),
        cmocka_unit_test(nullable_columns_of_an_index_are_listed),
        cmocka_unit_test(constraints_that_a_type_makes_again_are_listed),
        cmocka_unit_test(dropped_objects_are_listed),
        cmocka_unit_test(foreign_keys_are_listed),
        cmocka_unit_test(partitions_are_listed),
        cmocka_unit_test(what_filling_needs_is_read),
        cmocka_unit_test(details_of_no_known_kind_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
