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
 *      weight   each of the tree with the sizes of its pieces; size: those of each root
 *
 *      SELECT settings, t.*, d.* FROM t LEFT JOIN d
 *
 * where t is one row about the target and d has a row for each detail: action, key column, dropped
 * object, foreign key, partition; where a column is added also one about filling it, and one for
 * each column of the primary key; where a type changes one for each constraint on the column. */
#ifndef POLICY_PROBE_TEXT_H
#define POLICY_PROBE_TEXT_H

#include "policy/probe.h"

/* What probe_read.c calls a detail, in their order in the answer. */
#define DETAIL_ACTION      'a'
#define DETAIL_KEY         'c'
#define DETAIL_DROPPED     'd'
#define DETAIL_FOREIGN_KEY 'k'
#define DETAIL_PARTITION   'p'
#define DETAIL_FILL        'f'
#define DETAIL_FILL_KEY    'g' /* behind its DETAIL_FILL */
#define DETAIL_REBUILT     'r'

/* Names that are tried where the client gave none, before we give up. */
#define NAMES_MAX 16

/* ChooseConstraintName() and ChooseRelationName(): a key's name is also its index's. Conditions on
 * f.name, in the schema of tc; `but`: " AND …" about u, what takes the name. */
#define PROBE_FREE_CONSTRAINT(but)                                                                 \
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS u"                                   \
    " WHERE u.connamespace OPERATOR(pg_catalog.=) tc.relnamespace AND u.conname"                   \
    " OPERATOR(pg_catalog.=) f.name" but ")"
#define PROBE_FREE_RELATION(but)                                                                   \
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_class AS u WHERE u.relnamespace"                   \
    " OPERATOR(pg_catalog.=) tc.relnamespace AND u.relname OPERATOR(pg_catalog.=) f.name" but ")"
/* But those that the statement drops itself, where probe_has_gone. */
#define PROBE_NOT_GONE(column)                                                                     \
    " AND u.oid OPERATOR(pg_catalog.<>) ALL (SELECT gone." column " FROM gone)"

/* Appends an array of type name[]; of none NULL. */
void probe_append_names(const char (*names)[NAME_BYTES], size_t count, struct buffer *out);

/* Actions that are stored. */
size_t probe_action_count(const struct statement *statement);

/* Appends an expression that gives the oid of the relation or NULL, and never opens it. */
void probe_append_lookup(const struct object_name *name, struct buffer *out);

/* Expressions about `place` (probe_here.c): was it made in this transaction; does this transaction
 * hold a lock on it that VALIDATE would read it under? */
void probe_append_new_here(const struct statement *statement, const struct situation *now,
                           struct buffer *out);
void probe_append_locked_here(const struct statement *statement, const struct situation *now,
                              struct buffer *out);

/* An expression about the index `ix` that CREATE INDEX IF NOT EXISTS finds on the table `tc`
 * (probe_index.c): has it all the columns that are asked for, and is nothing else asked for? */
void probe_append_same_columns(const struct statement *statement, struct span text,
                               struct buffer *out);

/* The CTE `action` with a comma before it; nothing when the statement has no actions. */
void probe_append_actions(const struct statement *statement, struct span text, struct buffer *out);

/* Of an ALTER TABLE with a DROP CONSTRAINT (probe_replaced.c): whether it has one, the CTE `gone`
 * with a comma before it, nothing when it has none, and an expression that gives the oid of another
 * table whose foreign key needs that key. */
bool probe_has_gone(const struct statement *statement);
void probe_append_gone(const struct statement *statement, struct buffer *out);
void probe_append_needed_by(const char *constraint, struct buffer *out);

/* The query of d. */
void probe_append_details(const struct statement *statement, struct span text, struct buffer *out);

/* The rows of d about PRIMARY KEY USING INDEX: its columns that may be NULL, in their order. */
void probe_append_key_rows(const struct statement *statement, struct buffer *out);

/* Are the table's foreign keys, and its partitions, of any use for this statement? To ask about
 * either takes the server a millisecond or two, also where there are none. */
bool probe_lists_foreign_keys(const struct statement *statement);
bool probe_lists_partitions(const struct statement *statement);

/* Is it a DROP whose objects are asked about? Then, without a comma before them and with one
 * behind, the CTEs `dropped` and `own`, which need no other; and their rows of d. */
bool probe_wants_dropped(const struct statement *statement);
void probe_append_dropped(const struct statement *statement, struct buffer *out);
void probe_append_dropped_rows(struct buffer *out);

/* The rows of d for partitions. */
void probe_append_partition_rows(const struct statement *statement, struct span text,
                                 struct buffer *out);

/* Its rows about filling a new column (probe_fill.c), each behind a UNION ALL; none when the
 * statement adds no column. */
void probe_append_fill(const struct statement *statement, struct buffer *out);

/* Its rows about the constraints that a new type makes again (probe_rebuilt.c); none when the
 * statement is anything else. */
void probe_append_rebuilt(const struct statement *statement, struct buffer *out);

#endif
