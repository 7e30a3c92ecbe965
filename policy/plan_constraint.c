/* ADD FOREIGN KEY and ADD CHECK without a scan under a strong lock: NOT VALID, instant once its
 * locks are granted, then VALIDATE, which readers and writers pass. A NOT VALID constraint already
 * checks what is written, so one that cannot be validated must go again: it would fail updates of
 * old rows, whatever they change.
 *
 *      ADD CONSTRAINT … NOT VALID      UNDO: drop it, while it is not validated
 *      VALIDATE CONSTRAINT             UNDO, when a later part fails: drop it */
#include "policy/plan_moves.h"

const char *recipe_validate(struct moves *moves, const char *constraint)
{
    const struct facts *facts = moves->request->facts;
    const char *why = moves_name(moves, constraint);
    if (why != NULL) {
        return why;
    }
    undo_append_constraint(facts, constraint, " AND NOT k.convalidated", moves_undo(moves, false));
    if (!moves_validate(moves, constraint, NULL)) {
        return "VALIDATE CONSTRAINT could not be written for it";
    }
    undo_append_constraint(facts, constraint, "", moves_undo(moves, false));
    return NULL;
}

const char *recipe_constraint(struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const struct facts *facts = moves->request->facts;
    const char *own = alter->constraint;
    const char *name = own[0] != '\0' ? own : facts->actions[action].free_name;
    bool by_leaf = alter->kind == ALTER_ADD_FOREIGN_KEY && facts->kind == 'p' &&
                   facts->server_version < 180000;
    moves->draft->how = "ADD CONSTRAINT … NOT VALID, then VALIDATE CONSTRAINT";
    if (drops_ask_for_alias(moves, action)) {
        return recipe_constraint_alias(moves, action);
    }
    if (name[0] == '\0') {
        return "no free name for the constraint was found";
    }
    if (by_leaf) {
        return recipe_foreign_key_by_leaf(moves, action, name);
    }
    if (!alter_text_not_valid(moves->text, moves->statement, action, name, moves_part(moves))) {
        return "the form with NOT VALID could not be proved to be the same";
    }
    return recipe_validate(moves, name);
}
