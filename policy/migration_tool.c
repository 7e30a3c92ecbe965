/* The marks that migration tools leave on the wire. */
#include "policy/migration_tool.h"

#include <strings.h>

/* Tools have looked at their history within this many texts (a dozen, as measured; Django and Rails
 * ask for types and tables first), and name its table within this many bytes. */
#define SEEN_TEXTS_MOST 64u
#define SEEN_BYTES_MOST 512u

const char *migration_tool_name(enum migration_tool tool)
{
    static const char *const names[] = {
#define X(name, text, way) text,
        MIGRATION_TOOLS(X)
#undef X
    };
    return names[tool];
}

const char *migration_tool_way(enum migration_tool tool)
{
    static const char *const ways[] = {
#define X(name, text, way) way,
        MIGRATION_TOOLS(X)
#undef X
    };
    return ways[tool];
}

struct mark {
    const char *text; /* in any case */
    enum migration_tool tool;
};

static const struct mark text_marks[] = {
    {"alembic_version", TOOL_ALEMBIC},
    {"atlas_schema_revisions", TOOL_ATLAS},
    {"pg_try_advisory_lock(2686470616)", TOOL_ATLAS},
    {"django_migrations", TOOL_DJANGO},
    {"__EFMigrationsHistory", TOOL_EF_CORE},
    {"flyway_schema_history", TOOL_FLYWAY},
    {"version, dirty FROM", TOOL_GOLANG_MIGRATE},
    {"goose_db_version", TOOL_GOOSE},
    {"knex_migrations", TOOL_KNEX},
    {"databasechangelog", TOOL_LIQUIBASE},
    {"pgmigrations", TOOL_NODE_PG_MIGRATE},
    {"advisory_lock(7241865325823964)", TOOL_NODE_PG_MIGRATE},
    {"_prisma_migrations", TOOL_PRISMA},
    {"pg_advisory_lock(72707369)", TOOL_PRISMA},
    {"ar_internal_metadata", TOOL_RAILS},
    {"\"schema_migrations\".\"version\"", TOOL_RAILS},
    {"SequelizeMeta", TOOL_SEQUELIZE},
    {"sqitch.changes", TOOL_SQITCH},
    {"_sqlx_migrations", TOOL_SQLX},
    {"FROM \"migrations\" \"migrations\"", TOOL_TYPEORM},
};

static const struct mark application_marks[] = {
    {"flyway", TOOL_FLYWAY},
    {"liquibase", TOOL_LIQUIBASE},
    {"bin/rails", TOOL_RAILS},
    {"sqitch", TOOL_SQITCH},
    {"alembic", TOOL_ALEMBIC},
    {"atlas", TOOL_ATLAS},
    {"golang-migrate", TOOL_GOLANG_MIGRATE},
};

static bool mark_is_in(struct span text, const char *mark)
{
    size_t length = strlen(mark);
    for (size_t i = 0; i + length <= text.length; i++) {
        if ((text.at[i] | 0x20) == (mark[0] | 0x20) &&
            strncasecmp((const char *)text.at + i, mark, length) == 0) {
            return true;
        }
    }
    return false;
}

static enum migration_tool mark_find(struct span text, const struct mark *marks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (mark_is_in(text, marks[i].text)) {
            return marks[i].tool;
        }
    }
    return TOOL_NONE;
}

enum migration_tool migration_tool_of_application(const char *application)
{
    return mark_find(span_text(application), application_marks,
                     sizeof application_marks / sizeof *application_marks);
}

void migration_watch_see(struct migration_watch *watch, struct span text)
{
    if (watch->tool != TOOL_NONE || watch->seen == SEEN_TEXTS_MOST) {
        return;
    }
    watch->seen++;
    size_t length = text.length < SEEN_BYTES_MOST ? text.length : SEEN_BYTES_MOST;
    watch->tool =
        mark_find(span_cut(text, 0, length), text_marks, sizeof text_marks / sizeof *text_marks);
}
