/* The pieces that the probe's SQL is put together from. Private to policy/probe*.c.
 *
 *      target   the relation that the statement names
 *      place    with the table that it stands on, `tab`
 *      action   what ALTER TABLE does, one row each            (probe_detail.c)
 *      dropped  what DROP drops, and what goes with it: own    (probe_drop.c)
 *      root     `tab` and the other relations of the actions
 *      tree     each root and its partitions
 *      part     with their TOAST tables
 *      piece    with all indexes: what a size is summed over
 *      weight   the sizes of each of the tree; size: of each root
 *
 *      SELECT settings, t.*, d.* FROM t LEFT JOIN d
 *
 * where t is one row about the target and d has a row for each detail: action, key column, dropped
 * object, foreign key, partition. */
#ifndef POLICY_PROBE_TEXT_H
#define POLICY_PROBE_TEXT_H

#include "policy/probe.h"

/* What probe_read.c calls a detail, in their order in the answer. */
#define DETAIL_ACTION      'a'
#define DETAIL_KEY         'c'
#define DETAIL_DROPPED     'd'
#define DETAIL_FOREIGN_KEY 'k'
#define DETAIL_PARTITION   'p'

/* Appends an expression that gives the oid of the relation or NULL, and never opens it. */
void probe_append_lookup(const struct object_name *name, struct buffer *out);

/* The CTE `action` with a comma before it; nothing when the statement has no actions. */
void probe_append_actions(const struct statement *statement, struct span text, struct buffer *out);

/* The query of d. */
void probe_append_details(const struct statement *statement, struct span text, struct buffer *out);

/* The rows of d about PRIMARY KEY USING INDEX: its columns that may be NULL, in their order. */
void probe_append_key_rows(const struct statement *statement, struct buffer *out);

/* Is it a DROP whose objects are asked about? Then, without a comma before them and with one
 * behind, the CTEs `dropped` and `own`, which need no other; and their rows of d. */
bool probe_wants_dropped(const struct statement *statement);
void probe_append_dropped(const struct statement *statement, struct buffer *out);
void probe_append_dropped_rows(struct buffer *out);

#endif
