/* The marks that migration tools leave on the wire. */
#include "policy/migration_tool.h"

#include <string.h>
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

struct wire_mark {
    const char *text; /* in any case */
    size_t pair;      /* where in it one of the pairs stands that are looked for */
    enum migration_tool tool;
};

static const struct wire_mark wire_marks[] = {
    {"alembic_version", 8, TOOL_ALEMBIC},
    {"atlas_schema_revisions", 15, TOOL_ATLAS},
    {"pg_try_advisory_lock(2686470616)", 9, TOOL_ATLAS},
    {"django_migrations", 9, TOOL_DJANGO},
    {"__EFMigrationsHistory", 6, TOOL_EF_CORE},
    {"flyway_schema_history", 2, TOOL_FLYWAY},
    {"version, dirty FROM", 0, TOOL_GOLANG_MIGRATE},
    {"goose_db_version", 9, TOOL_GOOSE},
    {"knex_migrations", 7, TOOL_KNEX},
    {"databasechangelog", 12, TOOL_LIQUIBASE},
    {"pgmigrations", 4, TOOL_NODE_PG_MIGRATE},
    {"advisory_lock(7241865325823964)", 2, TOOL_NODE_PG_MIGRATE},
    {"_prisma_migrations", 10, TOOL_PRISMA},
    {"pg_advisory_lock(72707369)", 5, TOOL_PRISMA},
    {"ar_internal_metadata", 10, TOOL_RAILS},
    {"\"schema_migrations\".\"version\"", 10, TOOL_RAILS},
    {"SequelizeMeta", 2, TOOL_SEQUELIZE},
    {"sqitch.changes", 1, TOOL_SQITCH},
    {"_sqlx_migrations", 8, TOOL_SQLX},
    {"FROM \"migrations\" \"migrations\"", 8, TOOL_TYPEORM},
};

struct application_mark {
    const char *text; /* in any case */
    enum migration_tool tool;
};

static const struct application_mark application_marks[] = {
    {"flyway", TOOL_FLYWAY},
    {"liquibase", TOOL_LIQUIBASE},
    {"bin/rails", TOOL_RAILS},
    {"sqitch", TOOL_SQITCH},
    {"alembic", TOOL_ALEMBIC},
    {"atlas", TOOL_ATLAS},
    {"golang-migrate", TOOL_GOLANG_MIGRATE},
};

/* Pairs of bytes of which every mark has one: one look at each byte of a text finds them all, and
 * few texts have many. */
#define PAIR_GR 0x01u /* migrations */
#define PAIR_VE 0x02u /* version */
#define PAIR_VI 0x04u /* revisions, advisory */
#define PAIR_GE 0x08u /* changelog */
#define PAIR_YW 0x10u /* flyway */
#define PAIR_L_ 0x20u /* internal_metadata */
#define PAIR_QU 0x40u /* Sequelize */
#define PAIR_QI 0x80u /* sqitch */

#define EITHER_CASE(lower, upper, pairs) [lower] = (pairs), [upper] = (pairs)

/* The pairs that a byte is the first of, and those that it is the second of. */
static const uint8_t pair_firsts[UINT8_MAX + 1] = {
    EITHER_CASE('g', 'G', PAIR_GR | PAIR_GE), EITHER_CASE('v', 'V', PAIR_VE | PAIR_VI),
    EITHER_CASE('q', 'Q', PAIR_QU | PAIR_QI), EITHER_CASE('y', 'Y', PAIR_YW),
    EITHER_CASE('l', 'L', PAIR_L_),
};
static const uint8_t pair_seconds[UINT8_MAX + 1] = {
    EITHER_CASE('e', 'E', PAIR_VE | PAIR_GE), EITHER_CASE('i', 'I', PAIR_VI | PAIR_QI),
    EITHER_CASE('r', 'R', PAIR_GR),           EITHER_CASE('u', 'U', PAIR_QU),
    EITHER_CASE('w', 'W', PAIR_YW),           ['_'] = PAIR_L_,
};

static bool text_begins(struct span text, const char *mark)
{
    if ((text.at[0] | 0x20) != (mark[0] | 0x20)) {
        return false;
    }
    size_t length = strlen(mark);
    return text.length >= length && strncasecmp((const char *)text.at, mark, length) == 0;
}

/* Whose mark it is that has its pair at `at`. */
static enum migration_tool wire_mark_at(struct span text, size_t at)
{
    for (size_t i = 0; i < sizeof wire_marks / sizeof *wire_marks; i++) {
        const struct wire_mark *mark = &wire_marks[i];
        if (mark->pair <= at && text_begins(span_from(text, at - mark->pair), mark->text)) {
            return mark->tool;
        }
    }
    return TOOL_NONE;
}

/* Where the first pair stands from `at` on; text.length: nowhere. */
static size_t pair_find(struct span text, size_t at)
{
    unsigned begun = 0;
    for (; at < text.length; at++) {
        if (begun & pair_seconds[text.at[at]]) {
            return at - 1;
        }
        begun = pair_firsts[text.at[at]];
    }
    return text.length;
}

static enum migration_tool wire_mark_find(struct span text)
{
    enum migration_tool tool = TOOL_NONE;
    size_t at = pair_find(text, 0);
    while (at < text.length && tool == TOOL_NONE) {
        tool = wire_mark_at(text, at);
        at = pair_find(text, at + 1);
    }
    return tool;
}

enum migration_tool migration_tool_of_application(const char *application)
{
    for (size_t i = 0; i < sizeof application_marks / sizeof *application_marks; i++) {
        if (strcasestr(application, application_marks[i].text) != NULL) {
            return application_marks[i].tool;
        }
    }
    return TOOL_NONE;
}

void migration_watch_see(struct migration_watch *watch, struct span text)
{
    if (watch->tool != TOOL_NONE || watch->seen == SEEN_TEXTS_MOST) {
        return;
    }
    watch->seen++;
    size_t length = text.length < SEEN_BYTES_MOST ? text.length : SEEN_BYTES_MOST;
    watch->tool = wire_mark_find(span_cut(text, 0, length));
}
