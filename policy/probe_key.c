/* The columns of an index that is to carry a primary key: those that may be NULL. Their number
 * alone is part of the action's own row (probe_detail.c). */
#include "policy/probe_text.h"

void probe_append_key_rows(const struct statement *statement, struct buffer *out)
{
    for (size_t i = 0; i < statement->action_count && i < STATEMENT_ACTIONS_MAX; i++) {
        const struct alter_action *action = &statement->actions[i];
        if (action->kind != ALTER_ADD_PRIMARY_KEY || !(action->flags & ALTER_USING_INDEX)) {
            continue;
        }
        buffer_append_format(
            out,
            " UNION ALL SELECT '%c', a.at, e.nth, NULL, NULL, NULL, i.attname, NULL, NULL, NULL,"
            " NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM action AS a"
            " JOIN pg_catalog.pg_index AS x ON x.indexrelid OPERATOR(pg_catalog.=) a.other"
            " CROSS JOIN pg_catalog.unnest(x.indkey) WITH ORDINALITY AS e(num, nth)"
            " JOIN pg_catalog.pg_attribute AS i ON i.attrelid OPERATOR(pg_catalog.=) x.indrelid"
            " AND i.attnum OPERATOR(pg_catalog.=) e.num WHERE a.at OPERATOR(pg_catalog.=) %zu"
            " AND e.nth OPERATOR(pg_catalog.<=) x.indnkeyatts AND i.attname"
            " OPERATOR(pg_catalog.<>) ALL (SELECT firm.name FROM firm)",
            DETAIL_KEY, i);
    }
}
