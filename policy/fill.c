/* When a new column can be filled row by row. What an UPDATE does beyond writing (triggers, rules,
 * row security, constraints that old rows break) a rewrite of the table does not, so a table with
 * any of that is left to the plain statement. */
#include "policy/fill.h"

bool fill_is_asked(const struct alter_action *action, const struct action_facts *known)
{
    const unsigned values =
        COLUMN_SERIAL | COLUMN_IDENTITY | COLUMN_GENERATED | COLUMN_DEFAULT_VOLATILE;
    bool rewritten = (action->flags & COLUMN_HAS_DEFAULT) && known->rewrites == ANSWER_YES &&
                     !known->type_constrained;
    return action->kind == ALTER_ADD_COLUMN && ((action->flags & values) != 0 || rewritten);
}

const char *fill_obstacle_text(enum fill_obstacle obstacle)
{
    static const char *const whys[] = {[FILL_FREE] = NULL,
#define X(name, code, why) [FILL_##name] = why,
                                       FILL_OBSTACLES(X)
#undef X
    };
    return whys[obstacle];
}

static const char *obstacle_of_table(const struct facts *facts)
{
    if (facts->kind != 'r') {
        return "only the rows of a plain table can be filled in batches";
    }
    if (!facts->fill.known) {
        return "the server could not be asked how its rows could be filled";
    }
    if (!facts->unproved_known || facts->drop_unproved[0] != '\0') {
        return "a constraint of it that is not validated could fail the update of an old row";
    }
    return fill_obstacle_text(facts->fill.obstacle);
}

static bool type_is_integer(const char *type)
{
    return strcmp(type, "int2") == 0 || strcmp(type, "int4") == 0 || strcmp(type, "int8") == 0;
}

static const char *obstacle_of_sequence(const struct alter_action *action,
                                        const struct action_facts *known, const struct facts *facts)
{
    if (action->flags & COLUMN_HAS_DEFAULT) {
        return "a serial or identity column can have no other default";
    }
    if ((action->flags & COLUMN_IDENTITY) &&
        ((action->flags & COLUMN_SERIAL) || !type_is_integer(action->type))) {
        return "an identity column is a smallint, integer or bigint";
    }
    if (!facts->fill.may_own) {
        return "the sequence of the column would not be the one that the table's owner gets";
    }
    return known->free_sequence[0] == '\0' ? "no free name for the sequence was found" : NULL;
}

const char *fill_obstacle(const struct statement *statement, size_t action,
                          const struct facts *facts)
{
    const struct alter_action *alter = &statement->actions[action];
    const struct action_facts *known = &facts->actions[action];
    if (!known->known || known->column_exists) {
        return "the server could not be asked about the column";
    }
    if (alter->flags & COLUMN_GENERATED) {
        return "a generated column cannot be filled later";
    }
    if (known->type_constrained) {
        return "its type is a domain with constraints, which PostgreSQL checks row by row";
    }
    const char *why = obstacle_of_table(facts);
    if (why == NULL && (alter->flags & (COLUMN_SERIAL | COLUMN_IDENTITY))) {
        why = obstacle_of_sequence(alter, known, facts);
    }
    return why;
}
