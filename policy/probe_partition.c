/* The probe's rows of the partitions below the target, each with the name that PostgreSQL would
 * choose for its part of what the statement builds. It asks the catalog alone. */
#include "policy/probe_text.h"
#include "policy/sql/alter_text.h"

/* What is built or checked part by part, or must see where the other rows are. */
static bool action_lists_partitions(enum alter_kind kind)
{
    return kind == ALTER_ADD_COLUMN || kind == ALTER_ADD_UNIQUE || kind == ALTER_ADD_PRIMARY_KEY ||
           kind == ALTER_ADD_EXCLUSION || kind == ALTER_ADD_FOREIGN_KEY ||
           kind == ALTER_ATTACH_PARTITION || kind == ALTER_DETACH_PARTITION;
}

bool probe_lists_partitions(const struct statement *statement)
{
    bool lists = statement->kind == STATEMENT_CREATE_INDEX || statement->form == FORM_PARTITION_OF;
    for (size_t i = 0; i < probe_action_count(statement); i++) {
        lists = lists || action_lists_partitions(statement->actions[i].kind);
    }
    return lists;
}

/* What PostgreSQL would put behind the name of a partition for its part of the key or index:
 * "_a_b_idx". */
static size_t index_tails(const struct statement *statement, struct span text,
                          char (*tails)[NAME_BYTES])
{
    for (size_t i = 0; i < probe_action_count(statement); i++) {
        const struct alter_action *action = &statement->actions[i];
        if ((action->kind == ALTER_ADD_UNIQUE || action->kind == ALTER_ADD_PRIMARY_KEY) &&
            !(action->flags & ALTER_USING_INDEX)) {
            return alter_key_tails(text, statement, i, tails, NAMES_MAX);
        }
    }
    struct statement unnamed = *statement;
    unnamed.flags |= FLAG_UNNAMED;
    unnamed.target.name[0] = '\0';
    return sql_index_names(text, &unnamed, tails, NAMES_MAX);
}

static const char name_is_taken[] =
    "EXISTS (SELECT FROM action AS a JOIN pg_catalog.pg_constraint AS k ON k.conname"
    " OPERATOR(pg_catalog.=) a.con OR k.conname OPERATOR(pg_catalog.=) ANY (a.fkeys) WHERE"
    " k.conrelid OPERATOR(pg_catalog.=) tc.oid)";

/* A name that would have to be cut to fit is left out: how, is not told in SQL. */
void probe_append_partition_rows(const struct statement *statement, struct span text,
                                 struct buffer *out)
{
    char tails[NAMES_MAX][NAME_BYTES];
    size_t count = index_tails(statement, text, tails);
    buffer_append_format(out,
                         " UNION ALL (SELECT '%c', weight.level, weight.owner::pg_catalog.int8,"
                         " weight.parent::pg_catalog.int8, n.nspname,"
                         " tc.relname, (SELECT f.name FROM (SELECT pg_catalog.concat(tc.relname,"
                         " e.tail) AS long, pg_catalog.concat(tc.relname, e.tail)::pg_catalog.name"
                         " AS name, e.nth FROM pg_catalog.unnest(",
                         DETAIL_PARTITION);
    probe_append_names((const char(*)[NAME_BYTES])tails, count, out);
    buffer_append_text(out, ") WITH ORDINALITY AS e(tail, nth)) AS f WHERE pg_catalog.octet_length("
                            "f.long) OPERATOR(pg_catalog.<) 64");
    buffer_append_text(out, PROBE_FREE_CONSTRAINT(""));
    buffer_append_text(out, PROBE_FREE_RELATION(""));
    buffer_append_format(
        out,
        " ORDER BY f.nth LIMIT 1), NULL, tc.relkind, NULL, weight.bytes, EXISTS (SELECT FROM"
        " pg_catalog.pg_partitioned_table AS d WHERE d.partrelid OPERATOR(pg_catalog.=)"
        " weight.parent AND d.partdefid OPERATOR(pg_catalog.=) tc.oid), "
        "%s, EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conrelid"
        " OPERATOR(pg_catalog.=) tc.oid AND k.conparentid OPERATOR(pg_catalog.=) 0::pg_catalog.oid"
        " AND k.contype OPERATOR(pg_catalog.=) ANY (ARRAY['u', 'p']::pg_catalog.\"char\"[])),"
        " EXISTS (SELECT FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS ic ON ic.oid"
        " OPERATOR(pg_catalog.=) x.indexrelid WHERE x.indrelid OPERATOR(pg_catalog.=) tc.oid"
        " AND x.indisvalid AND NOT ic.relispartition),"
        " NULL, NULL, NULL, NULL FROM place JOIN weight ON weight.root"
        " OPERATOR(pg_catalog.=) place.tab AND weight.level OPERATOR(pg_catalog.>) 0"
        " JOIN pg_catalog.pg_class AS tc ON tc.oid OPERATOR(pg_catalog.=) weight.owner"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) tc.relnamespace"
        " LIMIT %d)",
        probe_action_count(statement) > 0 ? name_is_taken : "NULL", PARTITIONS_MAX + 1);
}
