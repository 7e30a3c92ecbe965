/* ADD COLUMN in parts: the column alone, instant once its lock is granted; where every row is to
 * have a value of its own its default and the rows (plan_fill.c) and NOT NULL; then each of its
 * constraints by the recipe that an ADD CONSTRAINT would have, under the names that PostgreSQL
 * would give them; and in the end what makes it an identity (plan_sequence.c). Until the last part
 * the column is there without them. What fails takes the column with it: it was added by this
 * change. */
#include "policy/fill.h"
#include "policy/plan_moves.h"

#include <stdio.h>

#define COLUMN_KEYS (COLUMN_UNIQUE | COLUMN_PRIMARY_KEY)

static const char *column_obstacle(const struct alter_action *alter,
                                   const struct action_facts *known)
{
    bool constant = (alter->flags & COLUMN_DEFAULT_CONSTANT) || known->rewrites == ANSWER_NO;
    if ((alter->flags & COLUMN_HAS_DEFAULT) && !constant) {
        return "the column's default may have to be written to every row";
    }
    if (!known->known || known->column_exists || known->type_constrained) {
        return "the column's type could not be shown to be free of constraints";
    }
    if ((alter->flags & COLUMN_KEYS) == COLUMN_KEYS) {
        return "it makes the column both UNIQUE and PRIMARY KEY";
    }
    return NULL;
}

#define NO_FREE_NAME "no free name for a constraint of the column was found"

/* All constraints of one kind, CHECK or REFERENCES. `chosen`: for the first one without a name. */
static const char *column_constraints(struct moves *moves, size_t action, unsigned flag,
                                      const char *chosen)
{
    char name[NAME_BYTES];
    for (size_t nth = 0;
         alter_constraint_name(moves->text, moves->statement, action, flag, nth, name); nth++) {
        if (name[0] == '\0') {
            snprintf(name, sizeof name, "%s", chosen);
            chosen = ""; /* of the next one nobody has asked */
        }
        if (name[0] == '\0') {
            return NO_FREE_NAME;
        }
        if (!alter_text_column_constraint(moves->text, moves->statement, action, flag, nth, name,
                                          moves_part(moves))) {
            return "a constraint of the column could not be proved to be the same";
        }
        const char *why = recipe_validate(moves, name);
        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}

static const char *column_key(struct moves *moves, size_t action, const char *chosen)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const unsigned flag = alter->flags & COLUMN_KEYS;
    char name[NAME_BYTES];
    if (!alter_constraint_name(moves->text, moves->statement, action, flag, 0, name)) {
        return NO_FREE_NAME;
    }
    const char *why = NULL;
    if (flag == COLUMN_PRIMARY_KEY) {
        why = recipe_column_not_null(moves, alter->column);
    }
    return why != NULL ? why : recipe_build_key(moves, action, name[0] != '\0' ? name : chosen);
}

#define CONSTRAINTS (COLUMN_CHECK | COLUMN_REFERENCES | COLUMN_KEYS)

/* What is not there from the beginning: the default and NOT NULL only when the rows are filled. */
static unsigned column_late(const struct alter_action *alter, const struct action_facts *known)
{
    const unsigned filled = COLUMN_NOT_NULL | COLUMN_HAS_DEFAULT | COLUMN_SERIAL | COLUMN_IDENTITY;
    return alter->flags & (CONSTRAINTS | (fill_is_asked(alter, known) ? filled : 0u));
}

const char *recipe_bare_column(struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const struct facts *facts = moves->request->facts;
    const struct action_facts *known = &facts->actions[action];
    const char *why = fill_is_asked(alter, known) ? fill_obstacle(moves->statement, action, facts)
                                                  : column_obstacle(alter, known);
    if (why != NULL) {
        return why;
    }
    if (!alter_text_bare_column(moves->text, moves->statement, action, column_late(alter, known),
                                moves_part(moves))) {
        return "the column without its constraints could not be proved to be the same";
    }
    undo_append_column(facts, alter->column, moves_undo(moves, false));
    return NULL;
}

/* A NOT NULL with a name of its own has it in the catalog from PostgreSQL 18 on. */
static const char *column_not_null(struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const unsigned firm = COLUMN_NOT_NULL | COLUMN_SERIAL | COLUMN_IDENTITY;
    char name[NAME_BYTES];
    bool named =
        alter_constraint_name(moves->text, moves->statement, action, COLUMN_NOT_NULL, 0, name) &&
        name[0] != '\0';
    if (named && moves->request->facts->server_version >= 180000) {
        return "its NOT NULL has a name of its own";
    }
    /* A primary key makes it NOT NULL itself. */
    bool wanted = (alter->flags & firm) != 0 && !(alter->flags & COLUMN_PRIMARY_KEY);
    return wanted ? recipe_column_not_null(moves, alter->column) : NULL;
}

static const char *column_set_default(struct moves *moves, size_t action)
{
    if (moves->statement->actions[action].flags & (COLUMN_SERIAL | COLUMN_IDENTITY)) {
        return recipe_sequence(moves, action);
    }
    return alter_text_set_default(moves->text, moves->statement, action, moves_part(moves))
               ? NULL
               : "the column's default could not be proved to be the same";
}

/* The default for new rows, then for those that are there. */
static const char *column_filled(struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    moves->draft->how = alter->flags & CONSTRAINTS
                            ? "ADD COLUMN, then a backfill in batches, then each of its constraints"
                            : "ADD COLUMN, then a backfill in batches";
    const char *why = column_set_default(moves, action);
    if (why != NULL) {
        return why;
    }
    recipe_fill(moves, alter->column);
    return column_not_null(moves, action);
}

const char *recipe_column(struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const struct action_facts *known = &moves->request->facts->actions[action];
    const char *why = NULL;
    moves->draft->how = "ADD COLUMN, then each of its constraints";
    if (fill_is_asked(alter, known)) {
        why = column_filled(moves, action);
    }
    if (why == NULL) {
        why = column_constraints(moves, action, COLUMN_CHECK, known->free_check);
    }
    if (why == NULL) {
        why = column_constraints(moves, action, COLUMN_REFERENCES, known->free_foreign_key);
    }
    if (why == NULL && (alter->flags & COLUMN_KEYS)) {
        why = column_key(moves, action, known->free_key);
    }
    if (why == NULL && (alter->flags & COLUMN_IDENTITY)) {
        why = recipe_identity(moves, action);
    }
    return why;
}
