/* What the probe asks about filling a new column row by row: whether an UPDATE of the table does no
 * more than write, and the primary key to go by. One row each:
 *
 *      fill   kind1: why not, as in FILL_OBSTACLES; is1: may_own
 *      key    place: from 1; name1: the column
 *
 * Triggers on other columns (UPDATE OF) do not fire for a new one. The owner is above row security
 * that is not forced. */
#include "policy/probe_text.h"

static const char fill_row[] =
    ", 0, NULL, NULL, NULL, NULL, NULL, NULL, (CASE"
    " WHEN EXISTS (SELECT FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid OPERATOR(pg_catalog.=)"
    " tc.oid AND NOT g.tgisinternal AND g.tgenabled OPERATOR(pg_catalog.<>) 'D' AND"
    /* TRIGGER_TYPE_UPDATE; no columns are named */
    " (g.tgtype::pg_catalog.int4 OPERATOR(pg_catalog.&) 16) OPERATOR(pg_catalog.<>) 0"
    " AND g.tgattr[0] IS NULL) THEN 't'"
    " WHEN EXISTS (SELECT FROM pg_catalog.pg_rewrite AS w WHERE w.ev_class"
    " OPERATOR(pg_catalog.=) tc.oid AND w.ev_type OPERATOR(pg_catalog.=) '2'"
    " AND w.ev_enabled OPERATOR(pg_catalog.<>) 'D') THEN 'r'"
    " WHEN tc.relrowsecurity AND tc.relforcerowsecurity THEN 's'"
    " WHEN NOT (pg_catalog.has_table_privilege(tc.oid, 'SELECT')"
    " AND pg_catalog.has_table_privilege(tc.oid, 'UPDATE')) THEN 'p'"
    " WHEN (tc.relreplident OPERATOR(pg_catalog.=) 'n'"
    " OR (tc.relreplident OPERATOR(pg_catalog.=) 'd' AND NOT EXISTS (SELECT FROM"
    " pg_catalog.pg_index AS x WHERE x.indrelid OPERATOR(pg_catalog.=) tc.oid AND x.indisprimary)))"
    " AND EXISTS (SELECT FROM pg_catalog.pg_publication AS u WHERE u.pubupdate) THEN 'i'"
    " END)::pg_catalog.\"char\","
    " NULL, NULL, tc.relpersistence OPERATOR(pg_catalog.=) 'p' AND"
    " pg_catalog.pg_get_userbyid(tc.relowner) OPERATOR(pg_catalog.=) current_user,"
    " NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM place JOIN pg_catalog.pg_class AS tc ON tc.oid"
    " OPERATOR(pg_catalog.=) place.tab";

/* All columns of the key, or none of them. */
static const char key_rows[] =
    ", k.nth::pg_catalog.int4, NULL, NULL, k.attname, NULL, NULL, NULL, NULL, NULL, NULL, NULL,"
    " NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM (SELECT e.nth, c.attname,"
    " pg_catalog.count(*) OVER () AS columns, pg_catalog.bool_and(n.nspname"
    " OPERATOR(pg_catalog.=) 'pg_catalog') OVER () AS plain FROM place"
    " JOIN pg_catalog.pg_index AS x ON x.indrelid OPERATOR(pg_catalog.=) place.tab"
    " AND x.indisprimary AND x.indisvalid AND x.indimmediate CROSS JOIN LATERAL"
    " pg_catalog.unnest(x.indkey) WITH ORDINALITY AS e(num, nth)"
    " JOIN pg_catalog.pg_attribute AS c ON c.attrelid OPERATOR(pg_catalog.=) x.indrelid"
    " AND c.attnum OPERATOR(pg_catalog.=) e.num JOIN pg_catalog.pg_type AS y ON y.oid"
    " OPERATOR(pg_catalog.=) c.atttypid JOIN pg_catalog.pg_namespace AS n ON n.oid"
    " OPERATOR(pg_catalog.=) y.typnamespace WHERE e.nth OPERATOR(pg_catalog.<=) x.indnkeyatts)"
    " AS k WHERE k.plain AND k.columns OPERATOR(pg_catalog.<=) ";

void probe_append_fill(const struct statement *statement, struct buffer *out)
{
    bool adds = false;
    for (size_t i = 0; i < statement->action_count && i < STATEMENT_ACTIONS_MAX; i++) {
        adds = adds || statement->actions[i].kind == ALTER_ADD_COLUMN;
    }
    if (adds) {
        buffer_append_format(out, " UNION ALL SELECT '%c'%s", DETAIL_FILL, fill_row);
        buffer_append_format(out, " UNION ALL SELECT '%c'%s%d", DETAIL_FILL_KEY, key_rows,
                             FILL_KEY_MAX);
    }
}
