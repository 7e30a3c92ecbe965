/* GUARD and RESTORE of a plan that runs outside transaction blocks and may take long: they set all
 * that can end a statement, or the session between two of them, early. Only while the plan runs. */
#include "policy/plan_draft.h"

static void timeouts_append(const struct facts *facts, const char *lock, const char *statement,
                            const char *transaction, const char *idle, struct buffer *out)
{
    buffer_append_text(out, "/* ddlguard */ SELECT ");
    draft_append_set(out, "lock_timeout", lock, false);
    buffer_append_text(out, ", ");
    draft_append_set(out, "statement_timeout", statement, false);
    if (facts->transaction_timeout[0] != '\0') {
        buffer_append_text(out, ", ");
        draft_append_set(out, "transaction_timeout", transaction, false);
    }
    if (draft_has_idle_timeout(facts)) {
        buffer_append_text(out, ", ");
        draft_append_set(out, "idle_session_timeout", idle, false);
    }
}

void timeouts_append_lift(const struct facts *facts, const char *lock, struct buffer *out)
{
    timeouts_append(facts, lock, "0", "0", "0", out);
}

void timeouts_append_back(const struct facts *facts, struct buffer *out)
{
    timeouts_append(facts, facts->lock_timeout, facts->statement_timeout,
                    facts->transaction_timeout, facts->idle_session_timeout, out);
}

/* A query without rows whose condition does the work. */
void timeouts_append_undo(const char *lock, struct buffer *out)
{
    buffer_append_text(out, "/* ddlguard */ SELECT '' WHERE ");
    draft_append_set(out, "lock_timeout", lock, false);
    buffer_append_text(out, " IS NULL");
}
