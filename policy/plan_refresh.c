/* REFRESH MATERIALIZED VIEW, made CONCURRENTLY: readers pass while its query runs. It takes longer,
 * and leaves nothing behind when it fails. PostgreSQL has it inside transaction blocks, too. */
#include "policy/plan_moves.h"

static bool refresh_append(const struct plan_request *request, struct buffer *out)
{
    const struct statement *statement = &request->statements[0];
    if ((statement->flags & (FLAG_CONCURRENTLY | FLAG_NO_DATA)) ||
        statement->target.name[0] == '\0') {
        return false;
    }
    buffer_append_text(out, "REFRESH MATERIALIZED VIEW CONCURRENTLY ");
    sql_append_name(out, &statement->target);
    return true;
}

#define NO_FORM "it has no concurrent form"

const char *plan_refresh(const struct plan_request *request, struct draft *draft)
{
    struct moves moves;
    moves_start(&moves, request, draft);
    const char *why = refresh_append(request, moves_part(&moves)) ? NULL : NO_FORM;
    if (why == NULL) {
        moves_finish(&moves);
    }
    moves_end(&moves, why);
    return why;
}

bool plan_is_refresh_inside(const struct plan_request *request)
{
    return request->count == 1 && request->statements[0].form == FORM_REFRESH &&
           request->decisions[0].verdict == VERDICT_REWRITE && request->now->in_transaction &&
           (request->now->alone || request->now->may_save) && request->facts->known;
}

const char *plan_refresh_inside(const struct plan_request *request, struct buffer *out,
                                struct draft *draft)
{
    const struct statement *statement = &request->statements[0];
    buffer_append_text(out, "/* ddlguard */ ");
    if (!refresh_append(request, out)) {
        buffer_reset(out);
        return NO_FORM;
    }
    draft->plan->replaced_at = statement->start;
    draft->plan->replaced_length = statement->length;
    return NULL;
}
