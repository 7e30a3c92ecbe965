/* What a statement costs those who use its table: the lock it takes there, and whether it rewrites
 * or scans the table or builds an index meanwhile. Measured on PostgreSQL 11 to 18; the server
 * itself is asked where only it can know (facts->actions, policy/shadow.h). Pure.
 *
 * Whether anybody is there to be stalled (a temporary table, one made in this transaction) is for
 * the rules to ask. */
#ifndef POLICY_EFFECT_H
#define POLICY_EFFECT_H

#include "policy/facts.h"

/* PostgreSQL's table-level locks, weakest first (manual, "Explicit Locking"). */
#define LOCK_MODES(X)                                                                              \
    X(NONE, "")                                                                                    \
    X(ACCESS_SHARE, "AccessShareLock")                                                             \
    X(ROW_SHARE, "RowShareLock")                                                                   \
    X(ROW_EXCLUSIVE, "RowExclusiveLock")                                                           \
    X(SHARE_UPDATE_EXCLUSIVE, "ShareUpdateExclusiveLock")                                          \
    X(SHARE, "ShareLock")                                                                          \
    X(SHARE_ROW_EXCLUSIVE, "ShareRowExclusiveLock")                                                \
    X(EXCLUSIVE, "ExclusiveLock")                                                                  \
    X(ACCESS_EXCLUSIVE, "AccessExclusiveLock")

enum lock_mode {
#define X(name, text) LOCK_##name,
    LOCK_MODES(X)
#undef X
};

struct effect {
    enum lock_mode lock; /* on the table acted upon; the strongest that the statement takes there */
    /* The strongest on another relation that the statement needs: the referenced table, the
     * partition, the default partition. */
    enum lock_mode other_lock;
    enum answer rewrites, scans, builds; /* of either, while the locks are held */
};

/* Of one action of an ALTER TABLE, and of a whole statement (the worst of its actions). `facts` may
 * be unknown: then the answer is UNKNOWN where only the server could tell. `server_version` is
 * server_version_num, for offline use; with known facts theirs counts. */
struct effect effect_of_action(const struct statement *statement, size_t action,
                               const struct facts *facts, uint32_t server_version);
struct effect effect_of(const struct statement *statement, const struct facts *facts,
                        uint32_t server_version);

/* What the action asks for is so already, as the catalog says: it would change nothing. */
bool effect_is_nothing(const struct statement *statement, size_t action, const struct facts *facts);

/* A table is worked through while nobody can write to it, or may be: UNKNOWN counts. */
bool effect_blocks_long(const struct effect *effect);

const char *lock_mode_name(enum lock_mode mode);

#endif
