/* An ALTER TABLE in several parts, so that no scan and no build shares a strong lock with anything,
 * not even with an instant action of the same statement:
 *
 *      1. columns, and then NOT VALID constraints that it adds: instant, and can be taken back
 *      2. every action that scans or builds, by the recipe of its own, in the order of the text
 *      3. VALIDATE CONSTRAINT of what is there already
 *      4. all other actions, together: instant, and nothing fails behind them
 *
 * All of it has happened in the end, or nothing, as with the plain statement; only not at one
 * moment. What could not be taken back must not come first. Where it makes room for what another
 * action adds, that is made under another name first (plan_alias.c); where it may not come last for
 * other reasons (plan_drops.c), the statement is not split.
 * (A constraint that VALIDATE has proved stays proved: it is as true as before.) */
#include "policy/effect.h"
#include "policy/fill.h"
#include "policy/plan_moves.h"

/* INDEX_KEY is LAST, behind a recipe that makes it instant. */
enum turn { TURN_FIRST, TURN_RECIPE, TURN_VALIDATE, TURN_LAST, TURN_INDEX_KEY, TURN_NEVER };

/* With IF NOT EXISTS: one that is there is only told of; one that is not is added without these
 * words, or nobody could tell afterwards whose it is. */
static enum turn split_turn_of_column(const struct alter_action *alter,
                                      const struct action_facts *known)
{
    const unsigned constraints =
        COLUMN_CHECK | COLUMN_REFERENCES | COLUMN_UNIQUE | COLUMN_PRIMARY_KEY;
    bool if_absent = (alter->flags & ALTER_IF_NOT_EXISTS) != 0;
    if (if_absent && known->column_exists) {
        return TURN_LAST;
    }
    bool parts = if_absent || (alter->flags & constraints) || fill_is_asked(alter, known);
    return parts ? TURN_RECIPE : TURN_FIRST;
}

static enum turn split_turn_of_constraint(const struct alter_action *alter)
{
    if (!(alter->flags & ALTER_NOT_VALID)) {
        return TURN_RECIPE;
    }
    return alter->constraint[0] != '\0' ? TURN_FIRST : TURN_LAST;
}

/* `drops`: what proves that a column holds no NULL may go with the last actions, or be made again.
 */
static enum turn split_turn(const struct alter_action *alter, const struct action_facts *known,
                            bool drops)
{
    switch (alter->kind) {
    case ALTER_ADD_COLUMN:
        return split_turn_of_column(alter, known);
    case ALTER_SET_NOT_NULL:
        return known->column_not_null || (known->column_proved && !drops) ? TURN_LAST : TURN_RECIPE;
    case ALTER_ADD_CHECK:
    case ALTER_ADD_FOREIGN_KEY:
    case ALTER_ADD_NOT_NULL:
        return split_turn_of_constraint(alter);
    case ALTER_ADD_UNIQUE:
        return alter->flags & ALTER_USING_INDEX ? TURN_LAST : TURN_RECIPE;
    case ALTER_ADD_PRIMARY_KEY:
        if (!(alter->flags & ALTER_USING_INDEX)) {
            return TURN_RECIPE;
        }
        return known->keys_not_null ? TURN_LAST : TURN_INDEX_KEY;
    case ALTER_ATTACH_PARTITION: /* PostgreSQL has them alone in their statement */
    case ALTER_DETACH_PARTITION:
        return TURN_RECIPE;
    case ALTER_COLUMN_TYPE: /* last if it is instant, else alone, or its recipe says no */
        return known->known && known->rewrites == ANSWER_NO && known->scans == ANSWER_NO &&
                       known->builds == ANSWER_NO
                   ? TURN_LAST
                   : TURN_RECIPE;
    case ALTER_VALIDATE:
        return TURN_VALIDATE;
    case ALTER_OTHER:
    case ALTER_SET_DEFAULT:
    case ALTER_ALTER_CONSTRAINT:
    case ALTER_ADD_IDENTITY:
    case ALTER_DISABLE_TRIGGER:
    case ALTER_LIGHT:
    case ALTER_DROP_COLUMN: /* if they may (plan_drops.c) */
    case ALTER_DROP_NOT_NULL:
    case ALTER_DROP_CONSTRAINT:
        return TURN_LAST;
    case ALTER_ADD_EXCLUSION:
    case ALTER_SET_LOGGED:
    case ALTER_SET_UNLOGGED:
    case ALTER_SET_TABLESPACE:
    case ALTER_SET_ACCESS_METHOD:
    case ALTER_SET_EXPRESSION:
    case ALTER_RENAME_COLUMN:
    case ALTER_RENAME_CONSTRAINT:
    case ALTER_RENAME_TABLE:
    case ALTER_SET_SCHEMA:
        return TURN_NEVER;
    }
    return TURN_NEVER;
}

/* The actions whose turn it is, a bit for each. */
static unsigned split_actions(const struct moves *moves, enum turn turn)
{
    unsigned actions = 0;
    bool drops = drops_actions(moves->statement) != 0 || type_actions(moves->statement) != 0;
    for (size_t i = 0; i < moves->statement->action_count; i++) {
        const struct action_facts *known = &moves->request->facts->actions[i];
        if (split_turn(&moves->statement->actions[i], known, drops) == turn) {
            actions |= 1u << i;
        }
    }
    return actions;
}

/* What is not done by a recipe must be instant. */
static bool split_is_instant(const struct moves *moves, unsigned actions)
{
    const struct facts *facts = moves->request->facts;
    for (size_t i = 0; i < moves->statement->action_count; i++) {
        struct effect effect = effect_of_action(moves->statement, i, facts, facts->server_version);
        if ((actions >> i & 1u) && effect_blocks_long(&effect)) {
            return false;
        }
    }
    return true;
}

static const char *split_together(struct moves *moves, unsigned actions)
{
    if (actions != 0 &&
        !alter_text_only(moves->text, moves->statement, actions, moves_part(moves))) {
        return "its actions could not be proved to be the same one by one";
    }
    return NULL;
}

/* What takes the actions of the part opened last back. */
static const char *split_undo(struct moves *moves, unsigned actions)
{
    const struct facts *facts = moves->request->facts;
    for (size_t i = 0; i < moves->statement->action_count; i++) {
        const struct alter_action *alter = &moves->statement->actions[i];
        const char *why = NULL;
        if (!(actions >> i & 1u)) {
            continue;
        }
        if (alter->kind == ALTER_ADD_COLUMN) {
            undo_append_column(facts, alter->column, moves_undo(moves, false));
        } else {
            why = moves_name(moves, alter->constraint);
            undo_append_constraint(facts, alter->constraint, "", moves_undo(moves, false));
        }
        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}

/* Those of the actions that add a column. */
static unsigned split_columns(const struct moves *moves, unsigned actions)
{
    unsigned columns = 0;
    for (size_t i = 0; i < moves->statement->action_count; i++) {
        bool column = moves->statement->actions[i].kind == ALTER_ADD_COLUMN;
        columns |= column ? actions & 1u << i : 0u;
    }
    return columns;
}

/* Together if they can be; else one by one, because SELECT * has columns in their order. */
static const char *split_first(struct moves *moves)
{
    unsigned actions = split_actions(moves, TURN_FIRST);
    unsigned parts = split_columns(moves, split_actions(moves, TURN_RECIPE));
    unsigned columns = split_columns(moves, actions) | parts;
    const char *why = NULL;
    if (parts != 0) {
        for (size_t i = 0; why == NULL && i < moves->statement->action_count; i++) {
            why = columns >> i & 1u ? recipe_bare_column(moves, i) : NULL;
        }
        actions &= ~columns;
    }
    why = why != NULL ? why : split_together(moves, actions);
    return why != NULL ? why : split_undo(moves, actions);
}

static const char *split_recipe(struct moves *moves, size_t action)
{
    enum alter_kind kind = moves->statement->actions[action].kind;
    if (kind == ALTER_ADD_COLUMN) {
        return recipe_column(moves, action);
    }
    if (kind == ALTER_SET_NOT_NULL) {
        return recipe_not_null(moves, action);
    }
    if (kind == ALTER_DETACH_PARTITION) {
        return recipe_detach(moves, action);
    }
    if (kind == ALTER_ATTACH_PARTITION) {
        return recipe_attach(moves, action);
    }
    if (kind == ALTER_COLUMN_TYPE) {
        return recipe_type(moves, action);
    }
    if (kind == ALTER_ADD_UNIQUE || kind == ALTER_ADD_PRIMARY_KEY) {
        return recipe_key(moves, action);
    }
    return recipe_constraint(moves, action);
}

static const char *split_all(struct moves *moves)
{
    unsigned recipes = split_actions(moves, TURN_RECIPE);
    unsigned validates = split_actions(moves, TURN_VALIDATE);
    const char *why = split_first(moves);
    for (size_t i = 0; why == NULL && i < moves->statement->action_count; i++) {
        why = recipes >> i & 1u ? split_recipe(moves, i) : NULL;
    }
    unsigned index_keys = split_actions(moves, TURN_INDEX_KEY);
    if (why == NULL && index_keys != 0) {
        why = recipe_index_key(moves);
    }
    for (size_t i = 0; why == NULL && i < moves->statement->action_count; i++) {
        why = validates >> i & 1u ? split_together(moves, 1u << i) : NULL;
    }
    unsigned last = split_actions(moves, TURN_LAST) | index_keys;
    if (why == NULL && moves->draft->plan->alias_count > 0) {
        return alias_last(moves, last);
    }
    return why != NULL ? why : split_together(moves, last);
}

static const char *split_obstacle(const struct moves *moves)
{
    const struct facts *facts = moves->request->facts;
    if (!facts->target_known || !facts->exists || facts->table.name[0] == '\0') {
        return "the server could not be asked about the table";
    }
    if (moves->statement->action_count == 0 ||
        moves->statement->action_count > STATEMENT_ACTIONS_MAX) {
        return "it has too many actions";
    }
    if (split_actions(moves, TURN_NEVER) != 0) {
        return "it has another action that could not be taken back, or must come before the rest";
    }
    const unsigned others = ~split_actions(moves, TURN_LAST);
    const char *why = drops_obstacle(moves, others);
    why = why != NULL ? why : type_obstacle(moves, others);
    if (why != NULL) {
        return why;
    }
    if (split_actions(moves, TURN_INDEX_KEY) != 0 && facts->nullable_key_count == 0) {
        return "the server could not be asked which columns of the index may be NULL";
    }
    if (!split_is_instant(moves, split_actions(moves, TURN_FIRST)) ||
        !split_is_instant(moves, split_actions(moves, TURN_LAST))) {
        return "it has another action that has no safe form";
    }
    return NULL;
}

const char *plan_alter(const struct plan_request *request, struct draft *draft)
{
    struct moves moves;
    moves_start(&moves, request, draft);
    const char *why = split_obstacle(&moves);
    why = why != NULL ? why : split_all(&moves);
    if (why == NULL) {
        moves_finish(&moves);
        if (moves.statement->action_count > 1) {
            draft->how = "several statements, each scan and each build in one of its own";
        }
    }
    moves_end(&moves, why);
    return why;
}
