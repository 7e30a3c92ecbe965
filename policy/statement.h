/* Facts about one SQL statement: a plain value, made by the parser adapter (policy/sql), read by
 * the rules, the plan and the ledger. It holds no pointer into the text and no parse tree, so it
 * may outlive both: prepared statements keep one. Names are PostgreSQL's, cut to 63 bytes as the
 * parser itself cuts them. */
#ifndef POLICY_STATEMENT_H
#define POLICY_STATEMENT_H

#include "policy/alter.h"

/* Only what policy or transaction tracking treats apart has a kind of its own; every other schema
 * change is STATEMENT_DDL with its command tag. */
#define STATEMENT_KINDS(X)                                                                         \
    X(OTHER, "other")       /* nothing of ours: forwarded */                                       \
    X(UNPARSED, "unparsed") /* newer than our grammar, or a syntax error */                        \
    X(TOO_LONG, "too-long") /* longer than the parse limit */                                      \
    X(DDL, "ddl")           /* any other schema change */                                          \
    X(CREATE_INDEX, "create-index")                                                                \
    X(DROP_INDEX, "drop-index")                                                                    \
    X(REINDEX, "reindex")           /* INDEX and TABLE, SCHEMA, DATABASE, SYSTEM: see target */    \
    X(CREATE_TABLE, "create-table") /* also AS, SELECT INTO */                                     \
    X(ALTER_TABLE, "alter-table")                                                                  \
    X(DROP_TABLE, "drop-table")                                                                    \
    X(TRUNCATE, "truncate")                                                                        \
    X(LOCK, "lock")                                                                                \
    X(VACUUM, "vacuum") /* VACUUM FULL and CLUSTER are DDL; plain VACUUM is this */                \
    X(DO, "do")                                                                                    \
    X(CALL, "call")                                                                                \
    X(BEGIN, "begin")                                                                              \
    X(COMMIT, "commit")                                                                            \
    X(ROLLBACK, "rollback")                                                                        \
    X(SAVEPOINT, "savepoint")                                                                      \
    X(RELEASE, "release")                                                                          \
    X(ROLLBACK_TO, "rollback-to")                                                                  \
    X(PREPARE_TRANSACTION, "prepare-transaction")                                                  \
    X(COMMIT_PREPARED, "commit-prepared")                                                          \
    X(ROLLBACK_PREPARED, "rollback-prepared")                                                      \
    X(SET, "set") /* SET, RESET, DISCARD */

enum statement_kind {
#define X(name, text) STATEMENT_##name,
    STATEMENT_KINDS(X)
#undef X
};

enum statement_flag {
    FLAG_CONCURRENTLY = 1u << 0,
    FLAG_UNIQUE = 1u << 1,
    FLAG_IF_EXISTS = 1u << 2,
    FLAG_IF_NOT_EXISTS = 1u << 3,
    FLAG_CASCADE = 1u << 4,
    FLAG_ONLY = 1u << 5,      /* ON ONLY parent */
    FLAG_TEMPORARY = 1u << 6, /* CREATE TEMP …, or a name in pg_temp */
    FLAG_UNNAMED = 1u << 7,   /* CREATE INDEX without a name */
    FLAG_EXPLAIN = 1u << 8,   /* EXPLAIN ANALYZE of it */
    FLAG_CHAIN = 1u << 9,     /* COMMIT AND CHAIN, ROLLBACK AND CHAIN */
    FLAG_SECRET = 1u << 10,   /* its text holds a password or a connection string */
    /* PostgreSQL refuses it inside a transaction block, as far as the text tells: it also refuses
     * REINDEX and CLUSTER of a partitioned relation, and takes DROP SUBSCRIPTION without a slot. */
    FLAG_NO_TRANSACTION = 1u << 11,
    FLAG_EARLY = 1u << 12,      /* SET TRANSACTION: refused once the transaction has its snapshot */
    FLAG_REFERENCES = 1u << 13, /* CREATE TABLE with a foreign key: locks the referenced table */
    FLAG_NO_DATA = 1u << 14,    /* REFRESH and CREATE … AS … WITH NO DATA */
    FLAG_NOT_VALID = 1u << 15,  /* ALTER DOMAIN … ADD CONSTRAINT … NOT VALID */
    FLAG_ORDERED = 1u << 16,    /* ALTER TYPE … ADD VALUE … BEFORE or AFTER */
    FLAG_LONG_NAME = 1u << 17,  /* it has a name of more than 63 bytes, which PostgreSQL cuts */
};

/* What a statement does whose kind is too coarse for a rule: with a name of its own, so that no
 * rule need compare command tags. */
#define STATEMENT_FORMS(X)                                                                         \
    X(PLAIN, "")                                                                                   \
    X(CREATE_AS, "create-as")       /* also SELECT INTO, CREATE MATERIALIZED VIEW */               \
    X(PARTITION_OF, "partition-of") /* CREATE TABLE: the target is the parent */                   \
    X(MOVE_ALL, "move-all")         /* ALTER TABLE ALL IN TABLESPACE: copies them all */           \
    X(VACUUM_FULL, "vacuum-full")                                                                  \
    X(CLUSTER, "cluster")                                                                          \
    X(REFRESH, "refresh")                                                                          \
    X(DROP_SCHEMA, "drop-schema")                                                                  \
    X(DROP_DATABASE, "drop-database")                                                              \
    X(DROP_OWNED, "drop-owned")                                                                    \
    X(RENAME_SCHEMA, "rename-schema")                                                              \
    X(CREATE_ENUM, "create-enum")                                                                  \
    X(ADD_VALUE, "add-value")                        /* to an enum */                              \
    X(RENAME_VALUE, "rename-value")                  /* of an enum */                              \
    X(CREATE_CONSTRAINED_DOMAIN, "create-domain")    /* with a CHECK or NOT NULL */                \
    X(ADD_DOMAIN_CONSTRAINT, "domain-constraint")    /* ALTER DOMAIN … ADD */                    \
    X(SET_DOMAIN_NOT_NULL, "domain-not-null")        /* ALTER DOMAIN … SET NOT NULL */           \
    X(VALIDATE_DOMAIN_CONSTRAINT, "domain-validate") /* ALTER DOMAIN … VALIDATE CONSTRAINT */

enum statement_form {
#define X(name, text) FORM_##name,
    STATEMENT_FORMS(X)
#undef X
};

/* Types of the columns that CREATE TABLE, ADD COLUMN and ALTER COLUMN TYPE give, for rules of
 * style; arrays of them do not count. */
enum column_type {
    TYPE_INT4 = 1u << 0, /* also serial */
    TYPE_INT2 = 1u << 1, /* also smallserial */
    TYPE_SERIAL = 1u << 2,
    TYPE_CHAR = 1u << 3,      /* char, char(n) */
    TYPE_VARCHAR = 1u << 4,   /* varchar(n), not varchar */
    TYPE_TIMESTAMP = 1u << 5, /* without time zone */
    TYPE_JSON = 1u << 6       /* not jsonb */
};

enum reindex_target {
    REINDEX_NONE,
    REINDEX_INDEX,
    REINDEX_TABLE,
    REINDEX_SCHEMA,
    REINDEX_DATABASE
};

/* One object that the statement names, for the ledger: action and kind in the ledger's words
 * ("create", "alter", "drop", "truncate", "lock", "reindex" …; "table", "index", "view" …).
 * Constant texts. */
struct statement_object {
    const char *action;
    const char *kind;
    struct object_name name;
};

#define STATEMENT_OBJECTS_MAX 8

struct statement {
    enum statement_kind kind;
    unsigned flags; /* enum statement_flag */
    enum reindex_target reindex;
    enum statement_form form;
    unsigned types;       /* enum column_type */
    unsigned lock_mode;   /* LOCK: 1 ACCESS SHARE to 8 ACCESS EXCLUSIVE (storage/lockdefs.h) */
    unsigned key_columns; /* CREATE INDEX: how many, expressions too; INCLUDE not counted */
    const char *tag;      /* PostgreSQL's command tag, constant text: "CREATE INDEX" */
    size_t start, length; /* bytes of the whole message text that it was cut from */
    size_t from;          /* there, too: where the comments before it begin */
    /* Places to splice at, in bytes from the statement's own first byte; 0: nowhere. */
    size_t concurrently_at; /* behind INDEX (CREATE, DROP) or behind INDEX/TABLE/… (REINDEX) */
    size_t name_at;         /* CREATE INDEX without a name: just before its ON */
    /* The relation acted on: the table of CREATE INDEX, ALTER TABLE, LOCK …; the index of DROP
     * INDEX and REINDEX INDEX. Empty when there is none or more than one. */
    struct object_name target;
    struct object_name index;   /* CREATE INDEX: its name, when given */
    char savepoint[NAME_BYTES]; /* SAVEPOINT, RELEASE, ROLLBACK TO */
    struct statement_object objects[STATEMENT_OBJECTS_MAX];
    size_t object_count; /* all of them; only the first STATEMENT_OBJECTS_MAX are stored */
    /* ALTER TABLE, in the order of the text. ALTER INDEX, ALTER VIEW and their like have actions
     * too, but only LIGHT, SET_TABLESPACE, SET_ACCESS_METHOD and OTHER, and without places. */
    struct alter_action actions[STATEMENT_ACTIONS_MAX];
    size_t action_count; /* all of them; only the first STATEMENT_ACTIONS_MAX are stored */
};

const char *statement_kind_name(enum statement_kind kind);
const char *statement_form_name(enum statement_form form);
/* Transaction control: BEGIN to ROLLBACK PREPARED. */
bool statement_is_transaction(enum statement_kind kind);
/* Guarded by a lock timeout and written to the ledger: schema changes, LOCK, TRUNCATE, DO, CALL and
 * what we could not read. LOCK and plain VACUUM are guarded but are no schema change. */
bool statement_is_guarded(enum statement_kind kind);
/* Must come before the transaction's snapshot, which any query takes: SET TRANSACTION, or it is
 * refused; LOCK, or what is read behind it is older than the lock. */
bool statement_is_early(const struct statement *statement);
bool statement_is_recorded(enum statement_kind kind);

#endif
