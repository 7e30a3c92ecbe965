/* When a DROP may come last that PostgreSQL makes first in every ALTER TABLE: it cannot be taken
 * back, so all else should have succeeded before it. The end is the same if nothing else needs that
 * it has gone (a name that gets free, another primary key), or that it is still there (a CHECK of
 * the column, a proof). Names that PostgreSQL chooses are the first that it tries: a name that the
 * drop makes free would come before that. A constraint with a name of the client's that only has to
 * wait for its name or its place gets both last of all (plan_alias.c). */
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

/* A DROP CONSTRAINT of that name, which the server will not refuse for what it is; `name` NULL: of
 * the primary key. */
static bool drops_constraint(const struct moves *moves, const char *name)
{
    for (size_t i = 0; i < moves->statement->action_count; i++) {
        const struct alter_action *drop = &moves->statement->actions[i];
        const struct action_facts *known = &moves->request->facts->actions[i];
        bool there = known->known && (known->constraint_exists || drop->flags & ALTER_IF_EXISTS);
        if (drop->kind == ALTER_DROP_CONSTRAINT && there &&
            (name == NULL ? known->constraint_kind == 'p' : strcmp(drop->constraint, name) == 0)) {
            return true;
        }
    }
    return false;
}

/* The constraint of an ADD CONSTRAINT. An index may have the name of a key that has one. */
static bool constraint_is_free(const struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const struct action_facts *known = &moves->request->facts->actions[action];
    if (alter->constraint[0] != '\0') {
        return known->known && !known->constraint_exists && alter->kind != ALTER_ADD_UNIQUE &&
               !drops_constraint(moves, alter->constraint);
    }
    return known->free_name[0] != '\0' && name_is_first(moves, action, 0, known->free_name) &&
           !drops_constraint(moves, known->free_name);
}

/* PostgreSQL 18 has a constraint for NOT NULL: no drop makes the name free that is tried first. */
static bool not_null_name_stays(const struct moves *moves, const char *column)
{
    const struct facts *facts = moves->request->facts;
    char first[3 * NAME_BYTES];
    (void)snprintf(first, sizeof first, "%s_%s_not_null", facts->table.name, column);
    return facts->server_version < 180000 || !drops_constraint(moves, first);
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
            if (name[0] != '\0' || !name_is_first(moves, action, flags[i], chosen[i]) ||
                drops_constraint(moves, chosen[i])) {
                return false;
            }
        }
    }
    const unsigned numbered = COLUMN_SERIAL | COLUMN_IDENTITY;
    if ((alter->flags & (COLUMN_NOT_NULL | numbered)) &&
        !not_null_name_stays(moves, alter->column)) {
        return false;
    }
    (void)alter_sequence_names(moves->statement, action, sequence, 1);
    return !(alter->flags & numbered) || strcmp(sequence[0], known->free_sequence) == 0;
}

/* The name that it gets now is the one that is tried first. */
static bool not_null_is_free(const struct moves *moves, size_t action)
{
    const struct facts *facts = moves->request->facts;
    const char *column = moves->statement->actions[action].column;
    char first[3 * NAME_BYTES];
    (void)snprintf(first, sizeof first, "%s_%s_not_null", facts->table.name, column);
    return facts->server_version < 180000 ||
           (strcmp(first, facts->actions[action].not_null_name) == 0 &&
            not_null_name_stays(moves, column));
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

const char *drops_own_name(const struct moves *moves, size_t action)
{
    const char *own = moves->statement->actions[action].constraint;
    return own[0] != '\0' ? own : moves->request->facts->actions[action].free_name;
}

/* What makes the columns of the primary key NOT NULL on PostgreSQL 18 is not dropped, and none of
 * it would get another name behind the drops. */
static bool key_not_null_stays(const struct moves *moves, size_t action)
{
    const struct facts *facts = moves->request->facts;
    char columns[KEY_COLUMNS_MAX][NAME_BYTES];
    size_t count =
        alter_key_columns(moves->text, moves->statement, action, columns, KEY_COLUMNS_MAX);
    bool stays = count <= KEY_COLUMNS_MAX;
    for (size_t i = 0; stays && i < count; i++) {
        stays = not_null_name_stays(moves, columns[i]);
    }
    for (size_t i = 0; facts->server_version >= 180000 && i < moves->statement->action_count; i++) {
        stays = stays && !(moves->statement->actions[i].kind == ALTER_DROP_CONSTRAINT &&
                           facts->actions[i].constraint_kind == 'n');
    }
    return stays;
}

/* Not of a table with children or partitions, which have such a constraint, too, and may have one
 * of that name; nor for a foreign key to one, which has more than one of them. */
static bool alias_is_possible(const struct moves *moves, size_t action)
{
    const struct alter_action *alter = &moves->statement->actions[action];
    const struct action_facts *known = &moves->request->facts->actions[action];
    const struct facts *facts = moves->request->facts;
    const char *name = drops_own_name(moves, action);
    if (facts->kind != 'r' || facts->table_has_children || !known->known || name[0] == '\0' ||
        (alter->flags & (ALTER_NOT_VALID | ALTER_USING_INDEX))) {
        return false;
    }
    bool unnamed = alter->constraint[0] == '\0';
    if (unnamed && !name_is_first(moves, action, 0, name)) {
        return false;
    }
    bool replaces = drops_constraint(moves, name);
    bool name_is_free = replaces || unnamed || !known->constraint_exists;
    return (alter->kind == ALTER_ADD_CHECK && replaces) ||
           (alter->kind == ALTER_ADD_FOREIGN_KEY && replaces && known->other_kind == 'r') ||
           (alter->kind == ALTER_ADD_UNIQUE && name_is_free) ||
           (alter->kind == ALTER_ADD_PRIMARY_KEY && name_is_free && drops_constraint(moves, NULL) &&
            key_not_null_stays(moves, action));
}

bool drops_ask_for_alias(const struct moves *moves, size_t action)
{
    return drops_actions(moves->statement) != 0 && !names_are_free(moves, action) &&
           alias_is_possible(moves, action);
}

/* Nothing but a name hangs on a CHECK or a foreign key. */
static bool drop_is_of_a_name(const struct alter_action *drop, const struct action_facts *known)
{
    return drop->kind == ALTER_DROP_CONSTRAINT && known->known &&
           (known->constraint_kind == 'c' || known->constraint_kind == 'f');
}

/* Does the action speak of what is dropped? The table itself stands for any of its columns, and for
 * a key that is referenced. */
static bool drop_is_mentioned(const struct moves *moves, size_t dropped, size_t action)
{
    const struct statement *statement = moves->statement;
    const struct alter_action *drop = &statement->actions[dropped];
    const struct action_facts *known = &moves->request->facts->actions[dropped];
    bool constraint = drop->kind == ALTER_DROP_CONSTRAINT;
    const char *name = constraint ? drop->constraint : drop->column;
    bool only_its_name = constraint && drops_ask_for_alias(moves, action);
    return (!only_its_name && alter_mentions(moves->text, statement, action, name)) ||
           (!drop_is_of_a_name(drop, known) &&
            alter_mentions(moves->text, statement, action, statement->target.name));
}

/* A name that PostgreSQL would choose when that of an alias is free. */
static bool drops_leave_a_choice(const struct moves *moves, unsigned last)
{
    bool alias = false, choice = false;
    for (size_t i = 0; i < moves->statement->action_count; i++) {
        const struct alter_action *alter = &moves->statement->actions[i];
        bool adds = alter->kind == ALTER_ADD_CHECK || alter->kind == ALTER_ADD_FOREIGN_KEY ||
                    alter->kind == ALTER_ADD_NOT_NULL;
        choice = choice || ((last >> i & 1u) && adds && alter->constraint[0] == '\0');
        alias = alias || drops_ask_for_alias(moves, i);
    }
    return alias && choice;
}

const char *drops_obstacle(const struct moves *moves, unsigned others)
{
    const struct statement *statement = moves->statement;
    const unsigned drops = drops_actions(statement);
    for (size_t i = 0; drops != 0 && i < statement->action_count; i++) {
        if ((others >> i & 1u) && !names_are_free(moves, i) && !alias_is_possible(moves, i)) {
            return "it drops what may have to go before the rest";
        }
    }
    for (size_t d = 0; d < statement->action_count; d++) {
        if ((drops >> d & 1u) && (statement->actions[d].flags & ALTER_CASCADE)) {
            return "nobody knows what else its CASCADE drops";
        }
        if ((drops >> d & 1u) && moves->request->facts->actions[d].other_exists) {
            return "it drops a key that a foreign key needs";
        }
        for (size_t i = 0; (drops >> d & 1u) && i < statement->action_count; i++) {
            if ((others >> i & 1u) && drop_is_mentioned(moves, d, i)) {
                return "it drops what another action of it speaks of";
            }
        }
    }
    return drops_leave_a_choice(moves, ~others) ? "it drops what may have to go before the rest"
                                                : NULL;
}
