/* When a DROP may come last that PostgreSQL makes first in every ALTER TABLE: it cannot be taken
 * back, so all else should have succeeded before it. The end is the same if nothing else needs that
 * it has gone (a name that gets free, another primary key), or that it is still there (a CHECK of
 * the column, a proof). Names that PostgreSQL chooses are the first that it tries: a name that the
 * drop makes free would come before that. */
#include <stdio.h>

#include "policy/plan_moves.h"

static bool action_drops(const struct alter_action *alter)
{
    return alter->kind == ALTER_DROP_COLUMN || alter->kind == ALTER_DROP_CONSTRAINT ||
           alter->kind == ALTER_DROP_NOT_NULL;
}

unsigned drops_actions(const struct statement *statement)
{
    unsigned actions = 0;
    for (size_t i = 0; i < statement->action_count && i < STATEMENT_ACTIONS_MAX; i++) {
        actions |= action_drops(&statement->actions[i]) ? 1u << i : 0u;
    }
    return actions;
}

static bool drops_a_column(const struct statement *statement)
{
    bool found = false;
    for (size_t i = 0; i < statement->action_count; i++) {
        found = found || statement->actions[i].kind == ALTER_DROP_COLUMN;
    }
    return found;
}

/* The name that was chosen for a constraint without one is the first choice, or none has to be. */
static bool name_is_first(const struct moves *moves, size_t action, unsigned flag,
                          const char *chosen)
{
    char first[1][NAME_BYTES];
    size_t count = alter_constraint_names(moves->text, moves->statement, action, flag, first, 1);
    return count == 0 || strcmp(first[0], chosen) == 0;
}

/* The constraint of an ADD CONSTRAINT. An index may have the name of a key that has one. */
static bool constraint_is_free(const struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const struct action_facts *known = &moves->request->facts->actions[action];
    if (alter->constraint[0] != '\0') {
        return known->known && !known->constraint_exists && alter->kind != ALTER_ADD_UNIQUE;
    }
    return known->free_name[0] != '\0' && name_is_first(moves, action, 0, known->free_name);
}

static bool column_is_free(const struct moves *moves, size_t action)
{
    const unsigned flags[] = {COLUMN_CHECK, COLUMN_REFERENCES, COLUMN_UNIQUE};
    const struct alter_action *alter = &moves->statement->actions[action];
    const struct action_facts *known = &moves->request->facts->actions[action];
    const char *const chosen[] = {known->free_check, known->free_foreign_key, known->free_key};
    char name[NAME_BYTES], sequence[1][NAME_BYTES];
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        for (size_t nth = 0;
             alter_constraint_name(moves->text, moves->statement, action, flags[i], nth, name);
             nth++) {
            if (name[0] != '\0' || !name_is_first(moves, action, flags[i], chosen[i])) {
                return false;
            }
        }
    }
    (void)alter_sequence_names(moves->statement, action, sequence, 1);
    return !(alter->flags & (COLUMN_SERIAL | COLUMN_IDENTITY)) ||
           strcmp(sequence[0], known->free_sequence) == 0;
}

/* PostgreSQL 18 has a constraint for it. */
static bool not_null_is_free(const struct moves *moves, size_t action)
{
    const struct facts *facts = moves->request->facts;
    char first[3 * NAME_BYTES];
    (void)snprintf(first, sizeof first, "%s_%s_not_null", facts->table.name,
                   moves->statement->actions[action].column);
    return facts->server_version < 180000 ||
           strcmp(first, facts->actions[action].not_null_name) == 0;
}

/* Nothing that the action makes would have another name if the drops came first, and it makes no
 * primary key, of which there can be one only. */
static bool names_are_free(const struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const enum alter_kind kind = alter->kind;
    if (kind == ALTER_ADD_COLUMN) {
        return !(alter->flags & COLUMN_PRIMARY_KEY) && column_is_free(moves, action);
    }
    if (kind == ALTER_SET_NOT_NULL) {
        return not_null_is_free(moves, action);
    }
    if (kind == ALTER_VALIDATE) {
        return !drops_a_column(moves->statement); /* with it goes the CHECK that mentions it */
    }
    bool constraint = kind == ALTER_ADD_CHECK || kind == ALTER_ADD_FOREIGN_KEY ||
                      kind == ALTER_ADD_NOT_NULL || kind == ALTER_ADD_UNIQUE;
    return constraint && constraint_is_free(moves, action);
}

const char *drops_obstacle(const struct moves *moves, unsigned others)
{
    const struct statement *statement = moves->statement;
    const unsigned drops = drops_actions(statement);
    for (size_t i = 0; drops != 0 && i < statement->action_count; i++) {
        if ((others >> i & 1u) && !names_are_free(moves, i)) {
            return "it drops what may have to go before the rest";
        }
    }
    for (size_t d = 0; d < statement->action_count; d++) {
        const struct alter_action *drop = &statement->actions[d];
        const char *name = drop->kind == ALTER_DROP_CONSTRAINT ? drop->constraint : drop->column;
        if ((drops >> d & 1u) && (drop->flags & ALTER_CASCADE)) {
            return "nobody knows what else its CASCADE drops";
        }
        for (size_t i = 0; (drops >> d & 1u) && i < statement->action_count; i++) {
            if ((others >> i & 1u) &&
                (alter_mentions(moves->text, statement, i, name) ||
                 alter_mentions(moves->text, statement, i, statement->target.name))) {
                return "it drops what another action of it speaks of";
            }
        }
    }
    return NULL;
}
