/* VALIDATE CONSTRAINT of a partitioned table reads all its partitions in one transaction, which
 * holds back VACUUM on all tables for as long as that takes. One partition in a transaction is
 * shorter: what has been validated is not read again by the parent's.
 *
 *      PART, listed      ALTER TABLE partition VALIDATE CONSTRAINT name, for each leaf
 *      PART              ALTER TABLE pt VALIDATE CONSTRAINT name
 *
 * A leaf whose constraint has another name, and one that has come meanwhile, are read by the last.
 */
#include "policy/plan_moves.h"

static void validate_list(struct moves *moves, const char *constraint, struct buffer *out)
{
    struct buffer table = {0};
    sql_append_name(&table, &moves->request->facts->table);
    buffer_append_text(out, "SELECT pg_catalog.format('/* ddlguard */ ALTER TABLE %s VALIDATE"
                            " CONSTRAINT %I', k.conrelid::pg_catalog.regclass, k.conname) FROM"
                            " pg_catalog.pg_partition_tree(pg_catalog.to_regclass(");
    sql_append_literal(out, buffer_span(&table));
    buffer_append_text(out, ")) AS t JOIN pg_catalog.pg_constraint AS k ON k.conrelid"
                            " OPERATOR(pg_catalog.=) t.relid::pg_catalog.oid WHERE t.isleaf AND NOT"
                            " k.convalidated AND k.coninhcount OPERATOR(pg_catalog.>) 0"
                            " AND k.conname OPERATOR(pg_catalog.=) ");
    sql_append_literal(out, span_text(constraint));
    out->failed = out->failed || table.failed;
    buffer_free(&table);
}

bool moves_validate(struct moves *moves, const char *constraint, const char *null_column)
{
    const struct facts *facts = moves->request->facts;
    if (facts->kind == 'p' && facts->server_version >= 120000) {
        validate_list(moves, constraint, moves_list(moves));
        if (null_column != NULL) {
            moves_says_null(moves, null_column);
        }
    }
    bool written = moves_alter(moves, "VALIDATE CONSTRAINT %", constraint);
    if (null_column != NULL) {
        moves_says_null(moves, null_column);
    }
    return written;
}
