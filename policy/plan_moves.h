/* A change in several parts while it is being written. Private to policy/plan*.c.
 *
 *      GUARD                 limits each lock wait, lifts the other timeouts
 *      PART                  … each with what takes it back
 *      GATE CLEAN GUARD      before an index build; the second GUARD lifts the lock timeout too
 *      PART
 *      GUARD                 limits the lock waits again
 *      RUN                   the last part
 *      UNDO …                the latest part first
 *      RESTORE
 *
 * A recipe appends the parts of one action. It returns NULL, or why there is no such way: a
 * constant text for the notice; then all that was written is thrown away. */
#ifndef POLICY_PLAN_MOVES_H
#define POLICY_PLAN_MOVES_H

#include "policy/plan_draft.h"
#include "policy/sql/alter_text.h"

enum moves_guard { MOVES_UNGUARDED, MOVES_WAITING, MOVES_BUILDING };

/* What takes a part back: the text ends at `end`, and begins where the one before it ends. */
struct move_undo {
    size_t of, end;
    bool started;
};

/* Constraints that one plan may add; a plan with more would have hundreds of steps. */
#define MOVES_NAMES_MAX 64

struct moves {
    const struct plan_request *request;
    const struct statement *statement; /* the one of the request */
    struct span text;                  /* its own bytes */
    struct draft *draft;
    char lock[32]; /* the limit of each lock wait, as PostgreSQL takes it */
    enum moves_guard guard;
    const char *filled; /* the column that batches have filled last; NULL: none */
    struct buffer undo; /* the texts of the UNDO steps, one behind the other */
    struct move_undo *undos;
    size_t undo_count, undo_capacity;
    char names[MOVES_NAMES_MAX][NAME_BYTES]; /* of the constraints that it adds */
    size_t name_count;
};

void moves_start(struct moves *moves, const struct plan_request *request, struct draft *draft);
/* Ends the plan: the last part becomes the RUN. */
void moves_finish(struct moves *moves);
/* Frees what only the writing needs. `why` not NULL: also throws the plan away. */
void moves_end(struct moves *moves, const char *why);

/* Opens a part: its SQL goes to the buffer. It is tried again from itself on. */
struct buffer *moves_part(struct moves *moves);
/* Opens a part whose statements are the rows of the query that goes to the buffer. */
struct buffer *moves_list(struct moves *moves);
/* Opens a batch with so many parameters. */
struct buffer *moves_batch(struct moves *moves, unsigned parameters);
/* Opens a CLEAN. */
struct buffer *moves_clean(struct moves *moves);
/* Drops a constraint of a name that only we give, which a killed proxy has left behind, unless
 * somebody is at work with it. */
void moves_clean_constraint(struct moves *moves, const char *name);
/* A part that is "ALTER TABLE table <format>", with `name` as an identifier where the format has a
 * %. False: there is no such statement of this table. */
MUST_USE bool moves_alter(struct moves *moves, const char *format, const char *name);
/* A GATE: what comes next does not start while somebody's work on the table is in its way. */
void moves_gate(struct moves *moves, const struct object_name *table);
/* Opens a part that waits for everybody and may take long: behind its GATE and, when it builds
 * `index`, the CLEAN of that. NULL: it builds none. */
struct buffer *moves_long_part(struct moves *moves, const struct object_name *table,
                               const char *index);
/* Opens a part that builds the index `name` on that table, behind its GATE and CLEAN, and says how
 * to remove it. */
struct buffer *moves_build(struct moves *moves, const struct object_name *table, const char *name);
/* Rows that violate the part opened last have a NULL in the column: that is what the client hears.
 */
void moves_says_null(struct moves *moves, const char *column);
/* The part opened last is not taken back: once begun, it is brought to its end. */
void moves_keep(struct moves *moves);
/* Takes the name for a constraint that the plan adds; NULL, or why it could not: of two with one
 * name the second would fail, and where PostgreSQL makes the names up it would not. */
const char *moves_name(struct moves *moves, const char *name);
/* Opens the text that takes back the part opened last. `started`: also when that part fails. */
struct buffer *moves_undo(struct moves *moves, bool started);

/* The recipes: of one action, by its place in the statement. */
const char *recipe_constraint(struct moves *moves, size_t action);
const char *recipe_not_null(struct moves *moves, size_t action);
const char *recipe_key(struct moves *moves, size_t action);
/* What must come before a PRIMARY KEY USING INDEX, which is then instant and the last part: taken
 * back, the client's index would go with it. */
const char *recipe_index_key(struct moves *moves);
const char *recipe_column(struct moves *moves, size_t action);
/* What must come before it, and before the recipe of any other action, in the order of the text:
 * the column alone. */
const char *recipe_bare_column(struct moves *moves, size_t action);
const char *recipe_detach(struct moves *moves, size_t action);
const char *recipe_attach(struct moves *moves, size_t action);
const char *recipe_type(struct moves *moves, size_t action);
/* ALTER COLUMN … TYPE, a bit for each; and why those that the server has shown to be instant cannot
 * come behind those `others`, NULL: they can. */
unsigned type_actions(const struct statement *statement);
const char *type_obstacle(const struct moves *moves, unsigned others);

/* DROP COLUMN, DROP CONSTRAINT and DROP NOT NULL, a bit for each; and why they cannot come behind
 * those `others`, NULL: they can. */
unsigned drops_actions(const struct statement *statement);
const char *drops_obstacle(const struct moves *moves, unsigned others);
/* Does the action add a constraint that cannot have its name, or be there at all, before they have
 * come, and can it be made under another one until then? */
bool drops_ask_for_alias(const struct moves *moves, size_t action);

/* The name of the constraint that an ADD CONSTRAINT adds; empty: not known. */
const char *drops_own_name(const struct moves *moves, size_t action);

/* Such a constraint, by its place in the statement; and the last part of the plan, which does those
 * `actions` and gives every one of them its name. */
const char *recipe_constraint_alias(struct moves *moves, size_t action);
const char *recipe_key_alias(struct moves *moves, size_t action);
const char *alias_last(struct moves *moves, unsigned actions);

/* Parts of recipes. VALIDATE CONSTRAINT, when what adds it is the part opened last; takes both
 * back. */
const char *recipe_validate(struct moves *moves, const char *constraint);
/* A part that attaches the index `index_name` of a partition to that of the partitioned table right
 * above; the target's is called `root_index`. */
void moves_attach_index(struct moves *moves, const char *root_index,
                        const struct partition_facts *partition);
/* UNIQUE or PRIMARY KEY of a partitioned table. */
const char *recipe_key_by_leaf(struct moves *moves, size_t action, const char *name);
/* A foreign key of a partitioned table before PostgreSQL 18. */
const char *recipe_foreign_key_by_leaf(struct moves *moves, size_t action, const char *name);
/* VALIDATE CONSTRAINT of another table, when what adds it there is the part opened last; takes both
 * back for as long as it is that table's own. */
void moves_validate_own(struct moves *moves, const struct object_name *table, const char *name);
/* VALIDATE CONSTRAINT, of a partitioned table partition by partition first. `null_column`: of which
 * a violation says that it has a NULL; NULL: it does not. False: it could not be written. */
MUST_USE bool moves_validate(struct moves *moves, const char *constraint, const char *null_column);
/* The column becomes NOT NULL without a scan under a strong lock, by a CHECK that goes again. */
const char *recipe_column_not_null(struct moves *moves, const char *column);
/* Opens a part for a DETACH PARTITION … CONCURRENTLY, behind the gates of both tables. It is not
 * tried again, as a second one would be refused, but completed where it was cut off. */
struct buffer *moves_detach(struct moves *moves, const struct object_name *table,
                            const struct object_name *partition);
/* For the part behind it, in PL/pgSQL with a `link` of type pg_inherits: completes it where that is
 * still to be done; an error where the partition is attached as before. */
void detach_append_end(const struct object_name *table, const struct object_name *partition,
                       struct buffer *out);
/* Proves by a CHECK that the table holds nothing but rows within the bound that the statement gives
 * its partition, or none of them. */
enum bound_side { BOUND_WITHIN, BOUND_OUTSIDE };
const char *bound_prove(struct moves *moves, const struct object_name *table, enum bound_side side);
/* The last part: runs `attach` and drops those proofs. NULL: there is none for that side. */
void bound_attach(struct moves *moves, struct span attach, const struct object_name *within,
                  const struct object_name *outside);
/* Why nothing can be proved for this statement; NULL: it can. */
const char *bound_obstacle(const struct moves *moves);
/* What numbers the rows of a new serial or identity column: its sequence, and its default. */
const char *recipe_sequence(struct moves *moves, size_t action);
/* Makes it an identity whose numbers go on where that sequence ends. */
const char *recipe_identity(struct moves *moves, size_t action);
/* The rows that are there get the column's default, in batches. */
void recipe_fill(struct moves *moves, const char *column);
/* Builds the index and makes it the constraint `name`. */
const char *recipe_build_key(struct moves *moves, size_t action, const char *name);

#endif
