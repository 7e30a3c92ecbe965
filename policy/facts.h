/* What the server says about the objects of one statement and about its own settings: the answer of
 * a probe. Plain value. `known` false means that nobody could ask, `target_known` false that nobody
 * asked about the target or that it could not be seen: unknown, which the rules treat as dangerous,
 * never as safe. */
#ifndef POLICY_FACTS_H
#define POLICY_FACTS_H

#include "policy/statement.h"

/* client_min_messages, in PostgreSQL's order. */
enum message_level { LEVEL_DEBUG, LEVEL_LOG, LEVEL_NOTICE, LEVEL_WARNING, LEVEL_ERROR };

struct index_facts {
    bool exists;
    bool valid;            /* indisvalid */
    bool backs_constraint; /* a primary key, unique or exclusion constraint needs it */
    bool exclusion;
    bool partition; /* attached to an index of a partitioned table */
    /* CREATE INDEX IF NOT EXISTS: it has the columns that are asked for, and nothing else is. */
    bool same_columns;
};

/* UNKNOWN is treated as dangerous, never as safe. */
enum answer { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

/* One partition below the target, at any depth. */
struct partition_facts {
    uint32_t oid;
    uint32_t parent; /* oid of the partitioned table right above; facts.target_oid for the first */
    struct object_name name;
    char kind; /* pg_class.relkind: r leaf, p partitioned itself, f foreign table */
    bool is_default;
    bool has_own_key;      /* a UNIQUE or PRIMARY KEY that no partitioned table has given it */
    bool has_own_index;    /* a valid index likewise, its key's included */
    bool constraint_taken; /* it has one of a name that an action would give one of its own */
    int64_t bytes; /* with its indexes and TOAST, without partitions of its own; -1 unknown */
    /* CREATE INDEX, and the first ADD of a key by ALTER TABLE: the name that PostgreSQL would
     * choose now for the index on this partition; empty when it cannot be told. */
    char index_name[NAME_BYTES];
};

#define PARTITIONS_MAX 1000 /* a plan has some steps for each: beyond this nobody reads it */

/* A foreign key of the target's, or (incoming) one of another table, or its own, that references
 * the target. */
struct foreign_key_facts {
    bool incoming;
    bool valid;
    struct object_name table; /* the other table: referenced, or (incoming) referencing */
    char name[NAME_BYTES];
    /* ATTACH PARTITION: the table to be attached can be given an equal one beforehand: it has the
     * columns and none of that name or to that table, and this role may refer to it. */
    bool may_be_given;
    /* DROP TABLE, ATTACH PARTITION: what ADD CONSTRAINT takes, in this session's search_path;
     * empty: not known. */
    char definition[1024];
};

#define FOREIGN_KEYS_MAX 100

/* One object of a DROP INDEX of several, or the one of a DROP TABLE. */
struct dropped_facts {
    bool exists;
    char kind; /* pg_class.relkind */
    uint32_t oid;
    struct object_name table; /* that it is, or that it stands on */
    /* This role may drop it, and without CASCADE: nothing else needs it, and it is no part of
     * anything. Else the server refuses. */
    bool droppable;
};

/* What the catalog says about one action of an ALTER TABLE. */
struct action_facts {
    bool known; /* asked and answered: without it the rest says nothing */
    /* the action's column */
    bool column_exists;
    bool column_not_null; /* attnotnull, and on PostgreSQL 18 by a valid constraint */
    bool column_proved;   /* a validated CHECK says IS NOT NULL: SET NOT NULL will not scan */
    /* the constraint of the action's name, or the NOT NULL constraint of its column */
    bool constraint_exists, constraint_valid;
    char constraint_kind; /* pg_constraint.contype */
    /* ADD CONSTRAINT without a name: the name that PostgreSQL would choose now, behind the actions
     * that stand before it and every DROP CONSTRAINT; of a key its index has it too. Empty: none of
     * the first few is free. */
    char free_name[NAME_BYTES];
    /* ADD COLUMN: the same for the first constraint of each kind that the column has, as if it
     * stood alone. */
    char free_check[NAME_BYTES], free_foreign_key[NAME_BYTES], free_key[NAME_BYTES];
    bool keys_not_null;     /* ADD PRIMARY KEY: every key column is NOT NULL already */
    uint32_t keys_nullable; /* likewise; bit n: the n-th key column, from 0, is not */
    bool unindexed;         /* ADD FOREIGN KEY: no valid index begins with its columns */
    /* SET NOT NULL on PostgreSQL 18: the name of the column's NOT NULL constraint, as it is or,
     * when there is none, as it would be chosen; empty: not known. */
    char not_null_name[NAME_BYTES];
    /* ADD COLUMN of a serial type or AS IDENTITY: the name that PostgreSQL would choose now for its
     * sequence. */
    char free_sequence[NAME_BYTES];
    /* the other relation: referenced table, partition, index; of DROP CONSTRAINT another table
     * whose foreign key needs the key */
    bool other_exists;
    char other_kind;
    int64_t other_bytes;    /* with all that is of it; -1 unknown */
    bool default_partition; /* the partitioned table has one */
    bool type_constrained;  /* ADD COLUMN: its type is a domain with constraints */
    /* What the server did with an empty copy of the table (policy/shadow.h). */
    enum answer rewrites, scans, builds;
};

/* Why the rows of a table cannot be filled one by one as a rewrite of the table would: an UPDATE
 * does, or needs, what that does not. */
#define FILL_OBSTACLES(X)                                                                          \
    X(TRIGGER, 't', "a trigger on it fires when a row is updated")                                 \
    X(RULE, 'r', "a rule on it changes what an UPDATE does")                                       \
    X(ROW_SECURITY, 's', "row security is forced on its owner")                                    \
    X(PRIVILEGE, 'p', "this role may not read and update its rows")                                \
    X(REPLICA_IDENTITY, 'i', "it has no replica identity, and updates are published")

enum fill_obstacle {
    FILL_FREE,
#define X(name, code, why) FILL_##name,
    FILL_OBSTACLES(X)
#undef X
};

#define FILL_KEY_MAX 8 /* columns of a key: with more the rows are gone through by place */

/* What filling a new column of the target in batches needs to know. */
struct fill_facts {
    bool known; /* asked and answered: an ADD COLUMN, and the target exists */
    enum fill_obstacle obstacle;
    bool may_own; /* what this role creates belongs to the table's owner, and the table is logged */
    /* The primary key's columns, in its order; none: it has no key, a longer one, or one of types
     * that are not PostgreSQL's own, whose operators nobody knows. */
    char key[FILL_KEY_MAX][NAME_BYTES];
    size_t key_count;
};

#define REBUILT_MAX 8 /* constraints on one column */

/* ALTER COLUMN … TYPE alone: the CHECKs that the server drops and makes again, whatever their names
 * and columns, because they mention the column. It reads the table to validate them. */
struct rebuilt_facts {
    char checks[REBUILT_MAX][NAME_BYTES];
    size_t count;
    /* There are more of them, or some that no two statements could make again as they are: a
     * foreign key, an inherited one, one that has a comment or is needed. */
    bool others;
};

struct facts {
    bool known;        /* the settings are */
    bool target_known; /* the target is: without it, all from `exists` on says nothing */
    /* Settings of this session, as they are now. Times in milliseconds; 0: none. */
    uint32_t server_version; /* server_version_num: 150020 */
    uint32_t lock_timeout_ms, statement_timeout_ms, deadlock_timeout_ms;
    /* As text, for putting them back; empty where the server has none: transaction_timeout came
     * with PostgreSQL 17, idle_session_timeout with 14. */
    char lock_timeout[32], statement_timeout[32], transaction_timeout[32], idle_session_timeout[32];
    enum message_level client_min_messages;
    uint32_t server_pid; /* pg_backend_pid(); 0 unknown */

    /* The statement's target. For an index, `table` is the table it stands on. */
    bool exists;
    /* pg_class.relkind: r p m i I t S v f; n: a schema, d: the database (REINDEX of these;
     * table.schema is the schema, and what is said of `the table` holds for one of theirs). 0: it
     * does not exist */
    char kind;
    bool temporary;
    bool system;   /* in pg_catalog, information_schema or pg_toast */
    bool new_here; /* its table was made in this very transaction */
    int64_t bytes; /* of the table with its partitions, indexes and TOAST; -1 unknown */
    int64_t rows;  /* estimated; -1 unknown */
    struct object_name table;
    bool table_partitioned;
    bool table_has_invalid_index; /* other than a leftover of REINDEX CONCURRENTLY */
    bool table_has_exclusion;
    /* CREATE INDEX: an index (or relation) that already has the wanted name in the table's schema.
     * DROP INDEX, REINDEX INDEX: the target itself. CREATE TABLE … PARTITION OF: what goes by the
     * new table's name in the search_path, a temporary table included. */
    struct index_facts index;
    /* CREATE INDEX without a name: the name that PostgreSQL would choose now. */
    char index_name[NAME_BYTES];
    uint32_t target_oid;
    bool table_has_children;        /* by inheritance; pg_class.relhassubclass, never too few */
    struct object_name partitioned; /* the table that it is a partition of; empty: it is none */
    bool default_partition;         /* it is partitioned and has one */
    bool sibling_default;           /* it is a partition, and `partitioned` has a default one */
    /* Materialized view: may be refreshed CONCURRENTLY only if both. */
    bool populated;
    bool has_full_unique_index; /* valid, immediate, without predicate or expression */
    /* "DROP CONSTRAINT a, DROP CONSTRAINT b": the CHECKs that are not validated. Empty: none. */
    char drop_unproved[256];
    bool unproved_known; /* they all fit in there */
    bool may_copy;       /* temporary tables may be made here, and no event trigger sees them */
    bool two_phase;      /* and PREPARE TRANSACTION is possible, but not after them */
    /* This role owns the table, and the one that it is a partition of, and may create in its
     * schema, the transaction may write, and no event trigger wants to know of it. */
    bool may_change;
    bool bound_provable; /* it is partitioned, and a CHECK can prove the bound of a partition */
    /* VALIDATE in a transaction block: that holds a lock on the table which keeps writers out, from
     * adding the constraint or from another change. */
    bool locked_here;
    /* Partitions from above to below, when the target is partitioned. Borrowed from the probe that
     * was asked: it must live as long as these facts. */
    const struct partition_facts *partitions;
    size_t partition_count;
    bool partitions_known; /* false also when there are more than PARTITIONS_MAX */
    /* Borrowed likewise. */
    const struct foreign_key_facts *foreign_keys;
    size_t foreign_key_count;
    bool foreign_keys_known;
    struct fill_facts fill;
    struct rebuilt_facts rebuilt;
    struct action_facts actions[STATEMENT_ACTIONS_MAX]; /* ALTER TABLE: one per action */
    /* ADD PRIMARY KEY USING INDEX: the columns of the index that may be NULL. */
    char nullable_keys[KEY_COLUMNS_MAX][NAME_BYTES];
    size_t nullable_key_count;
    /* Of DROP INDEX of several and DROP TABLE of one: one per object, as far as they are stored.
     * The target is then the first that is there, `temporary` says that all of them are. */
    struct dropped_facts dropped[STATEMENT_OBJECTS_MAX];
    size_t dropped_count; /* 0: not asked */
};

/* The default partition of the target itself; NULL: it has none, or it is not known. */
const struct partition_facts *facts_default_partition(const struct facts *facts);
/* Is it known to be a table of its own of so many bytes at most? */
bool partition_is_small(const struct partition_facts *partition, int64_t bytes);

/* A foreign key of the target's own that references another table. */
static inline bool foreign_key_leads_out(const struct facts *facts, size_t i)
{
    const struct foreign_key_facts *key = &facts->foreign_keys[i];
    return !key->incoming && (strcmp(key->table.name, facts->table.name) != 0 ||
                              strcmp(key->table.schema, facts->table.schema) != 0);
}

#endif
