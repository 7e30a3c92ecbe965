/* ADD UNIQUE and ADD PRIMARY KEY without a build under a strong lock.
 *
 *      (SET NOT NULL of each column of a primary key that may be NULL: plan_not_null.c; all that
 *      there is to do before a PRIMARY KEY USING INDEX)
 *      CREATE UNIQUE INDEX CONCURRENTLY name     UNDO: drop the index
 *      ADD CONSTRAINT name … USING INDEX name    UNDO, when a later part fails: drop it
 *
 * Index and constraint have one name, as if PostgreSQL had made both. Duplicates are told by the
 * build, in the words that the plain statement has for them. */
#include "policy/plan_moves.h"

const char *recipe_build_key(struct moves *moves, size_t action, const char *name)
{
    struct span text = moves->text;
    const struct statement *statement = moves->statement;
    if (moves->request->facts->kind == 'p') {
        return recipe_key_by_leaf(moves, action, name);
    }
    if (moves->request->facts->kind != 'r') {
        return "only the index of a plain table can be built concurrently";
    }
    if (name[0] == '\0') {
        return "no free name for the constraint was found";
    }
    const char *why = moves_name(moves, name);
    if (why != NULL) {
        return why;
    }
    if (!alter_text_key_index(text, statement, action, name,
                              moves_build(moves, &moves->request->facts->table, name)) ||
        !alter_text_key_using_index(text, statement, action, name, moves_part(moves))) {
        return "the form with USING INDEX could not be proved to be the same";
    }
    undo_append_constraint(moves->request->facts, name, "", moves_undo(moves, false));
    return NULL;
}

static const char *key_not_null(struct moves *moves, size_t action)
{
    const struct action_facts *known = &moves->request->facts->actions[action];
    char columns[KEY_COLUMNS_MAX][NAME_BYTES];
    size_t count =
        alter_key_columns(moves->text, moves->statement, action, columns, KEY_COLUMNS_MAX);
    if (known->keys_nullable == 0 || count > KEY_COLUMNS_MAX) {
        return "the server could not be asked which of its columns may be NULL";
    }
    for (size_t i = 0; i < count; i++) {
        const char *why = (known->keys_nullable >> i & 1u) != 0
                              ? recipe_column_not_null(moves, columns[i])
                              : NULL;
        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}

const char *recipe_index_key(struct moves *moves)
{
    const struct facts *facts = moves->request->facts;
    const char *why = facts->kind == 'r' ? NULL : "it is no plain table";
    moves->draft->how =
        "SET NOT NULL of columns that were proved to hold no NULL, then USING INDEX";
    for (size_t i = 0; i < facts->nullable_key_count && why == NULL; i++) {
        why = recipe_column_not_null(moves, facts->nullable_keys[i]);
    }
    return why;
}

const char *recipe_key(struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const struct action_facts *known = &moves->request->facts->actions[action];
    moves->draft->how = "CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … USING INDEX";
    if (!known->known) {
        return "the server could not be asked about the columns";
    }
    bool alias = drops_ask_for_alias(moves, action);
    if (alter->constraint[0] != '\0' && known->constraint_exists && !alias) {
        return "there is a constraint of that name";
    }
    if (alter->kind == ALTER_ADD_PRIMARY_KEY && !known->keys_not_null) {
        const char *why = key_not_null(moves, action);
        if (why != NULL) {
            return why;
        }
    }
    if (alias) {
        return recipe_key_alias(moves, action);
    }
    const char *own = alter->constraint;
    return recipe_build_key(moves, action, own[0] != '\0' ? own : known->free_name);
}
