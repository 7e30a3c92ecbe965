/* A constraint that can only come behind the drops of its own statement: one of them makes its name
 * free, or takes away the primary key, of which there can be one. It is made under a name of ours
 * while the old one is there, and changes places with it in one short transaction, behind which
 * nothing can fail. So no writer ever passes both, and until then the old one is as it was.
 *
 *      CLEAN                                 what a killed proxy has left under that name
 *      ADD CONSTRAINT ours … NOT VALID       UNDO: drop it
 *      VALIDATE CONSTRAINT ours
 *      the last part                         the drops; RENAME CONSTRAINT ours TO k;
 *                                            all else that comes last, and may speak of k
 *
 *      CLEAN
 *      CREATE UNIQUE INDEX CONCURRENTLY ours UNDO: drop it
 *      the last part                         the drops; ALTER INDEX ours RENAME TO k;
 *                                            ADD CONSTRAINT k … USING INDEX k; all else
 *
 * Nobody but these plans gives such names, so what has one may be removed though it is valid, and
 * in what the server says the client's own stands in its place (plan.aliases). */
#include "policy/plan_moves.h"

#include <string.h>

/* As proxy/net/maintenance_claim.c knows them. */
#define ALIAS_PREFIX "ddlguard_new_"

static const char *alias_take(struct moves *moves, size_t action)
{
    const char *own = drops_own_name(moves, action);
    struct plan *plan = moves->draft->plan;
    struct plan_alias *alias = &plan->aliases[plan->alias_count++];
    memcpy(alias->own, own, NAME_BYTES);
    draft_hashed_name(ALIAS_PREFIX, own, alias->ours);
    return moves_name(moves, own);
}

const char *recipe_constraint_alias(struct moves *moves, size_t action)
{
    const struct facts *facts = moves->request->facts;
    const char *why = alias_take(moves, action);
    const char *ours = moves->draft->plan->aliases[moves->draft->plan->alias_count - 1].ours;
    if (why != NULL) {
        return why;
    }
    moves_clean_constraint(moves, ours);
    if (!alter_text_not_valid_as(moves->text, moves->statement, action, ours, moves_part(moves))) {
        return "the form with NOT VALID could not be proved to be the same";
    }
    undo_append_constraint(facts, ours, "", moves_undo(moves, false));
    return moves_validate(moves, ours, NULL) ? NULL
                                             : "VALIDATE CONSTRAINT could not be written for it";
}

const char *recipe_key_alias(struct moves *moves, size_t action)
{
    const struct facts *facts = moves->request->facts;
    const char *why = alias_take(moves, action);
    const char *ours = moves->draft->plan->aliases[moves->draft->plan->alias_count - 1].ours;
    if (why != NULL) {
        return why;
    }
    undo_append_index(facts, &facts->table, ours, UNDO_INDEX_OURS, moves_clean(moves));
    return alter_text_key_index(moves->text, moves->statement, action, ours,
                                moves_build(moves, &facts->table, ours))
               ? NULL
               : "the form with USING INDEX could not be proved to be the same";
}

/* "EXECUTE 'statement'; "; frees the statement. */
static void alias_append_execute(struct buffer *statement, struct buffer *body)
{
    buffer_append_text(body, "EXECUTE ");
    sql_append_literal(body, buffer_span(statement));
    buffer_append_text(body, "; ");
    body->failed = body->failed || statement->failed;
    buffer_free(statement);
}

/* "ALTER <kind> name RENAME <what> ours TO own" */
static void alias_append_rename(const struct facts *facts, const struct plan_alias *alias,
                                bool index, struct buffer *body)
{
    struct buffer rename = {0};
    struct object_name name = facts->table;
    if (index) {
        memcpy(name.name, alias->ours, NAME_BYTES); /* it is in the table's schema */
    }
    buffer_append_text(&rename, index ? "ALTER INDEX " : "ALTER TABLE ");
    sql_append_name(&rename, &name);
    buffer_append_text(&rename, index ? " RENAME" : " RENAME CONSTRAINT ");
    if (!index) {
        sql_append_identifier(&rename, alias->ours);
    }
    buffer_append_text(&rename, " TO ");
    sql_append_identifier(&rename, alias->own);
    alias_append_execute(&rename, body);
}

/* The aliases were taken in the order of the actions. */
static bool alias_append_names(struct moves *moves, struct buffer *body)
{
    const struct plan_alias *alias = moves->draft->plan->aliases;
    bool done = true;
    for (size_t i = 0; i < moves->statement->action_count; i++) {
        enum alter_kind kind = moves->statement->actions[i].kind;
        bool key = kind == ALTER_ADD_UNIQUE || kind == ALTER_ADD_PRIMARY_KEY;
        struct buffer add = {0};
        if (!drops_ask_for_alias(moves, i)) {
            continue;
        }
        alias_append_rename(moves->request->facts, alias, key, body);
        if (key) {
            done = done &&
                   alter_text_key_using_index(moves->text, moves->statement, i, alias->own, &add);
            alias_append_execute(&add, body);
        }
        alias++;
    }
    return done;
}

/* Those actions in one statement; of none nothing. */
static bool alias_append_actions(struct moves *moves, unsigned actions, struct buffer *body)
{
    struct buffer alter = {0};
    if (actions == 0) {
        return true;
    }
    bool done = alter_text_only(moves->text, moves->statement, actions, &alter);
    alias_append_execute(&alter, body);
    return done;
}

/* In PostgreSQL's own order: drops and new types come before what is added, and REPLICA IDENTITY,
 * CLUSTER ON, ALTER CONSTRAINT and INHERIT, which may look for its name, behind it. */
const char *alias_last(struct moves *moves, unsigned actions)
{
    const unsigned before = drops_actions(moves->statement) | type_actions(moves->statement);
    struct buffer body = {0};
    buffer_append_text(&body, "BEGIN ");
    bool done = alias_append_actions(moves, actions & before, &body);
    done = alias_append_names(moves, &body) && done;
    done = alias_append_actions(moves, actions & ~before, &body) && done;
    buffer_append_text(&body, "END");
    draft_append_do(&body, moves_part(moves));
    moves->draft->plan->tag = moves->statement->tag;
    return done ? NULL : "its actions could not be proved to be the same one by one";
}
