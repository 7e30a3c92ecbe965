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
};

/* Opens a step and returns the buffer for its SQL: all that is appended until the next step is the
 * step's. A RUN without a text is the client's own. A step that may be tried again begins at
 * itself, unless draft->last->retry_from is set to an earlier one. */
struct buffer *draft_step(struct draft *draft, enum step_kind kind, bool retry);

/* set_config('name', 'value', local) as a column of a SELECT. */
void draft_append_set(struct buffer *out, const char *name, const char *value, bool local);
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

/* Whether plan_concurrent is the way for this request. */
bool plan_is_concurrent(const struct plan_request *request);
/* GUARD GATE CLEAN GUARD RUN UNDO RESTORE. False when the rewrite cannot be proved: nothing done.
 */
bool plan_concurrent(const struct plan_request *request, struct draft *draft);

/* RUN [RESTORE], for a message that steers transactions; `ours_ms`: the lock timeout. False when it
 * does not, or when the guard cannot be put into it: nothing done. */
bool plan_inline(const struct plan_request *request, uint32_t ours_ms, struct draft *draft);

/* The GATE of a concurrent plan. */
void gate_append(const struct plan_request *request, struct buffer *out);
/* Appends an SQL condition: some other session has the table locked as a build, VALIDATE or any
 * schema change does. `relation`: an SQL expression, the table's oid. */
void gate_append_holder(const struct facts *facts, const char *relation, struct buffer *out);

/* Appends what the client is told. `declined`: a rewrite was decided on but could not be proved. */
void plan_append_notice(const struct plan_request *request, bool declined, struct draft *draft);
void plan_append_hint(const struct plan_request *request, struct draft *draft);

#endif
