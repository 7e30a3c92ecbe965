/* What the open transaction has done to the target already: made it, or locked it. Outside a
 * transaction block that is nothing, and costs nothing to know. */
#include "policy/probe_text.h"

/* The row of a table's system column ctid is made with the table and never changed afterwards,
 * while its pg_class row gets a new xmin from every ALTER. A transaction's own ids, savepoints'
 * included, lie from its first one on; a million of them is more than any will use, and keeps
 * frozen rows of ids that have come round again out. txid_status may not be asked about ids of the
 * future. */
static const char probe_new_here[] =
    "EXISTS (SELECT FROM (SELECT now.own, now.next, now.own OPERATOR(pg_catalog.+)"
    " ((a.xmin::pg_catalog.text::pg_catalog.int8 OPERATOR(pg_catalog.-) now.own)"
    " OPERATOR(pg_catalog.&) 4294967295) AS xid FROM pg_catalog.pg_attribute AS a,"
    " (SELECT pg_catalog.txid_current_if_assigned() AS own, pg_catalog.txid_snapshot_xmax("
    "pg_catalog.txid_current_snapshot()) AS next) AS now WHERE a.attrelid OPERATOR(pg_catalog.=)"
    " place.tab AND a.attnum OPERATOR(pg_catalog.=) '-1'::pg_catalog.int2) AS made"
    " WHERE made.xid OPERATOR(pg_catalog.<) (made.own OPERATOR(pg_catalog.+) 1048576)"
    " AND CASE WHEN made.xid OPERATOR(pg_catalog.>=) made.next THEN true ELSE"
    " pg_catalog.txid_status(made.xid) OPERATOR(pg_catalog.=) 'in progress' END)";

void probe_append_new_here(const struct statement *statement, const struct situation *now,
                           struct buffer *out)
{
    bool one = statement->target.name[0] != '\0';
    buffer_append_text(out, now->in_transaction && one ? probe_new_here : "false");
}

/* What VALIDATE would read the table under, when it is more than its own SHARE UPDATE EXCLUSIVE. */
static const char probe_locked_here[] =
    "EXISTS (SELECT FROM pg_catalog.pg_locks AS l WHERE l.locktype OPERATOR(pg_catalog.=)"
    " 'relation' AND l.relation OPERATOR(pg_catalog.=) place.tab AND l.pid OPERATOR(pg_catalog.=)"
    " pg_catalog.pg_backend_pid() AND l.granted AND l.mode OPERATOR(pg_catalog.=) ANY (ARRAY["
    "'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock']))";

static bool probe_wants_locks(const struct statement *statement, const struct situation *now)
{
    bool validates = false;
    for (size_t i = 0; i < probe_action_count(statement); i++) {
        validates = validates || statement->actions[i].kind == ALTER_VALIDATE;
    }
    return validates && now->in_transaction;
}

void probe_append_locked_here(const struct statement *statement, const struct situation *now,
                              struct buffer *out)
{
    buffer_append_text(out, probe_wants_locks(statement, now) ? probe_locked_here : "false");
}
