/* What the maintenance connection sends to clean up after a failed change. A clean-up never removes
 * anything but an invalid index, a constraint that is NOT VALID, or one of either with a name that
 * only we give (policy/plan_aside.c, policy/plan_alias.c), and not by a name alone: a name may mean
 * another thing by the time that a DROP INDEX CONCURRENTLY has waited for its locks.
 *
 *      lock    in a transaction, the table: now nobody builds an index on it, or changes it
 *      claim   the change's own undo queries, and which of their rows are such leftovers
 *      take    an index gets a name that nobody else has, a constraint is dropped; commit
 *      sweep   one index of such a name, which has its own oid in it …
 *      drop    … is dropped CONCURRENTLY; and again from sweep on
 *
 * LOCK TABLE waits without a snapshot, so no concurrent build is killed for waiting for us. Pure.
 */
#ifndef PROXY_NET_MAINTENANCE_CLAIM_H
#define PROXY_NET_MAINTENANCE_CLAIM_H

#include "protocol/buffer.h"

/* All append a text with its NUL. `table`: quoted. A materialized view cannot be locked: `locked`
 * false begins the transaction without that. */
void claim_append_lock(struct span table, bool locked, struct buffer *out);
/* `queries`: each with a NUL behind it. Rows: what to run, NULL when the thing is none of the two
 * kinds; and what the undo query says. */
void claim_append_claim(struct span queries, struct buffer *out);
/* `statements`: what the claim's rows say, each with a NUL behind it. */
void claim_append_take(struct span statements, struct buffer *out);
/* A row: the statement that drops an index that was taken. */
void claim_append_sweep(struct buffer *out);

#endif
