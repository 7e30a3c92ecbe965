/* REFRESH MATERIALIZED VIEW, made CONCURRENTLY: readers pass while its query runs. It takes longer,
 * and leaves nothing behind when it fails. */
#include "policy/plan_moves.h"

const char *plan_refresh(const struct plan_request *request, struct draft *draft)
{
    const struct statement *statement = &request->statements[0];
    struct moves moves;
    if ((statement->flags & (FLAG_CONCURRENTLY | FLAG_NO_DATA)) ||
        statement->target.name[0] == '\0') {
        return "it has no concurrent form";
    }
    moves_start(&moves, request, draft);
    struct buffer *out = moves_part(&moves);
    buffer_append_text(out, "REFRESH MATERIALIZED VIEW CONCURRENTLY ");
    sql_append_name(out, &statement->target);
    moves_finish(&moves);
    moves_end(&moves, NULL);
    return NULL;
}
