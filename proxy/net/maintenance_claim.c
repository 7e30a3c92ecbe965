/* Texts only. search_path is pg_catalog on our own connections, and nobody makes objects there. */
#include "proxy/net/maintenance_claim.h"

/* Longer than deadlock_timeout's default: then autovacuum gives way. */
#define LOCK_TABLE_TIMEOUT "2s"
/* Dropping a constraint locks out readers, who queue behind it while it waits; and no vacuum can be
 * in its way, since the table is locked already. */
#define TAKE_TIMEOUT "100ms"
/* DROP INDEX CONCURRENTLY waits with a snapshot. A build that waits for that snapshot looks for
 * deadlocks after deadlock_timeout, a second by default: gone by then, nobody is killed. */
#define DROP_TIMEOUT "900ms"

static struct span next_text(struct span *rest)
{
    const uint8_t *end = memchr(rest->at, 0, rest->length);
    struct span text = span_cut(*rest, 0, end == NULL ? rest->length : (size_t)(end - rest->at));
    *rest = span_from(*rest, text.length + 1);
    return text;
}

void claim_append_lock(struct span table, bool locked, struct buffer *out)
{
    buffer_append_text(out, "ROLLBACK; BEGIN; SET LOCAL lock_timeout = '" LOCK_TABLE_TIMEOUT "'");
    if (locked) {
        buffer_append_text(out, "; LOCK TABLE ");
        buffer_append_span(out, table);
        buffer_append_text(out, " IN SHARE UPDATE EXCLUSIVE MODE");
    }
    buffer_append_u8(out, '\0');
}

/* One index may be the row of two queries: as one that is not valid, and as one without a
 * constraint. */
void claim_append_claim(struct span queries, struct buffer *out)
{
    unsigned place = 0;
    buffer_append_text(out, "WITH wanted(place, statement) AS (");
    while (queries.length > 0) {
        buffer_append_format(out, "%sSELECT %u, q.* FROM (", place == 0 ? "" : " UNION ALL ",
                             place);
        buffer_append_span(out, next_text(&queries));
        buffer_append_text(out, ") AS q");
        place++;
    }
    buffer_append_text(
        out,
        ") SELECT CASE WHEN x.relkind = 'i' THEN format('ALTER INDEX %I.%I RENAME TO %I',"
        " x.nspname, x.relname, 'ddlguard_leftover_' || x.oid) WHEN x.relkind = 'I'"
        " OR k.statement IS NOT NULL THEN wanted.statement END, wanted.statement FROM"
        " (SELECT min(w.place) AS place, w.statement FROM wanted AS w GROUP BY w.statement) AS "
        "wanted"
        " LEFT JOIN (SELECT c.oid, c.relkind, n.nspname, c.relname, format('/* ddlguard */ DROP"
        " INDEX %s%I.%I', CASE c.relkind WHEN 'i' THEN 'CONCURRENTLY ' ELSE '' END, n.nspname,"
        " c.relname) AS statement FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE NOT i.indisvalid"
        " OR c.relname ~ '^ddlguard_(build_[0-9a-f]{16}|new_[0-9a-f]{8})$') AS x"
        " ON x.statement = wanted.statement"
        " LEFT JOIN (SELECT format('/* ddlguard */ ALTER TABLE %I.%I DROP CONSTRAINT %I',"
        " n.nspname, t.relname, c.conname) AS statement FROM pg_constraint AS c JOIN pg_class AS t"
        " ON t.oid = c.conrelid JOIN pg_namespace AS n ON n.oid = t.relnamespace"
        " WHERE NOT c.convalidated OR c.conname ~ '^ddlguard_new_[0-9a-f]{8}$') AS k ON "
        "k.statement = wanted.statement"
        " ORDER BY wanted.place");
    buffer_append_u8(out, '\0');
}

void claim_append_take(struct span statements, struct buffer *out)
{
    buffer_append_text(out, "SET LOCAL lock_timeout = '" TAKE_TIMEOUT "'; ");
    while (statements.length > 0) {
        buffer_append_span(out, next_text(&statements));
        buffer_append_text(out, "; ");
    }
    buffer_append_text(out, "COMMIT; SET lock_timeout = '" DROP_TIMEOUT "'");
    buffer_append_u8(out, '\0');
}

void claim_append_sweep(struct buffer *out)
{
    buffer_append_text(out, "SELECT format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, c.relname)"
                            " FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid"
                            " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
                            " WHERE c.relname = 'ddlguard_leftover_' || c.oid"
                            " ORDER BY c.oid LIMIT 1");
    buffer_append_u8(out, '\0');
}
