/* Migration tools, by what they send before they change anything, and the hints that name their
 * way. */
#include "policy/migration_tool.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "policy/rule.h"
#include "tests/unit/guard.h"

/* As seen on the wire. */
static const struct {
    const char *text;
    enum migration_tool tool;
} texts[] = {
    {"select relname from pg_class c where relname='alembic_version'", TOOL_ALEMBIC},
    {"SELECT pg_try_advisory_lock(2686470616)", TOOL_ATLAS},
    {"SELECT \"version\" FROM \"atlas_schema_revisions\".\"atlas_schema_revisions\"", TOOL_ATLAS},
    {"SELECT \"django_migrations\".\"id\" FROM \"django_migrations\"", TOOL_DJANGO},
    {"LOCK TABLE \"__EFMigrationsHistory\" IN ACCESS EXCLUSIVE MODE", TOOL_EF_CORE},
    {"SELECT \"installed_rank\" FROM \"public\".\"flyway_schema_history\"", TOOL_FLYWAY},
    {"SELECT version, dirty FROM \"public\".\"schema_migrations\" LIMIT 1", TOOL_GOLANG_MIGRATE},
    {"SELECT version_id, is_applied from goose_db_version", TOOL_GOOSE},
    {"update \"knex_migrations_lock\" set \"is_locked\" = $1", TOOL_KNEX},
    {"SELECT COUNT(*) FROM public.DATABASECHANGELOGLOCK", TOOL_LIQUIBASE},
    {"select pg_try_advisory_lock(7241865325823964) as \"lockObtained\"", TOOL_NODE_PG_MIGRATE},
    {"SELECT name FROM \"public\".\"pgmigrations\" ORDER BY run_on", TOOL_NODE_PG_MIGRATE},
    {"SELECT pg_advisory_lock(72707369)", TOOL_PRISMA},
    {"INSERT INTO \"_prisma_migrations\" (\"id\", \"checksum\") VALUES ($1, $2)", TOOL_PRISMA},
    {"SELECT \"schema_migrations\".\"version\" FROM \"schema_migrations\"", TOOL_RAILS},
    {"SELECT * FROM \"ar_internal_metadata\" WHERE \"key\" = 'environment'", TOOL_RAILS},
    {"SELECT \"name\" FROM \"SequelizeMeta\" AS \"SequelizeMeta\"", TOOL_SEQUELIZE},
    {"SELECT change_id FROM sqitch.changes", TOOL_SQITCH},
    {"SELECT version FROM _sqlx_migrations WHERE success = false", TOOL_SQLX},
    {"SELECT * FROM \"migrations\" \"migrations\" ORDER BY \"id\" DESC", TOOL_TYPEORM},
    {"SELECT 1", TOOL_NONE},
    {"SELECT * FROM migrations", TOOL_NONE},
    {"alembic_versio", TOOL_NONE}, /* ends where memory does */
    {"", TOOL_NONE},
};

static int same(int letter)
{
    return letter;
}

/* In any case. */
static void each_tool_is_known_by_its_texts(void **state)
{
    (void)state;
    int (*const changes[])(int) = {same, toupper, tolower};
    for (size_t i = 0; i < sizeof texts / sizeof *texts * 3; i++) {
        struct guard guard = guard_new(256);
        struct migration_watch watch = {0};
        char text[256] = "";
        for (size_t at = 0; texts[i / 3].text[at] != '\0'; at++) {
            text[at] = (char)changes[i % 3](texts[i / 3].text[at]);
        }
        migration_watch_see(&watch, guard_place(&guard, span_text(text)));
        if (watch.tool != texts[i / 3].tool) {
            fail_msg("%s: %s", text, migration_tool_name(watch.tool));
        }
        guard_free(&guard);
    }
}

/* Letters that marks have, but no mark, before it, and nothing behind it. */
static void a_mark_is_found_anywhere(void **state)
{
    (void)state;
    static const char *const before[] = {"", "group by levels ", "GEGRVEVIYWL_QUQI", "pgmigration"};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        struct guard guard = guard_new(256);
        struct migration_watch watch = {0};
        char text[256];
        snprintf(text, sizeof text, "%sversion, dirty FROM", before[i]);
        migration_watch_see(&watch, guard_place(&guard, span_text(text)));
        assert_int_equal(watch.tool, TOOL_GOLANG_MIGRATE);
        guard_free(&guard);
    }
}

static void some_set_their_application_name(void **state)
{
    (void)state;
    assert_int_equal(migration_tool_of_application("Flyway by Redgate"), TOOL_FLYWAY);
    assert_int_equal(migration_tool_of_application("bin/rails"), TOOL_RAILS);
    assert_int_equal(migration_tool_of_application("sqitch"), TOOL_SQITCH);
    assert_int_equal(migration_tool_of_application("psql"), TOOL_NONE);
    assert_int_equal(migration_tool_of_application(""), TOOL_NONE);
}

/* What an application does all day is not looked at; and the first tool stays. */
static void only_the_beginning_of_a_session_is_looked_at(void **state)
{
    (void)state;
    struct span history = span_text("SELECT * FROM alembic_version");
    struct migration_watch watch = {0};
    for (size_t i = 0; i < 64; i++) {
        migration_watch_see(&watch, span_text("SELECT 1"));
    }
    migration_watch_see(&watch, history);
    assert_int_equal(watch.tool, TOOL_NONE);
    watch = (struct migration_watch){0};
    migration_watch_see(&watch, history);
    migration_watch_see(&watch, span_text("SELECT * FROM django_migrations"));
    assert_int_equal(watch.tool, TOOL_ALEMBIC);
}

static void hint_is(const char *rule, enum migration_tool tool, const char *beginning)
{
    const struct statement statement = {.tag = ""};
    const struct facts facts = {0};
    struct buffer hint = {0};
    rule_append_hint(rules_at((size_t)rules_find(rule)), &statement, span_text(""), &facts, tool,
                     &hint);
    assert_true(span_is(span_cut(buffer_span(&hint), 0, strlen(beginning)), beginning));
    buffer_free(&hint);
}

static void a_hint_names_the_way_of_the_tool_at_hand(void **state)
{
    (void)state;
    hint_is("require-concurrent-index-creation", TOOL_ALEMBIC,
            "Run it alone and outside a transaction block: Alembic: with op.get_context()."
            "autocommit_block(): around it.");
    hint_is("require-concurrent-index-creation", TOOL_NONE,
            "Run it alone and outside a transaction block: Rails disable_ddl_transaction!, Django");
    hint_is("disallowed-unique-constraint", TOOL_FLYWAY,
            "Run alone and outside a transaction block (Flyway: executeInTransaction=false in the"
            " .conf file beside its script) it is made safe. By hand: CREATE UNIQUE INDEX");
    hint_is("disallowed-unique-constraint", TOOL_NONE,
            "Run alone and outside a transaction block it is made safe. By hand: CREATE");
    for (int tool = TOOL_NONE + 1; tool <= TOOL_TYPEORM; tool++) {
        assert_true(migration_tool_name((enum migration_tool)tool)[0] != '\0');
        assert_true(migration_tool_way((enum migration_tool)tool)[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_tool_is_known_by_its_texts),
        cmocka_unit_test(a_mark_is_found_anywhere),
        cmocka_unit_test(some_set_their_application_name),
        cmocka_unit_test(only_the_beginning_of_a_session_is_looked_at),
        cmocka_unit_test(a_hint_names_the_way_of_the_tool_at_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
