/* What the actions of an ALTER TABLE cost: one row for each. What hangs on the action's own words,
 * on its neighbours, on the catalog or on the server's version stands in the functions below. */
#include "policy/effect_cost.h"

#include <assert.h>

static const struct cost actions[] = {
    [ALTER_OTHER] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"},
    [ALTER_ADD_COLUMN] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"},
    [ALTER_DROP_COLUMN] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"},
    [ALTER_COLUMN_TYPE] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "???"},
    [ALTER_SET_DEFAULT] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"},
    [ALTER_SET_NOT_NULL] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "-?-"},
    [ALTER_DROP_NOT_NULL] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"},
    [ALTER_ADD_CHECK] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "-x-"},
    [ALTER_ADD_FOREIGN_KEY] = {LOCK_SHARE_ROW_EXCLUSIVE, LOCK_SHARE_ROW_EXCLUSIVE, "-x-"},
    [ALTER_ADD_UNIQUE] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "--x"},
    [ALTER_ADD_PRIMARY_KEY] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "-?x"},
    [ALTER_ADD_EXCLUSION] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "--x"},
    [ALTER_ADD_NOT_NULL] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "-?-"},
    /* A foreign key's VALIDATE has ROW SHARE on the referenced table. */
    [ALTER_VALIDATE] = {LOCK_SHARE_UPDATE_EXCLUSIVE, LOCK_ROW_SHARE, "-x-"},
    /* A foreign key's triggers on the referenced table go too. */
    [ALTER_DROP_CONSTRAINT] = {LOCK_ACCESS_EXCLUSIVE, LOCK_ACCESS_EXCLUSIVE, "---"},
    [ALTER_ALTER_CONSTRAINT] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"},
    /* The partition is read whole, and the default partition, unless constraints imply the bounds.
     */
    [ALTER_ATTACH_PARTITION] = {LOCK_SHARE_UPDATE_EXCLUSIVE, LOCK_ACCESS_EXCLUSIVE, "-?-"},
    [ALTER_DETACH_PARTITION] = {LOCK_ACCESS_EXCLUSIVE, LOCK_ACCESS_EXCLUSIVE, "---"},
    [ALTER_SET_LOGGED] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "?-?"},
    [ALTER_SET_UNLOGGED] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "?-?"},
    [ALTER_SET_TABLESPACE] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "?--"},
    [ALTER_SET_ACCESS_METHOD] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "?-?"},
    [ALTER_SET_EXPRESSION] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "x-?"},
    [ALTER_ADD_IDENTITY] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"},
    [ALTER_DISABLE_TRIGGER] = {LOCK_SHARE_ROW_EXCLUSIVE, LOCK_NONE, "---"},
    [ALTER_RENAME_COLUMN] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"},
    [ALTER_RENAME_CONSTRAINT] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"},
    [ALTER_RENAME_TABLE] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"},
    [ALTER_SET_SCHEMA] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"},
    [ALTER_LIGHT] = {LOCK_SHARE_UPDATE_EXCLUSIVE, LOCK_NONE, "---"},
};

/* What the server did counts where we did not know, and wherever it did more than we knew. */
static enum answer answer_asked(enum answer ours, enum answer servers)
{
    return ours == ANSWER_UNKNOWN || servers == ANSWER_YES ? servers : ours;
}

/* A type of PostgreSQL's own: no domain, so that a column of it has no hidden constraint. */
static bool type_is_plain(const char *type)
{
    static const char *const plain[] = {
        "bit",          "bool",           "box",           "bpchar",         "bytea",
        "char",         "cidr",           "circle",        "date",           "datemultirange",
        "daterange",    "float4",         "float8",        "inet",           "int2",
        "int4",         "int4multirange", "int4range",     "int8",           "int8multirange",
        "int8range",    "interval",       "json",          "jsonb",          "jsonpath",
        "line",         "lseg",           "macaddr",       "macaddr8",       "money",
        "name",         "numeric",        "nummultirange", "numrange",       "oid",
        "path",         "pg_lsn",         "point",         "polygon",        "serial",
        "serial2",      "serial4",        "serial8",       "bigserial",      "smallserial",
        "text",         "time",           "timestamp",     "timestamptz",    "timetz",
        "tsmultirange", "tsquery",        "tsrange",       "tstzmultirange", "tstzrange",
        "tsvector",     "uuid",           "varbit",        "varchar",        "xml"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (strcmp(plain[i], type) == 0) {
            return true;
        }
    }
    return false;
}

/* A default that is one value for all rows is kept in the catalog (PostgreSQL 11); a constrained
 * domain, and what differs from row to row, is written into each of them. */
static enum answer column_rewrites(const struct alter_action *action,
                                   const struct action_facts *facts)
{
    if (action->flags &
        (COLUMN_SERIAL | COLUMN_IDENTITY | COLUMN_GENERATED | COLUMN_DEFAULT_VOLATILE)) {
        return ANSWER_YES;
    }
    if (facts->known ? facts->type_constrained : !type_is_plain(action->type)) {
        return facts->known ? ANSWER_YES : ANSWER_UNKNOWN;
    }
    bool same = !(action->flags & COLUMN_HAS_DEFAULT) || (action->flags & COLUMN_DEFAULT_CONSTANT);
    return same ? ANSWER_NO : ANSWER_UNKNOWN;
}

static void effect_add_column(const struct alter_action *action, const struct action_facts *facts,
                              struct effect *out)
{
    bool references = (action->flags & COLUMN_REFERENCES) != 0;
    bool filled = (action->flags & COLUMN_HAS_DEFAULT) != 0;
    out->rewrites = column_rewrites(action, facts);
    /* A foreign key of nothing but NULLs needs no look. */
    out->scans = answer_of((action->flags & COLUMN_CHECK) || (references && filled));
    out->builds = answer_of((action->flags & (COLUMN_UNIQUE | COLUMN_PRIMARY_KEY)) != 0);
    if (references) {
        out->other_lock = LOCK_SHARE_ROW_EXCLUSIVE;
    }
}

/* Dropping comes first in an ALTER TABLE, whatever the order of the text: what proves that a column
 * holds no NULL may be gone before it is needed. */
static bool proof_may_go(const struct statement *statement)
{
    for (size_t i = 0; i < statement->action_count && i < STATEMENT_ACTIONS_MAX; i++) {
        enum alter_kind kind = statement->actions[i].kind;
        if (kind == ALTER_DROP_CONSTRAINT || kind == ALTER_DROP_COLUMN ||
            kind == ALTER_DROP_NOT_NULL || kind == ALTER_COLUMN_TYPE) {
            return true;
        }
    }
    return statement->action_count > STATEMENT_ACTIONS_MAX;
}

/* Tables that inherit have a NOT NULL of their own, or none, whatever stands above. Only with
 * partitions one of the table's is one of theirs. */
static bool not_null_below(const struct action_facts *known, const struct facts *facts)
{
    return known->column_not_null && (facts->kind == 'p' || !facts->table_has_children);
}

/* SET NOT NULL, ADD CONSTRAINT … NOT NULL: is the table read for NULLs? PostgreSQL 11 reads it
 * whatever a CHECK proves. */
static enum answer not_null_scans(const struct statement *statement,
                                  const struct action_facts *known, const struct facts *facts,
                                  uint32_t version)
{
    if (!known->known) {
        return ANSWER_UNKNOWN;
    }
    if (proof_may_go(statement)) {
        return ANSWER_YES;
    }
    bool proved = known->column_proved && version >= 120000;
    return answer_of(!not_null_below(known, facts) && !proved);
}

static enum answer primary_key_scans(const struct action_facts *facts)
{
    return facts->known ? answer_of(!facts->keys_not_null) : ANSWER_UNKNOWN;
}

/* Words of the action that take work away from it. */
static void effect_lessen(const struct alter_action *action, struct effect *out)
{
    if (action->flags & ALTER_NOT_VALID) {
        out->scans = ANSWER_NO;
    }
    if (action->flags & ALTER_USING_INDEX) {
        out->builds = ANSWER_NO;
    }
    if (action->kind == ALTER_DETACH_PARTITION && (action->flags & ALTER_CONCURRENTLY)) {
        out->lock = out->other_lock = LOCK_SHARE_UPDATE_EXCLUSIVE;
    }
}

/* What only the catalog, the other actions or the server's version tell. */
static void effect_refine(const struct statement *statement, const struct alter_action *action,
                          const struct action_facts *known, const struct facts *facts,
                          uint32_t version, struct effect *out)
{
    if (action->kind == ALTER_ADD_COLUMN) {
        effect_add_column(action, known, out);
    } else if (action->kind == ALTER_SET_NOT_NULL || action->kind == ALTER_ADD_NOT_NULL) {
        out->scans = not_null_scans(statement, known, facts, version);
    } else if (action->kind == ALTER_ADD_PRIMARY_KEY) {
        out->scans = primary_key_scans(known);
    } else if (action->kind == ALTER_DROP_CONSTRAINT && known->known &&
               known->constraint_kind != 'f' && !(action->flags & ALTER_CASCADE)) {
        out->other_lock = LOCK_NONE;
    } else if (action->kind == ALTER_ATTACH_PARTITION && version != 0 && version < 120000) {
        out->lock = LOCK_ACCESS_EXCLUSIVE;
    } else if (action->kind == ALTER_SET_EXPRESSION && version >= 180000) {
        out->rewrites = ANSWER_UNKNOWN; /* that of a virtual column is stored nowhere */
    } else if (action->flags & ALTER_ENFORCED) {
        out->scans = ANSWER_YES;
    }
}

/* A column that is there already is left as it is; but before PostgreSQL 13 its constraints, and
 * what serial brings, were added all the same. A partition gets no columns, there or not. */
static bool column_is_there(const struct alter_action *action, const struct action_facts *known,
                            const struct facts *facts)
{
    unsigned more = COLUMN_CHECK | COLUMN_REFERENCES | COLUMN_UNIQUE | COLUMN_PRIMARY_KEY |
                    COLUMN_SERIAL | COLUMN_IDENTITY;
    return (action->flags & ALTER_IF_NOT_EXISTS) && known->column_exists &&
           (facts->server_version >= 130000 || !(action->flags & more)) &&
           facts->partitioned.name[0] == '\0';
}

/* Nor can one that is there on every table, and on no list of columns, be dropped. */
static bool column_is_absent(const struct alter_action *action, const struct action_facts *known)
{
    static const char *const system[] = {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid", "oid"};
    bool absent = (action->flags & ALTER_IF_EXISTS) && !known->column_exists;
    for (size_t i = 0; absent && i < sizeof system / sizeof *system; i++) {
        absent = strcmp(system[i], action->column) != 0;
    }
    return absent;
}

static bool null_is_so(const struct action_facts *known, const struct facts *facts)
{
    return known->column_exists && !known->column_not_null && !known->constraint_exists &&
           facts->kind != 'p' && !facts->table_has_children;
}

bool effect_is_nothing(const struct statement *statement, size_t action, const struct facts *facts)
{
    const struct alter_action *what = &statement->actions[action];
    const struct action_facts *known = &facts->actions[action];
    if (!facts->target_known || !known->known) {
        return false;
    }
    bool if_exists = (what->flags & ALTER_IF_EXISTS) != 0;
    return (what->kind == ALTER_ADD_COLUMN && column_is_there(what, known, facts)) ||
           (what->kind == ALTER_SET_NOT_NULL && not_null_below(known, facts) &&
            !proof_may_go(statement)) ||
           (what->kind == ALTER_DROP_NOT_NULL && null_is_so(known, facts)) ||
           (what->kind == ALTER_VALIDATE && known->constraint_exists && known->constraint_valid) ||
           (what->kind == ALTER_DROP_COLUMN && column_is_absent(what, known)) ||
           (what->kind == ALTER_DROP_CONSTRAINT && if_exists && !known->constraint_exists);
}

struct effect effect_of_action(const struct statement *statement, size_t action,
                               const struct facts *facts, uint32_t server_version)
{
    assert(action < STATEMENT_ACTIONS_MAX && action < statement->action_count);
    const struct alter_action *what = &statement->actions[action];
    const struct action_facts *known = &facts->actions[action];
    struct effect out = effect_of_cost(&actions[what->kind]);
    effect_refine(statement, what, known, facts, effect_version(facts, server_version), &out);
    effect_lessen(what, &out);
    if (effect_is_nothing(statement, action, facts)) {
        out.rewrites = out.scans = out.builds = ANSWER_NO;
        return out;
    }
    if (known->known) {
        out.rewrites = answer_asked(out.rewrites, known->rewrites);
        out.scans = answer_asked(out.scans, known->scans);
        out.builds = answer_asked(out.builds, known->builds);
    }
    /* A rewritten table gets all its indexes anew. */
    if (out.builds == ANSWER_NO && out.rewrites != ANSWER_NO) {
        out.builds = ANSWER_UNKNOWN;
    }
    return out;
}
