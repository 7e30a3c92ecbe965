/* The actions of an ALTER TABLE, and the column and table constraints that they add: a plain value,
 * part of struct statement. What each of them costs is in policy/effect.h. */
#ifndef POLICY_ALTER_H
#define POLICY_ALTER_H

#include "protocol/span.h"

#define NAME_BYTES      64 /* NAMEDATALEN */
#define KEY_COLUMNS_MAX 32 /* INDEX_MAX_KEYS, as PostgreSQL is built by default */

struct object_name {
    char schema[NAME_BYTES]; /* empty: found by search_path */
    char name[NAME_BYTES];
};

/* ALTER_OTHER is an action that neither scans, rewrites nor builds, and that no rule speaks of. The
 * renames and SET SCHEMA are statements of their own to PostgreSQL; here they are ALTER TABLEs of
 * one action. */
#define ALTER_KINDS(X)                                                                             \
    X(OTHER, "other")                                                                              \
    X(ADD_COLUMN, "add-column")                                                                    \
    X(DROP_COLUMN, "drop-column")                                                                  \
    X(COLUMN_TYPE, "column-type")                                                                  \
    X(SET_DEFAULT, "set-default") /* and DROP DEFAULT */                                           \
    X(SET_NOT_NULL, "set-not-null")                                                                \
    X(DROP_NOT_NULL, "drop-not-null")                                                              \
    X(ADD_CHECK, "add-check")                                                                      \
    X(ADD_FOREIGN_KEY, "add-foreign-key")                                                          \
    X(ADD_UNIQUE, "add-unique")                                                                    \
    X(ADD_PRIMARY_KEY, "add-primary-key")                                                          \
    X(ADD_EXCLUSION, "add-exclusion")                                                              \
    X(ADD_NOT_NULL, "add-not-null") /* PostgreSQL 18: a NOT NULL constraint with a name */         \
    X(VALIDATE, "validate")                                                                        \
    X(DROP_CONSTRAINT, "drop-constraint")                                                          \
    X(ALTER_CONSTRAINT, "alter-constraint")                                                        \
    X(ATTACH_PARTITION, "attach-partition")                                                        \
    X(DETACH_PARTITION, "detach-partition") /* and FINALIZE */                                     \
    X(SET_LOGGED, "set-logged")                                                                    \
    X(SET_UNLOGGED, "set-unlogged")                                                                \
    X(SET_TABLESPACE, "set-tablespace")                                                            \
    X(SET_ACCESS_METHOD, "set-access-method")                                                      \
    X(SET_EXPRESSION, "set-expression")                                                            \
    X(ADD_IDENTITY, "add-identity") /* to a column that is there */                                \
    X(DISABLE_TRIGGER, "disable-trigger")                                                          \
    X(RENAME_COLUMN, "rename-column")         /* to other.name */                                  \
    X(RENAME_CONSTRAINT, "rename-constraint") /* to other.name */                                  \
    X(RENAME_TABLE, "rename-table")           /* to other.name */                                  \
    X(SET_SCHEMA, "set-schema")               /* to other.schema */                                \
    X(LIGHT, "light") /* SHARE UPDATE EXCLUSIVE only: SET (…), SET STATISTICS, CLUSTER ON … */

enum alter_kind {
#define X(name, text) ALTER_##name,
    ALTER_KINDS(X)
#undef X
};

enum alter_flag {
    ALTER_NOT_VALID = 1u << 0,
    ALTER_USING_INDEX = 1u << 1, /* UNIQUE or PRIMARY KEY USING INDEX; `other` is the index */
    ALTER_DEFERRABLE = 1u << 2,
    ALTER_INITIALLY_DEFERRED = 1u << 3,
    ALTER_IF_EXISTS = 1u << 4,     /* DROP COLUMN, DROP CONSTRAINT IF EXISTS */
    ALTER_IF_NOT_EXISTS = 1u << 5, /* ADD COLUMN IF NOT EXISTS */
    ALTER_CASCADE = 1u << 6,
    ALTER_CONCURRENTLY = 1u << 7, /* DETACH PARTITION CONCURRENTLY or FINALIZE */
    ALTER_NO_INHERIT = 1u << 8,
    ALTER_USING = 1u << 9,          /* TYPE … USING expression */
    ALTER_ALL = 1u << 10,           /* DISABLE TRIGGER ALL or USER */
    ALTER_DEFAULT_BOUND = 1u << 11, /* ATTACH PARTITION … DEFAULT */
    /* Of ADD COLUMN: what the column definition holds. The DEFAULT flags also of SET_DEFAULT. */
    COLUMN_HAS_DEFAULT = 1u << 12,
    /* The default is made of literals, operators, CURRENT_TIMESTAMP and its like and functions of
     * PostgreSQL's own that are not volatile: it is the same for every row, no rewrite. */
    COLUMN_DEFAULT_CONSTANT = 1u << 13,
    COLUMN_NOT_NULL = 1u << 14,
    COLUMN_SERIAL = 1u << 15,
    COLUMN_IDENTITY = 1u << 16,
    COLUMN_GENERATED = 1u << 17, /* STORED */
    COLUMN_VIRTUAL = 1u << 18,
    COLUMN_CHECK = 1u << 19,
    COLUMN_REFERENCES = 1u << 20,
    COLUMN_UNIQUE = 1u << 21,
    COLUMN_PRIMARY_KEY = 1u << 22,
    COLUMN_COLLATED = 1u << 23, /* also of COLUMN_TYPE */
    /* The default calls a function of PostgreSQL's own that is volatile: a rewrite, for sure. */
    COLUMN_DEFAULT_VOLATILE = 1u << 24,
    ALTER_ENFORCED = 1u << 25, /* ALTER CONSTRAINT … ENFORCED (PostgreSQL 18): validates it */
};

/* Places are bytes from the statement's own first byte. */
struct alter_action {
    enum alter_kind kind;
    unsigned flags;              /* enum alter_flag */
    char column[NAME_BYTES];     /* the one column acted on; of a key the first one */
    unsigned column_count;       /* of a key: how many columns (INCLUDE not counted) */
    char constraint[NAME_BYTES]; /* of a constraint's action: its name; empty: PostgreSQL chooses */
    char type[NAME_BYTES];       /* ADD COLUMN, COLUMN_TYPE: the type's last name part: "int8" */
    /* The referenced table (of ADD COLUMN, too), the partition, the index of USING INDEX, the
     * trigger, the tablespace, the access method, the new name. */
    struct object_name other;
    size_t start, length; /* the action's own text, without the comma; length 0: not known */
};

#define STATEMENT_ACTIONS_MAX 8

const char *alter_kind_name(enum alter_kind kind);

#endif
