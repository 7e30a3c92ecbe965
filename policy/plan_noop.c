/* The answer to a statement that would change nothing, in PostgreSQL's own words, without asking
 * for the lock that it would take to find out. Whether it would change nothing is for the rules to
 * say; here it is looked at once more, because a wrong answer would be a change that never happens.
 *
 * One statement has one notice here: what would give two of them is left to the server. */
#include "policy/plan_draft.h"

#define SUCCESS          "00000"
#define DUPLICATE_COLUMN "42701"
#define DUPLICATE_TABLE  "42P07"

/* "%" stands for `name`, "$" for the table. */
struct noop {
    bool nothing; /* it would change nothing */
    const char *sqlstate, *message;
    const char *name;
};

static const struct noop silent = {.nothing = true};

static struct noop noop_notice(bool nothing, const char *sqlstate, const char *message,
                               const char *name)
{
    return (struct noop){nothing, sqlstate, message, name};
}

static struct noop noop_of_action(const struct alter_action *alter,
                                  const struct action_facts *known)
{
    struct noop no = {0};
    bool absent_ok = known->known && (alter->flags & ALTER_IF_EXISTS);
    bool present_ok = known->known && (alter->flags & ALTER_IF_NOT_EXISTS);
    if (alter->kind == ALTER_ADD_COLUMN) {
        return noop_notice(present_ok && known->column_exists, DUPLICATE_COLUMN,
                           "column \"%\" of relation \"$\" already exists, skipping",
                           alter->column);
    }
    if (alter->kind == ALTER_DROP_COLUMN) {
        return noop_notice(absent_ok && !known->column_exists, SUCCESS,
                           "column \"%\" of relation \"$\" does not exist, skipping",
                           alter->column);
    }
    if (alter->kind == ALTER_DROP_CONSTRAINT) {
        return noop_notice(absent_ok && !known->constraint_exists, SUCCESS,
                           "constraint \"%\" of relation \"$\" does not exist, skipping",
                           alter->constraint);
    }
    if (alter->kind == ALTER_SET_NOT_NULL && known->known && known->column_not_null) {
        return silent;
    }
    if (alter->kind == ALTER_DROP_NOT_NULL && known->known && known->column_exists &&
        !known->column_not_null) {
        return silent;
    }
    if (alter->kind == ALTER_VALIDATE && known->known && known->constraint_exists &&
        known->constraint_valid) {
        return silent;
    }
    return no;
}

static struct noop noop_of_alter(const struct plan_request *request)
{
    const struct statement *statement = &request->statements[0];
    const struct facts *facts = request->facts;
    if (!facts->exists) {
        return noop_notice(statement->flags & FLAG_IF_EXISTS, SUCCESS,
                           "relation \"%\" does not exist, skipping", statement->target.name);
    }
    struct noop out = silent;
    size_t notices = 0;
    for (size_t i = 0; i < statement->action_count && i < STATEMENT_ACTIONS_MAX; i++) {
        struct noop one = noop_of_action(&statement->actions[i], &facts->actions[i]);
        notices += one.message != NULL;
        one.nothing = one.nothing && out.nothing;
        out = one.message != NULL || !one.nothing ? one : out;
    }
    out.nothing = out.nothing && notices <= 1 && statement->action_count > 0 &&
                  statement->action_count <= STATEMENT_ACTIONS_MAX;
    return out;
}

static struct noop noop_of(const struct plan_request *request)
{
    const struct statement *statement = &request->statements[0];
    const struct facts *facts = request->facts;
    bool absent = (statement->flags & FLAG_IF_EXISTS) && !facts->exists &&
                  statement->object_count == 1 && statement->target.schema[0] == '\0';
    if (statement->kind == STATEMENT_ALTER_TABLE) {
        return noop_of_alter(request);
    }
    if (statement->kind == STATEMENT_CREATE_INDEX) {
        return noop_notice((statement->flags & FLAG_IF_NOT_EXISTS) && facts->index.exists &&
                               facts->index.same_columns,
                           DUPLICATE_TABLE, "relation \"%\" already exists, skipping",
                           statement->index.name);
    }
    if (statement->kind == STATEMENT_DROP_INDEX) {
        return noop_notice(absent, SUCCESS, "index \"%\" does not exist, skipping",
                           statement->target.name);
    }
    if (statement->kind == STATEMENT_DROP_TABLE) {
        return noop_notice(absent, SUCCESS, "table \"%\" does not exist, skipping",
                           statement->target.name);
    }
    return (struct noop){0};
}

bool plan_noop(const struct plan_request *request, struct draft *draft)
{
    if (request->count != 1 || !request->facts->known || !request->facts->target_known) {
        return false;
    }
    struct noop noop = noop_of(request);
    if (!noop.nothing) {
        return false;
    }
    (void)draft_step(draft, STEP_NOOP, false);
    if (noop.message == NULL) {
        return true;
    }
    struct buffer *out = draft_says(draft, noop.sqlstate);
    for (const char *at = noop.message; *at != '\0'; at++) {
        if (*at == '%') {
            buffer_append_text(out, noop.name);
        } else if (*at == '$') {
            buffer_append_text(out, request->facts->table.name);
        } else {
            buffer_append_u8(out, (uint8_t)*at);
        }
    }
    return true;
}
