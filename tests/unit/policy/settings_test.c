/* Which overrides hold for whom. */
#include "policy/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/guard.h"

static const struct statement on_audit_log = {
    .kind = STATEMENT_ALTER_TABLE,
    .target = {"audit", "log"},
    .objects = {{"alter", "table", {"audit", "log"}}},
    .object_count = 1,
};
static const struct statement on_two = {
    .kind = STATEMENT_DROP_TABLE,
    .objects = {{"drop", "table", {"", "orders"}}, {"drop", "table", {"audit", "log"}}},
    .object_count = 2,
};
static const struct statement on_bare_log = {
    .kind = STATEMENT_ALTER_TABLE,
    .target = {"", "log"},
};
static const struct statement on_nothing = {.kind = STATEMENT_DO};

static void an_override_is_for_those_it_names(void **state)
{
    (void)state;
    static const char *const staging[] = {"staging", "test_*"};
    static const char *const etl[] = {"etl"};
    static const char *const audit[] = {"audit.*"};
    static const char *const orders[] = {"ord?rs", "log"};
    const struct override everybody = {0};
    const struct override databases = {.databases = staging, .databases_count = 2};
    const struct override users = {.users = etl, .users_count = 1};
    const struct override applications = {.applications = etl, .applications_count = 1};
    const struct override in_audit = {.tables = audit, .tables_count = 1};
    const struct override bare = {.tables = orders, .tables_count = 2};
    struct client_pattern office;
    assert_true(client_pattern_parse("10.0.0.0/8", &office));
    const struct override addresses = {.addresses = &office, .addresses_count = 1};
    const struct override until = {.until_us = 1000};
    const struct override both = {
        .databases = staging, .databases_count = 2, .tables = audit, .tables_count = 1};
    const struct {
        const char *what;
        const struct override *override;
        struct identity who;
        const struct statement *statement;
        bool expected;
    } cases[] = {
        {"empty lists match all", &everybody, {"", "", "", "", 0}, &on_nothing, true},
        {"database", &databases, {"staging", "u", "a", "", 0}, &on_nothing, true},
        {"second pattern", &databases, {"test_1", "u", "a", "", 0}, &on_nothing, true},
        {"other database", &databases, {"production", "u", "a", "", 0}, &on_nothing, false},
        {"user", &users, {"d", "etl", "a", "", 0}, &on_nothing, true},
        {"other user", &users, {"d", "app", "etl", "", 0}, &on_nothing, false},
        {"application", &applications, {"d", "u", "etl", "", 0}, &on_nothing, true},
        {"schema", &in_audit, {"d", "u", "a", "", 0}, &on_audit_log, true},
        {"one of two objects", &in_audit, {"d", "u", "a", "", 0}, &on_two, true},
        {"schema not told", &in_audit, {"d", "u", "a", "", 0}, &on_bare_log, false},
        {"no table at all", &in_audit, {"d", "u", "a", "", 0}, &on_nothing, false},
        {"bare pattern, any schema", &bare, {"d", "u", "a", "", 0}, &on_audit_log, true},
        {"bare pattern, bare name", &bare, {"d", "u", "a", "", 0}, &on_bare_log, true},
        {"address", &addresses, {"d", "u", "a", "10.1.2.3:4", 0}, &on_nothing, true},
        {"other address", &addresses, {"d", "u", "a", "unix", 0}, &on_nothing, false},
        {"still", &until, {"d", "u", "a", "", 999}, &on_nothing, true},
        {"not any more", &until, {"d", "u", "a", "", 1000}, &on_nothing, false},
        {"all lists must match", &both, {"production", "u", "a", "", 0}, &on_audit_log, false},
        {"and do", &both, {"staging", "u", "a", "", 0}, &on_audit_log, true},
    };
    const struct settings base = settings_default();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct override override = *cases[i].override;
        override.has_profile = true;
        override.profile = PROFILE_STRICT;
        struct settings out =
            settings_resolve(&base, &override, 1, &cases[i].who, cases[i].statement);
        if ((out.profile == PROFILE_STRICT) != cases[i].expected) {
            fail_msg("%s", cases[i].what);
        }
    }
}

static void overrides_are_laid_over_in_order(void **state)
{
    (void)state;
    struct settings base = settings_default();
    base.actions[0] = ACTION_BLOCK;
    base.actions[1] = ACTION_WARN;
    struct override overrides[2] = {{.has_mode = true, .mode = MODE_OBSERVE},
                                    {.has_profile = true, .profile = PROFILE_OBSERVE}};
    overrides[0].actions[0] = ACTION_WARN;
    overrides[1].actions[0] = ACTION_ALLOW;
    overrides[1].actions[RULES_MAX - 1] = ACTION_REWRITE;
    const struct identity who = {"d", "u", "a", "", 0};
    struct settings out = settings_resolve(&base, overrides, 2, &who, &on_nothing);
    assert_int_equal(out.mode, MODE_OBSERVE);
    assert_int_equal(out.profile, PROFILE_OBSERVE);
    assert_int_equal(out.actions[0], ACTION_ALLOW);
    assert_int_equal(out.actions[1], ACTION_WARN); /* what nobody speaks of stays */
    assert_int_equal(out.actions[RULES_MAX - 1], ACTION_REWRITE);
    assert_int_equal(out.timeouts.lock_ms, base.timeouts.lock_ms);
    /* Who has said so. */
    assert_int_equal(out.profile_origin.kind, ORIGIN_OVERRIDE);
    assert_int_equal(out.profile_origin.override, 1);
    assert_int_equal(out.origins[0].kind, ORIGIN_OVERRIDE);
    assert_int_equal(out.origins[0].override, 1);
    assert_int_equal(out.origins[1].kind, ORIGIN_BASE);
    out = settings_resolve(&base, overrides, 0, &who, &on_nothing);
    assert_memory_equal(&out, &base, sizeof base);
}

static struct object_name name_of(const char *name)
{
    struct object_name out = {0};
    memcpy(out.name, name, strlen(name));
    return out;
}

static void no_table_is_let_off_by_another(void **state)
{
    (void)state;
    static const char *const tables[] = {"staging_*"};
    struct override lax = {.tables = tables,
                           .tables_count = 1,
                           .has_mode = true,
                           .mode = MODE_OBSERVE,
                           .has_profile = true,
                           .profile = PROFILE_OBSERVE};
    lax.actions[0] = ACTION_ALLOW;
    struct settings base = settings_default();
    base.mode = MODE_ENFORCE;
    base.actions[0] = ACTION_BLOCK;
    const struct identity who = {"d", "u", "a", "", 0};
    struct statement drop = {.kind = STATEMENT_DROP_TABLE, .object_count = 2};
    drop.objects[0].name = name_of("staging_a");
    drop.objects[1].name = name_of("staging_b");
    assert_int_equal(settings_resolve(&base, &lax, 1, &who, &drop).mode, MODE_OBSERVE);
    drop.objects[1].name = name_of("orders");
    for (int turn = 0; turn < 2; turn++) { /* in either order */
        struct settings out = settings_resolve(&base, &lax, 1, &who, &drop);
        assert_int_equal(out.mode, MODE_ENFORCE);
        assert_int_equal(out.profile, PROFILE_GUARD);
        assert_int_equal(out.actions[0], ACTION_BLOCK);
        assert_int_equal(out.origins[0].kind, ORIGIN_BASE);
        drop.objects[1].name = name_of("staging_b");
        drop.objects[0].name = name_of("orders");
    }
    /* What is the same for both stays what it is. */
    struct settings same = base;
    settings_tighten(&same, &base);
    assert_int_equal(same.actions[0], ACTION_BLOCK);
    assert_int_equal(same.actions[1], ACTION_DEFAULT);
    /* Nor by those that are too many to be known. */
    for (size_t i = 0; i < STATEMENT_OBJECTS_MAX; i++) {
        drop.objects[i].name = name_of("staging_a");
    }
    drop.object_count = STATEMENT_OBJECTS_MAX + 1;
    assert_int_equal(settings_resolve(&base, &lax, 1, &who, &drop).mode, MODE_ENFORCE);
    /* Nor by the name that somebody gives to its index. */
    struct statement index = {.kind = STATEMENT_CREATE_INDEX,
                              .target = name_of("orders"),
                              .index = name_of("staging_i"),
                              .object_count = 1};
    index.objects[0].name = index.index;
    assert_int_equal(settings_resolve(&base, &lax, 1, &who, &index).mode, MODE_ENFORCE);
}

static void only_named_roles_may_comment(void **state)
{
    (void)state;
    static const char *const users[] = {"deploy", "dba_*"};
    struct settings base = settings_default();
    const struct identity deploy = {"d", "deploy", "a", "", 0}, dba = {"d", "dba_1", "a", "", 0};
    const struct identity other = {"d", "app", "deploy", "", 0};
    /* An empty list names nobody, unlike an override's. */
    assert_false(settings_resolve(&base, NULL, 0, &deploy, &on_nothing).may_comment);
    base.comment_users = users;
    base.comment_users_count = 2;
    assert_true(settings_resolve(&base, NULL, 0, &deploy, &on_nothing).may_comment);
    assert_true(settings_resolve(&base, NULL, 0, &dba, &on_nothing).may_comment);
    assert_false(settings_resolve(&base, NULL, 0, &other, &on_nothing).may_comment);
}

/* The stored objects are the first eight; the count tells of more. */
static void a_statement_of_many_objects_is_not_read_beyond_its_array(void **state)
{
    (void)state;
    static const char *const other[] = {"nothing.*", "nothing"};
    struct statement many = {.kind = STATEMENT_DROP_TABLE, .object_count = 1000000};
    const struct override override = {
        .tables = other, .tables_count = 2, .has_profile = true, .profile = PROFILE_STRICT};
    const struct settings base = settings_default();
    const struct identity who = {"d", "u", "a", "", 0};
    struct settings out = settings_resolve(&base, &override, 1, &who, &many);
    assert_int_equal(out.profile, PROFILE_GUARD);
}

/* Two names of 63 bytes and a dot fit the room that a pattern is compared in. */
static void the_longest_names_fit(void **state)
{
    (void)state;
    static const char *const pattern[] = {"s*.t*t"};
    struct statement longest = {.kind = STATEMENT_ALTER_TABLE};
    memset(longest.target.schema, 's', NAME_BYTES - 1);
    memset(longest.target.name, 't', NAME_BYTES - 1);
    const struct override override = {
        .tables = pattern, .tables_count = 1, .has_profile = true, .profile = PROFILE_STRICT};
    const struct settings base = settings_default();
    const struct identity who = {"d", "u", "a", "", 0};
    struct settings out = settings_resolve(&base, &override, 1, &who, &longest);
    assert_int_equal(out.profile, PROFILE_STRICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_override_is_for_those_it_names),
        cmocka_unit_test(overrides_are_laid_over_in_order),
        cmocka_unit_test(no_table_is_let_off_by_another),
        cmocka_unit_test(only_named_roles_may_comment),
        cmocka_unit_test(a_statement_of_many_objects_is_not_read_beyond_its_array),
        cmocka_unit_test(the_longest_names_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
