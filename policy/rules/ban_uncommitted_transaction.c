/* A transaction that stays open behind a schema change. No statement matches: it is the session
 * that sees how long (proxy/session/uncommitted.h), and the end of a file (ddlguard check). */
#include "policy/rule.h"

const struct rule rule_ban_uncommitted_transaction = {
    .id = "ban-uncommitted-transaction",
    .why = "the locks of a schema change are held until its transaction ends, and whoever needs "
           "the table waits",
    .on = "a transaction that stays open behind a schema change",
    .hint = "COMMIT or ROLLBACK as soon as the change is made; put what takes long into another "
            "transaction.",
    .guard = ACTION_WARN,
    .strict = ACTION_BLOCK,
};
