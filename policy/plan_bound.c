/* What a new partition's bound says of two tables, proved beforehand, so that ATTACH PARTITION has
 * nothing to read: the partition holds only rows within it, the default partition none of them.
 *
 *      CLEAN     a CHECK that a killed proxy has left behind
 *      PART      DO: asks the server what the bound means, and adds that as a CHECK, NOT VALID
 *      PART      VALIDATE CONSTRAINT   a row in the way is told in ATTACH PARTITION's own words
 *      …
 *      RUN       DO: attaches, and drops the CHECKs; one transaction, and the locks are the same
 *
 * The meaning of a bound depends on types, operators and collations of the key. The server tells it
 * of a partition that is there: so one is made, temporary, empty and undone at once, of a temporary
 * table that is partitioned like the client's. A proof must be the very expression that PostgreSQL
 * will ask for; facts->bound_provable says where that is to be had.
 *
 * What it does not do: keep new rows of that bound out of nobody's sight. Until the partition is
 * attached, the default partition refuses them. */
#include "policy/plan_moves.h"
#include "policy/sql/partition_text.h"

#define CHECK_NAME    "ddlguard_bound"
#define SHADOW_PARENT "ddlguard_parent"
/* An SQLSTATE of our own, by which the subtransaction with the temporary tables is undone. */
#define UNDONE "DDLGB"

static const char not_written[] = "the CHECK of its bound could not be written for it";

/* CLEAN and UNDO: drops the CHECK. `condition`: " AND …" about k, its pg_constraint. */
static void append_drop(const struct object_name *table, const char *condition, struct buffer *out)
{
    buffer_append_text(out, "/* ddlguard */ SELECT pg_catalog.format('/* ddlguard */ ALTER TABLE %s"
                            " DROP CONSTRAINT %I', k.conrelid::pg_catalog.regclass, k.conname)"
                            " FROM pg_catalog.pg_constraint AS k WHERE k.contype"
                            " OPERATOR(pg_catalog.=) 'c' AND k.conname OPERATOR(pg_catalog.=)"
                            " '" CHECK_NAME "' AND k.conrelid OPERATOR(pg_catalog.=) ");
    draft_append_regclass(table, out);
    buffer_append_text(out, condition);
}

static void bound_clean(struct moves *moves, const struct object_name *table)
{
    struct buffer idle = {0};
    buffer_append_text(&idle, " AND NOT ");
    gate_append_holder(moves->request->facts, "k.conrelid", &idle);
    buffer_append_u8(&idle, '\0');
    struct buffer *out = moves_clean(moves);
    out->failed = out->failed || idle.failed;
    append_drop(table, idle.failed ? "" : (const char *)idle.at, out);
    buffer_free(&idle);
}

/* The bound of a default partition is what the others leave. */
static void append_siblings(struct buffer *body)
{
    buffer_append_text(body,
                       "FOR made IN SELECT pg_catalog.format('CREATE TEMPORARY TABLE"
                       " pg_temp.ddlguard_%s PARTITION OF pg_temp." SHADOW_PARENT
                       " %s', c.oid, pg_catalog.pg_get_expr(c.relpartbound, c.oid))"
                       " FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid"
                       " OPERATOR(pg_catalog.=) i.inhrelid WHERE i.inhparent"
                       " OPERATOR(pg_catalog.=) parent LOOP EXECUTE made; END LOOP; ");
}

/* Into `bound`, by `shadow`, the statement that makes the temporary partition `part`. A hash bound
 * names the table that is partitioned. */
static void append_ask(const struct object_name *part, struct span shadow, bool siblings,
                       struct buffer *body)
{
    buffer_append_text(body, "BEGIN EXECUTE pg_catalog.format('CREATE TEMPORARY TABLE"
                             " pg_temp." SHADOW_PARENT " (LIKE %s) PARTITION BY %s',"
                             " parent::pg_catalog.regclass,"
                             " pg_catalog.pg_get_partkeydef(parent)); ");
    if (siblings) {
        append_siblings(body);
    }
    buffer_append_text(body, "EXECUTE ");
    sql_append_literal(body, shadow);
    buffer_append_text(body, "; bound := pg_catalog.replace("
                             "pg_catalog.pg_get_partition_constraintdef(");
    draft_append_regclass(part, body);
    buffer_append_text(body,
                       "), pg_catalog.format('satisfies_hash_partition(%L::oid',"
                       " pg_catalog.to_regclass('pg_temp." SHADOW_PARENT "')::pg_catalog.oid),"
                       " pg_catalog.format('satisfies_hash_partition(%L::oid', parent));"
                       " RAISE EXCEPTION USING ERRCODE = '" UNDONE "';"
                       " EXCEPTION WHEN SQLSTATE '" UNDONE "' THEN NULL; END; ");
}

static bool append_add(const struct moves *moves, const struct object_name *table,
                       enum bound_side side, struct buffer *out)
{
    const struct statement *statement = moves->statement;
    bool alter = statement->kind == STATEMENT_ALTER_TABLE;
    bool siblings = alter && (statement->actions[0].flags & ALTER_DEFAULT_BOUND) != 0;
    const struct object_name *name =
        alter ? &statement->actions[0].other : &statement->objects[0].name;
    struct object_name part = {.schema = "pg_temp"};
    struct buffer shadow = {0}, body = {0};
    memcpy(part.name, name->name, NAME_BYTES);
    bool made = partition_text_shadow(moves->text, statement, SHADOW_PARENT, &shadow);
    buffer_append_text(&body, "DECLARE parent CONSTANT pg_catalog.oid := ");
    draft_append_regclass(&moves->request->facts->table, &body);
    buffer_append_text(&body, "; made pg_catalog.text; bound pg_catalog.text; BEGIN ");
    append_ask(&part, buffer_span(&shadow), siblings, &body);
    buffer_append_text(&body, "EXECUTE pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT " CHECK_NAME
                              " CHECK (%s) NOT VALID', ");
    draft_append_regclass(table, &body);
    /* Nothing is out of the bound of a table's only partition, a default one. */
    buffer_append_text(&body, side == BOUND_WITHIN
                                  ? ", pg_catalog.concat_ws(' AND ', COALESCE(bound, 'true'),"
                                    " pg_catalog.pg_get_partition_constraintdef(parent)))"
                                  : ", pg_catalog.concat('NOT (', bound, ')'))");
    buffer_append_text(&body, "; END");
    draft_append_do(&body, out);
    out->failed = out->failed || shadow.failed;
    buffer_free(&shadow);
    return made;
}

/* ATTACH PARTITION names the table that has the row; CREATE TABLE … PARTITION OF the default
 * partition, even if it has partitions (check_default_partition_contents). */
static void append_says(const struct moves *moves, const struct object_name *table,
                        enum bound_side side, struct buffer *out)
{
    bool creates = moves->statement->form == FORM_PARTITION_OF;
    if (side == BOUND_WITHIN) {
        buffer_append_text(out, "partition constraint of relation \"%\" is violated by some row");
        return;
    }
    buffer_append_format(out,
                         "updated partition constraint for default partition \"%s\" would be"
                         " violated by some row",
                         creates ? table->name : "%");
}

const char *bound_prove(struct moves *moves, const struct object_name *table, enum bound_side side)
{
    bound_clean(moves, table);
    if (!append_add(moves, table, side, moves_part(moves))) {
        return not_written;
    }
    append_drop(table, "", moves_undo(moves, false));
    struct buffer *out = moves_part(moves);
    buffer_append_text(out, "ALTER TABLE ");
    sql_append_name(out, table);
    buffer_append_text(out, " VALIDATE CONSTRAINT " CHECK_NAME);
    append_says(moves, table, side, draft_says(moves->draft, "23514"));
    return NULL;
}

static void append_drop_now(const struct object_name *table, struct buffer *body)
{
    struct buffer drop = {0};
    if (table == NULL) {
        return;
    }
    buffer_append_text(&drop, "ALTER TABLE ");
    sql_append_name(&drop, table);
    buffer_append_text(&drop, " DROP CONSTRAINT " CHECK_NAME);
    buffer_append_text(body, "; EXECUTE ");
    sql_append_literal(body, buffer_span(&drop));
    body->failed = body->failed || drop.failed;
    buffer_free(&drop);
}

void bound_attach(struct moves *moves, struct span attach, const struct object_name *within,
                  const struct object_name *outside)
{
    struct buffer body = {0};
    struct buffer *out = moves_part(moves);
    if (within == NULL && outside == NULL) {
        buffer_append_span(out, attach);
        return;
    }
    buffer_append_text(&body, "BEGIN EXECUTE ");
    sql_append_literal(&body, attach);
    append_drop_now(within, &body);
    append_drop_now(outside, &body);
    buffer_append_text(&body, "; END");
    draft_append_do(&body, out);
    moves->draft->plan->tag = moves->statement->tag;
}

const char *bound_obstacle(const struct moves *moves)
{
    const struct facts *facts = moves->request->facts;
    const struct partition_facts *default_partition = facts_default_partition(facts);
    if (!facts->may_copy) {
        return "without temporary tables the server cannot be asked what its bound means";
    }
    if (!facts->bound_provable) {
        return "no CHECK proves the bound of a key of this type or collation";
    }
    if (facts->default_partition && default_partition == NULL) {
        return "its partitions are not known";
    }
    return default_partition != NULL && default_partition->kind == 'f'
               ? "the default partition is a foreign table"
               : NULL;
}
