/* What statements cost: a row for every command tag that locks a relation, and for every form that
 * costs something else than its tag says. ALTER TABLE costs what its actions cost (effect_alter.c).
 * Nothing is asked here. */
#include "policy/effect_cost.h"

#include <assert.h>

/* By command tag: what takes a lock on its target, or on others because of it. A tag without a row
 * locks no relation. */
static const struct {
    const char *tag;
    struct cost cost;
} tags[] = {
    {"ALTER FOREIGN TABLE", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"ALTER INDEX", {LOCK_SHARE_UPDATE_EXCLUSIVE, LOCK_NONE, "---"}},
    {"ALTER MATERIALIZED VIEW", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"ALTER POLICY", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"ALTER PUBLICATION", {LOCK_NONE, LOCK_SHARE_UPDATE_EXCLUSIVE, "---"}},
    {"ALTER RULE", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"ALTER SEQUENCE", {LOCK_SHARE_ROW_EXCLUSIVE, LOCK_NONE, "---"}},
    {"ALTER TABLE", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"ALTER TRIGGER", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"ALTER VIEW", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"CALL", {LOCK_NONE, LOCK_ACCESS_EXCLUSIVE, "???"}},
    {"COMMENT", {LOCK_SHARE_UPDATE_EXCLUSIVE, LOCK_NONE, "---"}},
    {"CREATE INDEX", {LOCK_SHARE, LOCK_NONE, "--x"}},
    {"CREATE POLICY", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"CREATE PUBLICATION", {LOCK_NONE, LOCK_SHARE_UPDATE_EXCLUSIVE, "---"}},
    {"CREATE RULE", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"CREATE STATISTICS", {LOCK_NONE, LOCK_SHARE_UPDATE_EXCLUSIVE, "---"}},
    {"CREATE TRIGGER", {LOCK_SHARE_ROW_EXCLUSIVE, LOCK_NONE, "---"}},
    {"CREATE VIEW", {LOCK_ACCESS_EXCLUSIVE, LOCK_ACCESS_SHARE, "---"}},
    {"DO", {LOCK_NONE, LOCK_ACCESS_EXCLUSIVE, "???"}},
    {"DROP FOREIGN TABLE", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"DROP INDEX", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"DROP MATERIALIZED VIEW", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"DROP POLICY", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"DROP RULE", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"DROP SEQUENCE", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    /* The tables that it references, or that it is a partition of. */
    {"DROP TABLE", {LOCK_ACCESS_EXCLUSIVE, LOCK_ACCESS_EXCLUSIVE, "---"}},
    {"DROP TRIGGER", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"DROP VIEW", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"REINDEX", {LOCK_SHARE, LOCK_ACCESS_EXCLUSIVE, "--x"}},
    {"SECURITY LABEL", {LOCK_SHARE_UPDATE_EXCLUSIVE, LOCK_NONE, "---"}},
    {"TRUNCATE TABLE", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
};

/* What the table has no tag for. A form without a row (all NULL) costs what its tag does. */
static const struct cost forms[] = {
    [FORM_CREATE_AS] = {LOCK_NONE, LOCK_ACCESS_SHARE, "---"},
    /* The default partition is read for rows that belong into the new one. */
    [FORM_PARTITION_OF] = {LOCK_ACCESS_EXCLUSIVE, LOCK_ACCESS_EXCLUSIVE, "-?-"},
    [FORM_MOVE_ALL] = {LOCK_NONE, LOCK_ACCESS_EXCLUSIVE, "x--"},
    [FORM_VACUUM_FULL] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "x-x"},
    [FORM_CLUSTER] = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "x-x"},
    [FORM_REFRESH] = {LOCK_ACCESS_EXCLUSIVE, LOCK_ACCESS_SHARE, "x-x"},
    [FORM_DROP_OWNED] = {LOCK_NONE, LOCK_ACCESS_EXCLUSIVE, "---"},
    /* Every table with a column of the domain. */
    [FORM_ADD_DOMAIN_CONSTRAINT] = {LOCK_NONE, LOCK_SHARE, "-x-"},
    [FORM_SET_DOMAIN_NOT_NULL] = {LOCK_NONE, LOCK_SHARE, "-x-"},
    [FORM_VALIDATE_DOMAIN_CONSTRAINT] = {LOCK_NONE, LOCK_SHARE, "-x-"},
};

static const struct cost no_cost = {LOCK_NONE, LOCK_NONE, "---"};
static const struct cost any_cost = {LOCK_ACCESS_EXCLUSIVE, LOCK_ACCESS_EXCLUSIVE, "???"};
static const struct cost vacuum_cost = {LOCK_SHARE_UPDATE_EXCLUSIVE, LOCK_NONE, "-x-"};
/* CONCURRENTLY. Writers of a materialized view are other refreshes; its readers pass. */
static const struct cost build_concurrently_cost = {LOCK_SHARE_UPDATE_EXCLUSIVE, LOCK_NONE, "--x"};
static const struct cost drop_concurrently_cost = {LOCK_SHARE_UPDATE_EXCLUSIVE, LOCK_NONE, "---"};
static const struct cost refresh_concurrently_cost = {LOCK_EXCLUSIVE, LOCK_ACCESS_SHARE, "---"};

const char *lock_mode_name(enum lock_mode mode)
{
    static const char *const names[] = {
#define X(name, text) text,
        LOCK_MODES(X)
#undef X
    };
    return names[mode];
}

static enum answer effect_answer(char letter)
{
    assert(letter == '-' || letter == '?' || letter == 'x');
    return letter == '-' ? ANSWER_NO : letter == 'x' ? ANSWER_YES : ANSWER_UNKNOWN;
}

struct effect effect_of_cost(const struct cost *cost)
{
    return (struct effect){.lock = cost->lock,
                           .other_lock = cost->other_lock,
                           .rewrites = effect_answer(cost->works[0]),
                           .scans = effect_answer(cost->works[1]),
                           .builds = effect_answer(cost->works[2])};
}

static enum answer answer_worse(enum answer one, enum answer other)
{
    if (one == ANSWER_YES || other == ANSWER_YES) {
        return ANSWER_YES;
    }
    return one == ANSWER_UNKNOWN ? one : other;
}

static struct effect effect_worse(struct effect one, struct effect other)
{
    return (struct effect){.lock = one.lock > other.lock ? one.lock : other.lock,
                           .other_lock = one.other_lock > other.other_lock ? one.other_lock
                                                                           : other.other_lock,
                           .rewrites = answer_worse(one.rewrites, other.rewrites),
                           .scans = answer_worse(one.scans, other.scans),
                           .builds = answer_worse(one.builds, other.builds)};
}

static struct effect effect_of_actions(const struct statement *statement, const struct facts *facts,
                                       uint32_t server_version)
{
    struct effect out = effect_of_cost(&no_cost);
    for (size_t i = 0; i < statement->action_count && i < STATEMENT_ACTIONS_MAX; i++) {
        out = effect_worse(out, effect_of_action(statement, i, facts, server_version));
    }
    return statement->action_count > STATEMENT_ACTIONS_MAX
               ? effect_worse(out, effect_of_cost(&any_cost))
               : out;
}

static const struct cost *cost_of_concurrently(const struct statement *statement)
{
    if (statement->form == FORM_REFRESH) {
        return &refresh_concurrently_cost;
    }
    return statement->kind == STATEMENT_DROP_INDEX ? &drop_concurrently_cost
                                                   : &build_concurrently_cost;
}

static const struct cost *cost_of(const struct statement *statement)
{
    if (statement->kind == STATEMENT_UNPARSED || statement->kind == STATEMENT_TOO_LONG) {
        return &any_cost;
    }
    if (statement->kind == STATEMENT_VACUUM) {
        return &vacuum_cost;
    }
    if (statement->flags & FLAG_CONCURRENTLY) {
        return cost_of_concurrently(statement);
    }
    if (statement->form < sizeof forms / sizeof *forms && forms[statement->form].works != NULL) {
        return &forms[statement->form];
    }
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        if (strcmp(tags[i].tag, statement->tag) == 0) {
            return &tags[i].cost;
        }
    }
    return &no_cost;
}

/* What a word of the statement or the catalog makes of its row. */
static void effect_refine(const struct statement *statement, const struct facts *facts,
                          struct effect *out)
{
    if (statement->kind == STATEMENT_LOCK) {
        out->lock = (enum lock_mode)statement->lock_mode; /* numbered alike */
    } else if (statement->kind == STATEMENT_CREATE_INDEX && (statement->flags & FLAG_ONLY)) {
        /* The index of a partitioned table alone is empty; else ONLY means nothing here. */
        out->builds = facts->target_known ? answer_of(facts->kind != 'p') : ANSWER_UNKNOWN;
    } else if (statement->form == FORM_PARTITION_OF && facts->target_known) {
        out->scans = answer_of(facts->default_partition);
        out->other_lock = facts->default_partition ? out->other_lock : LOCK_NONE;
    } else if (statement->form == FORM_ADD_DOMAIN_CONSTRAINT &&
               (statement->flags & FLAG_NOT_VALID)) {
        *out = effect_of_cost(&no_cost);
    } else if (statement->flags & FLAG_REFERENCES) {
        out->other_lock = LOCK_SHARE_ROW_EXCLUSIVE;
    } else if ((statement->flags & FLAG_CASCADE) && strncmp(statement->tag, "DROP ", 5) == 0) {
        out->other_lock = LOCK_ACCESS_EXCLUSIVE;
    }
}

struct effect effect_of(const struct statement *statement, const struct facts *facts,
                        uint32_t server_version)
{
    uint32_t version = effect_version(facts, server_version);
    struct effect out = effect_of_cost(&no_cost);
    if (statement->action_count > 0) {
        out = effect_of_actions(statement, facts, server_version);
    } else {
        out = effect_of_cost(cost_of(statement));
        effect_refine(statement, facts, &out);
    }
    bool renamed =
        statement->object_count == 1 && strcmp(statement->objects[0].action, "rename") == 0;
    if (strcmp(statement->tag, "ALTER INDEX") == 0 && renamed && version != 0 && version < 120000) {
        out.lock = LOCK_ACCESS_EXCLUSIVE;
    }
    return out;
}

bool effect_blocks_long(const struct effect *effect)
{
    bool works =
        effect->rewrites != ANSWER_NO || effect->scans != ANSWER_NO || effect->builds != ANSWER_NO;
    return works && (effect->lock >= LOCK_SHARE || effect->other_lock >= LOCK_SHARE);
}
