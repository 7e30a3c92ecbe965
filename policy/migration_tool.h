/* Which migration tool a session belongs to, and how that one runs a statement alone and outside a
 * transaction block: for hints only. A tool is known by the table that it keeps its history in, by
 * the key of its advisory lock, or by its application_name, as they were seen on the wire. */
#ifndef POLICY_MIGRATION_TOOL_H
#define POLICY_MIGRATION_TOOL_H

#include "protocol/span.h"

#define MIGRATION_TOOLS(X)                                                                         \
    X(NONE, "", "")                                                                                \
    X(ALEMBIC, "Alembic", "with op.get_context().autocommit_block(): around it")                   \
    X(ATLAS, "Atlas", "-- atlas:txmode none at the head of its file")                              \
    X(DJANGO, "Django", "atomic = False in the Migration, AddIndexConcurrently for an index")      \
    X(EF_CORE, "EF Core", "migrationBuilder.Sql(..., suppressTransaction: true)")                  \
    X(FLYWAY, "Flyway", "executeInTransaction=false in the .conf file beside its script")          \
    X(GOLANG_MIGRATE, "golang-migrate", "a file with this one statement and nothing else")         \
    X(GOOSE, "goose", "-- +goose NO TRANSACTION at the head of its file")                          \
    X(KNEX, "Knex", "exports.config = { transaction: false } in the migration")                    \
    X(LIQUIBASE, "Liquibase", "runInTransaction=\"false\" on the changeSet")                       \
    X(NODE_PG_MIGRATE, "node-pg-migrate", "pgm.noTransaction() in the migration")                  \
    X(PRISMA, "Prisma", "a migration file with this one statement and nothing else")               \
    X(RAILS, "Rails", "disable_ddl_transaction! in the migration")                                 \
    X(SEQUELIZE, "Sequelize", "the call without a transaction in the migration")                   \
    X(SQITCH, "sqitch", "a deploy script without BEGIN and COMMIT")                                \
    X(SQLX, "sqlx", "-- no-transaction at the head of its file")                                   \
    X(TYPEORM, "TypeORM", "transaction = false in the migration, run with --transaction each")

enum migration_tool {
#define X(name, text, way) TOOL_##name,
    MIGRATION_TOOLS(X)
#undef X
};

/* All of them in a few words, for hints where no tool is known. */
#define MIGRATION_TOOL_WAYS                                                                        \
    "Rails disable_ddl_transaction!, Django atomic = False, Alembic autocommit_block(), Flyway "   \
    "executeInTransaction=false, Liquibase runInTransaction:false, Knex {transaction: false}, "    \
    "node-pg-migrate pgm.noTransaction(), TypeORM transaction = false, Atlas txmode none, Prisma " \
    "one file per index"

const char *migration_tool_name(enum migration_tool tool); /* "Alembic"; empty for NONE */
const char *migration_tool_way(enum migration_tool tool);

/* By the application_name; NONE: it does not tell. */
enum migration_tool migration_tool_of_application(const char *application);

/* What a session has shown. Zeroed at its beginning. */
struct migration_watch {
    enum migration_tool tool;
    unsigned seen; /* texts that were looked at */
};

/* Looks at the text of one Query or Parse. Tools read their history before they change anything, so
 * only the beginning of a session is looked at, at some eight instructions a byte: after that this
 * costs a comparison. */
void migration_watch_see(struct migration_watch *watch, struct span text);

#endif
