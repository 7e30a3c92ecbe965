/* ADD COLUMN with constraints: the column alone, instant once its lock is granted, then each of its
 * constraints by the recipe that an ADD CONSTRAINT would have, under the names that PostgreSQL
 * would give them. Until the last part the column is there without them. What fails takes the
 * column with it: it was added by this change and is empty. */
#include "policy/plan_moves.h"

#include <stdio.h>

#define COLUMN_KEYS (COLUMN_UNIQUE | COLUMN_PRIMARY_KEY)

static const char *column_obstacle(const struct alter_action *alter,
                                   const struct action_facts *known)
{
    bool constant = (alter->flags & COLUMN_DEFAULT_CONSTANT) || known->rewrites == ANSWER_NO;
    if (alter->flags & ALTER_IF_NOT_EXISTS) {
        return "with IF NOT EXISTS nobody can tell afterwards whose column it is";
    }
    if (alter->flags & (COLUMN_SERIAL | COLUMN_IDENTITY | COLUMN_GENERATED)) {
        return "the column's values have to be written to every row";
    }
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

const char *recipe_bare_column(struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const struct action_facts *known = &moves->request->facts->actions[action];
    const unsigned constraints = COLUMN_CHECK | COLUMN_REFERENCES | COLUMN_KEYS;
    const char *why = column_obstacle(alter, known);
    if (why != NULL) {
        return why;
    }
    if (!alter_text_bare_column(moves->text, moves->statement, action, alter->flags & constraints,
                                moves_part(moves))) {
        return "the column without its constraints could not be proved to be the same";
    }
    undo_append_column(moves->request->facts, alter->column, moves_undo(moves, false));
    return NULL;
}

const char *recipe_column(struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const struct action_facts *known = &moves->request->facts->actions[action];
    moves->draft->how = "ADD COLUMN, then each of its constraints";
    const char *why = column_constraints(moves, action, COLUMN_CHECK, known->free_check);
    if (why == NULL) {
        why = column_constraints(moves, action, COLUMN_REFERENCES, known->free_foreign_key);
    }
    if (why == NULL && (alter->flags & COLUMN_KEYS)) {
        why = column_key(moves, action, known->free_key);
    }
    return why;
}
