/* A plan while it is being written: its text still grows and moves, so the steps are places in it
 * and become spans in the end. Private to policy/plan*.c. */
#ifndef POLICY_PLAN_DRAFT_H
#define POLICY_PLAN_DRAFT_H

#include "policy/plan.h"

struct draft {
    struct plan *plan;
    size_t capacity;   /* of plan->steps */
    struct step *last; /* opened last */
    struct step scrap; /* stands for a step that there is no memory for: the plan has failed */
    size_t steps_end, notice_end;
    /* What ran in the place of the client's text, for the notice: constant; NULL: its concurrent
     * form, or the text itself. */
    const char *how;
};

/* Opens a step and returns the buffer for its SQL: all that is appended until the next step is the
 * step's. A RUN without a text is the client's own. A step that may be tried again begins at
 * itself, unless draft->last->retry_from is set to an earlier one. */
struct buffer *draft_step(struct draft *draft, enum step_kind kind, bool retry);

/* Opens step.as_text of the step opened last; its SQLSTATE may be NULL. All that is appended until
 * the next step is that text. */
struct buffer *draft_says(struct draft *draft, const char *sqlstate);

/* Places become spans: from here on the text does not move. */
void draft_cut(struct draft *draft);

/* set_config('name', 'value', local) as a column of a SELECT. */
void draft_append_set(struct buffer *out, const char *name, const char *value, bool local);
/* pg_catalog.to_regclass('relation'): NULL when there is none. */
void draft_append_regclass(const struct object_name *relation, struct buffer *out);
/* "DO 'body'"; frees the body. */
void draft_append_do(struct buffer *body, struct buffer *out);
/* "prefix" and a hash of the text: a name of ours for what belongs to what is called so, found
 * again by whoever makes the same change once more. */
void draft_hashed_name(const char *prefix, const char *text, char name[NAME_BYTES]);
/* A time as PostgreSQL takes it: "2000ms". */
#define DRAFT_TIME_BYTES 16
const char *draft_time(char *out, uint32_t ms);

/* Would the server end a session that is idle, as ours is between two tries? */
bool draft_has_idle_timeout(const struct facts *facts);

/* The lock timeout of ours that would hold for this session: above deadlock_timeout, because only a
 * waiter's deadlock check makes autovacuum give way. */
uint32_t draft_lock_timeout(const struct plan_request *request, uint32_t wanted_ms);

/* Puts the old lock timeout back if ours, `time`, is still there: a DO, a CALL or a RESET ALL in
 * the same message may have set another one, and that is then the client's. */
void draft_append_restore(const struct plan_request *request, const char *time, bool local,
                          struct buffer *out);

/* GUARD and RESTORE of a plan outside transaction blocks: the lock timeout is `lock`, the others
 * are lifted; and all as they were before. */
void timeouts_append_lift(const struct facts *facts, const char *lock, struct buffer *out);
void timeouts_append_back(const struct facts *facts, struct buffer *out);
/* UNDO: sets the lock timeout, and has nothing to run. */
void timeouts_append_undo(const char *lock, struct buffer *out);

/* " WHERE …" about the table t in the schema `schema`, an alias of pg_namespace. An empty name
 * means any. The plan's own table may have another name by then. */
void undo_append_table(const struct facts *facts, const char *schema,
                       const struct object_name *table, struct buffer *out);

/* Queries for CLEAN and UNDO. Indexes of a table, as t, x (pg_index) and c (its
 * pg_class): the caller adds which. A table without a name: of all in the schema, or in the
 * database. */
void undo_append_indexes(const struct facts *facts, const struct object_name *table,
                         struct buffer *out);
enum undo_index {
    UNDO_INDEX_LEFTOVER, /* invalid, and nobody is at work on the table: of an earlier failure */
    UNDO_INDEX_INVALID,  /* of this one */
    UNDO_INDEX_BARE,     /* no constraint and no index of a parent has taken it over */
    UNDO_INDEX_OURS, /* likewise, and nobody is at work on the table: of a name that only we give */
};
void undo_append_index(const struct facts *facts, const struct object_name *table, const char *name,
                       enum undo_index which, struct buffer *out);
/* Drops the constraint of that table, or of the target. `condition`: " AND …" about k, its
 * pg_constraint. */
void undo_append_constraint_of(const struct facts *facts, const struct object_name *table,
                               const char *name, const char *condition, struct buffer *out);
void undo_append_constraint(const struct facts *facts, const char *name, const char *condition,
                            struct buffer *out);
/* Adds one that was dropped, NOT VALID, and validates it if it was valid. */
void undo_append_foreign_key(const struct facts *facts, const struct foreign_key_facts *key,
                             struct buffer *out);
void undo_append_column(const struct facts *facts, const char *column, struct buffer *out);
void undo_append_not_null(const struct facts *facts, const char *column, struct buffer *out);

/* NOOP. False: nobody but the server can answer it. */
bool plan_noop(const struct plan_request *request, struct draft *draft);
/* An ALTER TABLE in several parts, a partition, a REFRESH. NULL when the plan is written, or why it
 * could not be: a constant text, and nothing was done. */
const char *plan_alter(const struct plan_request *request, struct draft *draft);
const char *plan_partition_index(const struct plan_request *request, struct draft *draft);
const char *plan_partition_of(const struct plan_request *request, struct draft *draft);
const char *plan_drop_indexes(const struct plan_request *request, struct draft *draft);
const char *plan_drop_table(const struct plan_request *request, struct draft *draft);
const char *plan_drop_partition(const struct plan_request *request, struct draft *draft);
const char *plan_refresh(const struct plan_request *request, struct draft *draft);
/* A REFRESH inside a transaction block: one statement still, guarded as the client's own would be.
 * Appends it. */
bool plan_is_refresh_inside(const struct plan_request *request);
const char *plan_refresh_inside(const struct plan_request *request, struct buffer *out,
                                struct draft *draft);

/* Whether one of those is the way for this request: decided on, and not plan_concurrent's; and that
 * one, likewise. */
bool plan_is_rewritten(const struct plan_request *request);
const char *plan_rewritten(const struct plan_request *request, struct draft *draft);

/* Whether plan_concurrent is the way for this request. */
bool plan_is_concurrent(const struct plan_request *request);
/* GUARD GATE CLEAN GUARD RUN UNDO RESTORE. NULL when the plan is written, or why it could not be:
 * nothing was done. */
const char *plan_concurrent(const struct plan_request *request, struct draft *draft);

/* Whether plan_aside is the way for this request; SETTINGS ASIDE ASIDE ASIDE RUN UNDO. */
bool plan_is_aside(const struct plan_request *request);
const char *plan_aside(const struct plan_request *request, struct draft *draft);

/* RUN [RESTORE], for a message that steers transactions; `ours_ms`: the lock timeout. False when it
 * does not, or when the guard cannot be put into it: nothing done. */
bool plan_inline(const struct plan_request *request, uint32_t ours_ms, struct draft *draft);

/* The GATE of what is built on `table`, or dropped or detached from it. */
void gate_append(const struct plan_request *request, const struct object_name *table,
                 struct buffer *out);
/* Appends an SQL condition: some other session has the table locked as a build, VALIDATE or any
 * schema change does. `relation`: an SQL expression, the table's oid. */
void gate_append_holder(const struct facts *facts, const char *relation, struct buffer *out);

/* Appends what the client is told. `declined`: why a rewrite that was decided on could not be made;
 * NULL: it was. */
void plan_append_notice(const struct plan_request *request, const char *declined,
                        struct draft *draft);
void plan_append_hint(const struct plan_request *request, struct draft *draft);

#endif
