/* The details of the target that the probe asks for: a row for each action of an ALTER TABLE, for
 * each object of a DROP (probe_drop.c), foreign key and partition. All have the same columns:
 *
 *      detail place own parent  name1 … name3 text  kind1 kind2  bytes  is1 … is8
 *
 *      action       number in the statement; key columns that may be NULL; 1 when no index begins
 *                   with them; free names of CHECK, foreign key and key, of NOT NULL or a sequence;
 *                   contype and relkind of the other relation; its size; eight properties
 *      dropped      place in the statement; oid; its table's schema and name; relkind; is it there,
 *                   can it be dropped
 *      foreign key  the other table's schema and name, its own name; of DROP TABLE and ATTACH
 *                   PARTITION its definition; incoming, valid, can the other relation be given it
 *      partition    depth; oid and the oid above; schema, name, name for its index; relkind; size;
 *                   is it a default partition, has it a constraint of a name that an action has,
 *                   a key of its own, an index of its own
 *      fill, key    probe_fill.c
 *      rebuilt      probe_rebuilt.c
 *
 * pg_get_constraintdef() of a foreign key reads the catalog only, but pg_get_expr() and its like
 * open the table that they speak of, so a CHECK is read as the server stores it. What is not
 * recognized there proves nothing. */
#include <stdio.h>

#include "policy/probe_text.h"
#include "policy/sql/alter_text.h"

/* The relation that the action names: looked up as the server will; an index in the table's schema;
 * and that whose foreign key needs what it drops. */
static void append_other(const struct alter_action *action, struct buffer *out)
{
    enum alter_kind kind = action->kind;
    bool relation = kind == ALTER_ADD_COLUMN || kind == ALTER_ADD_FOREIGN_KEY ||
                    kind == ALTER_ATTACH_PARTITION || kind == ALTER_DETACH_PARTITION;
    if (kind == ALTER_DROP_CONSTRAINT) {
        probe_append_needed_by(action->constraint, out);
        return;
    }
    if (action->other.name[0] == '\0' || (!relation && !(action->flags & ALTER_USING_INDEX))) {
        buffer_append_text(out, "NULL");
        return;
    }
    if (!(action->flags & ALTER_USING_INDEX)) {
        probe_append_lookup(&action->other, out);
        return;
    }
    buffer_append_text(out, "(SELECT c.oid FROM place JOIN pg_catalog.pg_class AS tc ON tc.oid"
                            " OPERATOR(pg_catalog.=) place.tab JOIN pg_catalog.pg_class AS c"
                            " ON c.relnamespace OPERATOR(pg_catalog.=) tc.relnamespace"
                            " WHERE c.relname OPERATOR(pg_catalog.=) ");
    sql_append_literal(out, span_text(action->other.name));
    buffer_append_text(out, ")");
}

static void append_name(const char *name, struct buffer *out)
{
    if (name[0] == '\0') {
        buffer_append_text(out, "NULL");
    } else {
        sql_append_literal(out, span_text(name));
    }
    buffer_append_text(out, "::pg_catalog.name");
}

void probe_append_names(const char (*names)[NAME_BYTES], size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(out, i == 0 ? "ARRAY[" : ", ");
        sql_append_literal(out, span_text(names[i]));
    }
    buffer_append_text(out, count == 0 ? "NULL" : "]");
    buffer_append_text(out, "::pg_catalog.name[]");
}

/* The names for a constraint of one kind: of the action's own, or of the column that it adds. */
static void append_constraint_names(const struct statement *statement, struct span text, size_t at,
                                    bool own, unsigned column_flag, struct buffer *out)
{
    const struct alter_action *action = &statement->actions[at];
    bool column = action->kind == ALTER_ADD_COLUMN && (action->flags & column_flag) != 0;
    char names[NAMES_MAX][NAME_BYTES];
    size_t count = 0;
    if (own || column) {
        count =
            alter_constraint_names(text, statement, at, column ? column_flag : 0, names, NAMES_MAX);
    }
    buffer_append_text(out, ", ");
    probe_append_names((const char(*)[NAME_BYTES])names, count, out);
}

/* PostgreSQL 18 names the NOT NULL of a column, too (one that would have to be cut to fit is left
 * out); and a serial or identity column has a sequence. */
static void append_firm_names(const struct statement *statement, size_t at, struct buffer *out)
{
    const struct alter_action *action = &statement->actions[at];
    char names[NAMES_MAX][NAME_BYTES];
    size_t count = 0;
    if (action->kind == ALTER_ADD_COLUMN && (action->flags & (COLUMN_SERIAL | COLUMN_IDENTITY))) {
        count = alter_sequence_names(statement, at, names, NAMES_MAX);
    }
    for (bool fits = action->kind == ALTER_SET_NOT_NULL; fits && count < NAMES_MAX;) {
        char number[16] = "";
        if (count > 0) {
            (void)snprintf(number, sizeof number, "%u", (unsigned)count);
        }
        fits = snprintf(names[count], NAME_BYTES, "%s_%s_not_null%s", statement->target.name,
                        action->column, number) < NAME_BYTES;
        count += fits;
    }
    buffer_append_text(out, ", ");
    probe_append_names((const char(*)[NAME_BYTES])names, count, out);
}

static void append_key_columns(const struct statement *statement, struct span text, size_t at,
                               struct buffer *out)
{
    char columns[KEY_COLUMNS_MAX][NAME_BYTES];
    size_t count = 0;
    enum alter_kind kind = statement->actions[at].kind;
    if (kind == ALTER_ADD_PRIMARY_KEY || kind == ALTER_ADD_FOREIGN_KEY) {
        count = alter_key_columns(text, statement, at, columns, KEY_COLUMNS_MAX);
    }
    buffer_append_text(out, ", ");
    probe_append_names((const char(*)[NAME_BYTES])columns, count <= KEY_COLUMNS_MAX ? count : 0,
                       out);
}

/* The columns checks, fkeys, keys, key and firms of an action. */
static void append_candidates(const struct statement *statement, struct span text, size_t at,
                              struct buffer *out)
{
    const struct alter_action *action = &statement->actions[at];
    enum alter_kind kind = action->kind;
    bool key =
        kind == ALTER_ADD_UNIQUE || kind == ALTER_ADD_PRIMARY_KEY || kind == ALTER_ADD_EXCLUSION;
    unsigned column_key = action->flags & COLUMN_PRIMARY_KEY ? COLUMN_PRIMARY_KEY : COLUMN_UNIQUE;
    append_constraint_names(statement, text, at,
                            kind == ALTER_ADD_CHECK || kind == ALTER_ADD_NOT_NULL, COLUMN_CHECK,
                            out);
    append_constraint_names(statement, text, at, kind == ALTER_ADD_FOREIGN_KEY, COLUMN_REFERENCES,
                            out);
    append_constraint_names(statement, text, at, key, column_key, out);
    append_key_columns(statement, text, at, out);
    append_firm_names(statement, at, out);
}

size_t probe_action_count(const struct statement *statement)
{
    return statement->action_count < STATEMENT_ACTIONS_MAX ? statement->action_count
                                                           : STATEMENT_ACTIONS_MAX;
}

/* NOT NULL columns; on PostgreSQL 18 only where that has been validated. */
static const char firm_columns[] =
    ", firm(name) AS (SELECT n.attname FROM place JOIN pg_catalog.pg_attribute AS n ON n.attrelid"
    " OPERATOR(pg_catalog.=) place.tab WHERE n.attnotnull AND NOT EXISTS (SELECT FROM"
    " pg_catalog.pg_constraint AS v WHERE v.conrelid OPERATOR(pg_catalog.=) place.tab AND v.contype"
    " OPERATOR(pg_catalog.=) 'n' AND NOT v.convalidated AND v.conkey[1] OPERATOR(pg_catalog.=)"
    " n.attnum))";

void probe_append_actions(const struct statement *statement, struct span text, struct buffer *out)
{
    for (size_t i = 0; i < probe_action_count(statement); i++) {
        const struct alter_action *action = &statement->actions[i];
        buffer_append_text(
            out,
            i == 0
                ? ", action(at, taken, col, con, type, other, checks, fkeys, keys, key, firms) AS"
                  " (VALUES "
                : ", ");
        buffer_append_format(out, "(%zu, %zu::pg_catalog.int8, ", i,
                             alter_names_taken(text, statement, i));
        append_name(action->column, out);
        buffer_append_text(out, ", ");
        append_name(action->constraint, out);
        buffer_append_text(out, ", ");
        append_name(action->kind == ALTER_ADD_COLUMN ? action->type : "", out);
        buffer_append_text(out, ", ");
        append_other(action, out);
        buffer_append_text(out, "::pg_catalog.oid");
        append_candidates(statement, text, i, out);
        buffer_append_text(out, i + 1 == probe_action_count(statement) ? "))" : ")");
    }
    buffer_append_text(out, probe_action_count(statement) > 0 ? firm_columns : "");
    probe_append_gone(statement, out);
}

/* A validated CHECK that holds for children too and says IS NOT NULL of the column: alone, as NOT
 * (… IS NULL), or as an arm of the outermost AND behind arms of that kind, or the last one. Node
 * trees escape braces and parentheses within names, so these are the tree's own. */
static const char column_is_proved[] =
    "EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conrelid OPERATOR(pg_catalog.=)"
    " tc.oid AND k.contype OPERATOR(pg_catalog.=) 'c' AND k.convalidated"
    " AND (NOT k.connoinherit OR NOT tc.relhassubclass)"
    " AND k.conbin::pg_catalog.text OPERATOR(pg_catalog.~) pg_catalog.replace("
    "'^([{]BOOLEXPR :boolop and :args [(]([{]NULLTEST :arg [{]VAR [^{}]*[}] [^{}]*[}] )*)?"
    "[{]NULLTEST :arg [{]VAR :varno 1 :varattno # [^{}]*[}] :nulltesttype 1 :argisrow false"
    "|^[{]BOOLEXPR :boolop not :args [(]"
    "[{]NULLTEST :arg [{]VAR :varno 1 :varattno # [^{}]*[}] :nulltesttype 0 :argisrow false"
    "|^[{]BOOLEXPR :boolop and :args [(].*"
    "[{]NULLTEST :arg [{]VAR :varno 1 :varattno # [^{}]*[}] :nulltesttype 1 :argisrow false"
    " :location -?[0-9]+[}][)] :location -?[0-9]+[}]$', '#', col.attnum::pg_catalog.text))";

/* Bit n: the n-th column of the key that is to be, or of the index that is to carry it, may be
 * NULL. */
static const char nullable_keys[] =
    " LEFT JOIN LATERAL (SELECT pg_catalog.bit_or(CASE WHEN c.name OPERATOR(pg_catalog.=) ANY"
    " (SELECT firm.name FROM firm) THEN 0::pg_catalog.int8 ELSE 1::pg_catalog.int8"
    " OPERATOR(pg_catalog.<<) (c.nth OPERATOR(pg_catalog.-) 1)::pg_catalog.int4 END) AS bits FROM"
    " (SELECT e.name, e.nth FROM pg_catalog.unnest(a.key) WITH ORDINALITY AS e(name, nth) UNION ALL"
    " SELECT i.attname, e.nth FROM pg_catalog.pg_index AS x CROSS JOIN pg_catalog.unnest(x.indkey)"
    " WITH ORDINALITY AS e(num, nth) LEFT JOIN pg_catalog.pg_attribute AS i ON i.attrelid"
    " OPERATOR(pg_catalog.=) x.indrelid AND i.attnum OPERATOR(pg_catalog.=) e.num WHERE"
    " x.indexrelid OPERATOR(pg_catalog.=) o.oid AND e.nth OPERATOR(pg_catalog.<=) x.indnkeyatts)"
    " AS c) AS nullable ON true";

/* With these columns in any order, as a foreign key's checks look its rows up. A partial index may
 * do for them, too. */
static const char key_is_unindexed[] =
    "CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indrelid"
    " OPERATOR(pg_catalog.=) tc.oid AND x.indisvalid AND NOT EXISTS (SELECT FROM"
    " pg_catalog.pg_attribute AS c WHERE c.attrelid OPERATOR(pg_catalog.=) tc.oid AND c.attname"
    " OPERATOR(pg_catalog.=) ANY (a.key) AND NOT c.attnum OPERATOR(pg_catalog.=) ANY"
    " ((x.indkey::pg_catalog.int2[])[0:pg_catalog.cardinality(a.key) OPERATOR(pg_catalog.-) 1])))"
    " THEN 0 WHEN a.key IS NOT NULL THEN 1 END";

/* A domain over another counts as constrained: its bases are not followed. */
static const char type_is_constrained[] =
    "EXISTS (SELECT FROM pg_catalog.pg_type AS y WHERE"
    " y.typname OPERATOR(pg_catalog.=) a.type AND y.typtype OPERATOR(pg_catalog.=) 'd'"
    " AND (y.typnotnull OR EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE"
    " k.contypid OPERATOR(pg_catalog.=) y.oid) OR EXISTS (SELECT FROM pg_catalog.pg_type"
    " AS b WHERE b.oid OPERATOR(pg_catalog.=) y.typbasetype AND b.typtype"
    " OPERATOR(pg_catalog.=) 'd')))";

/* The column, the constraint of the name given, else the column's NOT NULL of PostgreSQL 18, and
 * the other relation. */
static const char action_joins[] =
    " FROM action AS a CROSS JOIN place JOIN pg_catalog.pg_class AS tc ON tc.oid"
    " OPERATOR(pg_catalog.=) place.tab LEFT JOIN pg_catalog.pg_attribute AS col ON"
    " col.attrelid OPERATOR(pg_catalog.=) tc.oid AND col.attname OPERATOR(pg_catalog.=)"
    " a.col AND col.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2 AND NOT"
    " col.attisdropped LEFT JOIN pg_catalog.pg_constraint AS k ON k.conrelid"
    " OPERATOR(pg_catalog.=) tc.oid AND CASE WHEN a.con IS NULL THEN k.contype"
    " OPERATOR(pg_catalog.=) 'n' AND k.conkey[1] OPERATOR(pg_catalog.=) col.attnum ELSE"
    " k.conname OPERATOR(pg_catalog.=) a.con END LEFT JOIN pg_catalog.pg_class AS o ON"
    " o.oid OPERATOR(pg_catalog.=) a.other LEFT JOIN size ON size.root"
    " OPERATOR(pg_catalog.=) a.other";

/* Whose names it must not be. */
enum names { NAMES_OF_CONSTRAINTS = 1, NAMES_OF_RELATIONS = 2, NAMES_OF_BOTH = 3 };

/* The first of an array of names that is free in the table's schema, once the statement's own drops
 * have been made, and not taken before it. */
static void append_free_name(const struct statement *statement, const char *names, enum names whose,
                             struct buffer *out)
{
    static const char *const constraint[] = {PROBE_FREE_CONSTRAINT(""),
                                             PROBE_FREE_CONSTRAINT(PROBE_NOT_GONE("con"))};
    static const char *const relation[] = {PROBE_FREE_RELATION(""),
                                           PROBE_FREE_RELATION(PROBE_NOT_GONE("index"))};
    bool gone = probe_has_gone(statement);
    buffer_append_format(out,
                         "(SELECT f.name FROM pg_catalog.unnest(%s) WITH ORDINALITY AS f(name, nth)"
                         " WHERE true",
                         names);
    buffer_append_text(out, whose & NAMES_OF_CONSTRAINTS ? constraint[gone] : "");
    buffer_append_text(out, whose & NAMES_OF_RELATIONS ? relation[gone] : "");
    buffer_append_text(out, " ORDER BY f.nth OFFSET a.taken LIMIT 1)");
}

static void append_action_rows(const struct statement *statement, struct buffer *out)
{
    buffer_append_format(out, " UNION ALL SELECT '%c', a.at, nullable.bits, %s, ", DETAIL_ACTION,
                         key_is_unindexed);
    append_free_name(statement, "a.checks", NAMES_OF_CONSTRAINTS, out);
    buffer_append_text(out, ", ");
    append_free_name(statement, "a.fkeys", NAMES_OF_CONSTRAINTS, out);
    buffer_append_text(out, ", ");
    append_free_name(statement, "a.keys", NAMES_OF_BOTH, out);
    buffer_append_text(out, ", CASE WHEN a.type IS NOT NULL THEN ");
    /* Of an action with a type, ADD COLUMN, these are the names of a sequence. */
    append_free_name(statement, "a.firms", NAMES_OF_RELATIONS, out);
    buffer_append_text(out, " WHEN k.contype OPERATOR(pg_catalog.=) 'n' THEN k.conname ELSE ");
    append_free_name(statement, "a.firms", NAMES_OF_CONSTRAINTS, out);
    buffer_append_text(out,
                       " END, k.contype, o.relkind, size.bytes, col.attnum IS NOT NULL,"
                       " col.attname OPERATOR(pg_catalog.=) ANY (SELECT firm.name FROM firm), ");
    buffer_append_text(out, column_is_proved);
    buffer_append_text(out, ", k.contype IS NOT NULL, k.convalidated, nullable.bits"
                            " OPERATOR(pg_catalog.=) 0, o.oid IS NOT NULL, ");
    buffer_append_text(out, type_is_constrained);
    buffer_append_text(out, action_joins);
    buffer_append_text(out, nullable_keys);
}

/* Of what is dropped, keeps them as its own or must have them too. */
bool probe_lists_foreign_keys(const struct statement *statement)
{
    bool lists = statement->kind == STATEMENT_DROP_TABLE;
    for (size_t i = 0; i < probe_action_count(statement); i++) {
        enum alter_kind kind = statement->actions[i].kind;
        lists = lists || kind == ALTER_DETACH_PARTITION || kind == ALTER_ATTACH_PARTITION;
    }
    return lists;
}

/* May the table that is to be attached be given the foreign key k to r? */
static const char may_be_given[] =
    "r.relkind OPERATOR(pg_catalog.=) 'r' AND pg_catalog.has_table_privilege(r.oid, 'REFERENCES')"
    " AND NOT EXISTS (SELECT FROM action AS a JOIN pg_catalog.pg_constraint AS u ON u.conrelid"
    " OPERATOR(pg_catalog.=) a.other WHERE u.conname OPERATOR(pg_catalog.=) k.conname OR "
    "u.confrelid"
    " OPERATOR(pg_catalog.=) r.oid) AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS c WHERE"
    " c.attrelid OPERATOR(pg_catalog.=) k.conrelid AND c.attnum OPERATOR(pg_catalog.=) ANY "
    "(k.conkey)"
    " AND NOT EXISTS (SELECT FROM action AS a JOIN pg_catalog.pg_attribute AS b ON b.attrelid"
    " OPERATOR(pg_catalog.=) a.other AND b.attname OPERATOR(pg_catalog.=) c.attname AND b.atttypid"
    " OPERATOR(pg_catalog.=) c.atttypid))";

/* By their triggers, which are found by table; pg_constraint has no index on the table referenced.
 * Before PostgreSQL 15 a partitioned table has no triggers for its own. What such a key has for
 * each partition of the table referenced is no key of its own (its parent is of the same table),
 * and one of the partitions' is not named apart from its parent's. */
static void append_foreign_key_rows(const struct statement *statement, struct buffer *out)
{
    bool attaches =
        statement->action_count > 0 && statement->actions[0].kind == ALTER_ATTACH_PARTITION;
    bool defined = attaches || statement->kind == STATEMENT_DROP_TABLE;
    buffer_append_format(
        out,
        " UNION ALL (SELECT '%c', 0, k.oid::pg_catalog.int8, NULL, n.nspname, r.relname, "
        "k.conname, %s, NULL, NULL,"
        " NULL, e.incoming, k.convalidated, %s, NULL, NULL, NULL, NULL, NULL FROM place CROSS"
        " JOIN (VALUES (true), (false)) AS e(incoming) JOIN pg_catalog.pg_constraint AS k ON"
        " k.contype OPERATOR(pg_catalog.=) 'f' AND k.oid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT"
        " g.tgconstraint FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid OPERATOR(pg_catalog.=)"
        " place.tab UNION ALL SELECT o.oid FROM pg_catalog.pg_constraint AS o WHERE o.conrelid"
        " OPERATOR(pg_catalog.=) place.tab AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS "
        "w"
        " WHERE w.oid OPERATOR(pg_catalog.=) o.conparentid AND w.conrelid OPERATOR(pg_catalog.=)"
        " o.conrelid))) AND CASE WHEN e.incoming THEN k.confrelid ELSE k.conrelid END"
        " OPERATOR(pg_catalog.=) place.tab JOIN pg_catalog.pg_class AS r ON r.oid"
        " OPERATOR(pg_catalog.=) CASE WHEN e.incoming THEN k.conrelid ELSE k.confrelid END"
        " JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) r.relnamespace"
        " LIMIT %d)",
        DETAIL_FOREIGN_KEY, defined ? "pg_catalog.pg_get_constraintdef(k.oid)" : "NULL",
        attaches ? may_be_given : "NULL", FOREIGN_KEYS_MAX + 1);
}

void probe_append_details(const struct statement *statement, struct span text, struct buffer *out)
{
    /* No row: it gives the columns their names and types. */
    buffer_append_text(
        out, "SELECT NULL::pg_catalog.\"char\" AS detail, 0 AS place, NULL::pg_catalog.int8 AS own,"
             " NULL::pg_catalog.int8 AS parent, NULL::pg_catalog.name, NULL::pg_catalog.name,"
             " NULL::pg_catalog.name, NULL::pg_catalog.text, NULL::pg_catalog.\"char\", "
             "NULL::pg_catalog.\"char\","
             " NULL::pg_catalog.float8, NULL::pg_catalog.bool, NULL::pg_catalog.bool,"
             " NULL::pg_catalog.bool, NULL::pg_catalog.bool, NULL::pg_catalog.bool,"
             " NULL::pg_catalog.bool, NULL::pg_catalog.bool, NULL::pg_catalog.bool WHERE false");
    if (probe_action_count(statement) > 0) {
        append_action_rows(statement, out);
        probe_append_key_rows(statement, out);
    }
    if (probe_wants_dropped(statement)) {
        probe_append_dropped_rows(out);
    }
    if (probe_lists_foreign_keys(statement)) {
        append_foreign_key_rows(statement, out);
    }
    if (probe_lists_partitions(statement)) {
        probe_append_partition_rows(statement, text, out);
    }
    probe_append_fill(statement, out);
    probe_append_rebuilt(statement, out);
}
