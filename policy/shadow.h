/* The shadow probe: the client's ALTER TABLE is made on an empty temporary copy of the table, and
 * the server says as it goes what it would do to the rows. It knows what no list of rules can:
 * which default is volatile, which change of type keeps the bytes, which CHECK proves that a column
 * has no NULL. Here only as data; who sends it is the runner's or the command line's business.
 *
 *      PREPARE  BEGIN, or SAVEPOINT in the client's transaction
 *      PREPARE  settings, for this transaction only: debug1 messages, short timeouts
 *      PREPARE  CREATE TABLE pg_temp.t (LIKE t INCLUDING ALL)
 *      PREPARE  without the constraints that are NOT VALID: LIKE copies them as valid
 *      ALTER    the client's actions, one by one, on pg_temp.t; the notices are for us
 *      LEAVE    ROLLBACK, or ROLLBACK TO and RELEASE
 *
 * It takes ACCESS SHARE on the table, for which it waits SHADOW_LOCK_MS at most, and nothing else
 * of anybody's. Every failure only means that the answers stay unknown. */
#ifndef POLICY_SHADOW_H
#define POLICY_SHADOW_H

#include "policy/rule.h"
#include "policy/statement.h"

/* Long enough for whoever is passing, too short for anybody to notice. */
#define SHADOW_LOCK_MS 200
/* Copies of tables with hundreds of indexes and columns take some milliseconds. */
#define SHADOW_STATEMENT_MS 5000

enum shadow_kind { SHADOW_PREPARE, SHADOW_ALTER, SHADOW_LEAVE };

struct shadow_step {
    enum shadow_kind kind;
    struct span sql; /* one statement, into shadow.text */
    size_t action;   /* SHADOW_ALTER: which one */
    bool proves;     /* it makes a column NOT NULL: without a scan, that is proved already */
};

#define SHADOW_STEPS_MAX (4 + STATEMENT_ACTIONS_MAX + 2)

struct shadow {
    struct buffer text; /* owns all texts */
    struct shadow_step steps[SHADOW_STEPS_MAX];
    size_t count; /* 0: it would tell nothing, or cannot be asked */
};

/* Is there something about this statement that only the server knows, and can a copy tell it? Not
 * of partitioned tables and those with children, of what refers to other tables or goes by the
 * names of constraints, and not where the copy would be noticed: PREPARE TRANSACTION is refused
 * after temporary tables, even such as are gone, and event triggers run for every table. In a
 * transaction only where a savepoint can be gone back to. */
bool shadow_is_wanted(const struct statement *statement, const struct situation *now,
                      const struct facts *facts);

/* The steps; count is 0 where a copy cannot tell, whether it is wanted or not. `text` is the
 * statement's own bytes. The result must be freed. False: no memory. */
MUST_USE bool shadow_build(const struct statement *statement, struct span text,
                           const struct situation *now, const struct facts *facts,
                           struct shadow *out);
void shadow_free(struct shadow *shadow);

/* A notice that came while `step` ran, of any severity: message 'M' and routine 'R'. */
void shadow_read_notice(const struct shadow *shadow, size_t step, struct span message,
                        struct span routine, struct facts *facts);

/* What comes behind `step` when it has ended: the next one, or the first LEAVE when it has failed;
 * shadow.count when all is done. An ALTER that succeeded has said all it had to say. A LEAVE that
 * fails ends it: the client's transaction is then what the server says it is. */
size_t shadow_next(const struct shadow *shadow, size_t step, bool failed, struct facts *facts);

#endif
