/* The settings of the client's that the probe is not to be planned with. The plan reads a few rows
 * by their indexes, in 10 ms; it is put to the server in the client's session, with what is set
 * there:
 *
 *      enable_nestloop, enable_indexscan = off   all of the catalogs is read and hashed
 *      enable_seqscan = off                      up to PostgreSQL 17 any plan with a small table in
 *                                                it costs 10^10, which is the same to JIT as work
 *      jit, with its costs as they are           so it compiles for seconds what runs for 10 ms,
 *                                                under a snapshot that every CREATE INDEX
 *                                                CONCURRENTLY in the database waits for
 *      join_collapse_limit                       above 1 orders of joins are tried that are no
 *                                                better than the one written: a fifth of the time
 *
 * Nothing in the probe itself can change that: a statement is planned before it runs. */
#include "policy/probe.h"

/* Arrays are made whole before the first of their elements is fetched, so they know the values of
 * before. For the transaction only, like all that follows an error or a cancel between the rows. */
#define SETTING(name, value)                                                                       \
    ", pg_catalog.set_config('" name "', pg_catalog.unnest(ARRAY['" value                          \
    "', pg_catalog.current_setting('" name "')]), true)"

static const char planner[] = "/* ddlguard */ SELECT NULL" SETTING("jit", "off")
    SETTING("enable_nestloop", "on") SETTING("enable_indexscan", "on")
        SETTING("enable_seqscan", "on") SETTING("join_collapse_limit", "1");

struct span probe_planner(const struct probe *probe)
{
    bool reads_catalogs = probe->form == PROBE_TARGET || probe->form == PROBE_SCOPE;
    return span_text(reads_catalogs ? planner : "");
}
