/* Which plan in parts is the way for a statement that is to be made safe. */
#include "policy/plan_draft.h"

bool plan_is_rewritten(const struct plan_request *request)
{
    return request->count == 1 && request->decisions[0].verdict == VERDICT_REWRITE &&
           situation_may_rewrite(request->now) && request->facts->known;
}

const char *plan_rewritten(const struct plan_request *request, struct draft *draft)
{
    const struct statement *statement = &request->statements[0];
    if (statement->kind == STATEMENT_ALTER_TABLE) {
        return plan_alter(request, draft);
    }
    if (statement->kind == STATEMENT_CREATE_INDEX) {
        return plan_partition_index(request, draft);
    }
    if (statement->kind == STATEMENT_DROP_INDEX) {
        return plan_drop_indexes(request, draft);
    }
    if (statement->kind == STATEMENT_DROP_TABLE) {
        bool partition = request->facts->partitioned.name[0] != '\0';
        return partition ? plan_drop_partition(request, draft) : plan_drop_table(request, draft);
    }
    if (statement->form == FORM_REFRESH) {
        return plan_refresh(request, draft);
    }
    if (statement->form == FORM_PARTITION_OF) {
        return plan_partition_of(request, draft);
    }
    return "there is no such form of it";
}
