/* What statements cost: one row for every command tag that locks a relation, and a few for what a
 * word of the statement makes of it. ALTER TABLE costs what its actions cost (effect_alter.c).
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
    {"CLUSTER", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "x-x"}},
    {"COMMENT", {LOCK_SHARE_UPDATE_EXCLUSIVE, LOCK_NONE, "---"}},
    {"CREATE INDEX", {LOCK_SHARE, LOCK_NONE, "--x"}},
    {"CREATE MATERIALIZED VIEW", {LOCK_NONE, LOCK_ACCESS_SHARE, "---"}},
    {"CREATE POLICY", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"CREATE PUBLICATION", {LOCK_NONE, LOCK_SHARE_UPDATE_EXCLUSIVE, "---"}},
    {"CREATE RULE", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"CREATE STATISTICS", {LOCK_NONE, LOCK_SHARE_UPDATE_EXCLUSIVE, "---"}},
    {"CREATE TABLE AS", {LOCK_NONE, LOCK_ACCESS_SHARE, "---"}},
    {"CREATE TRIGGER", {LOCK_SHARE_ROW_EXCLUSIVE, LOCK_NONE, "---"}},
    {"CREATE VIEW", {LOCK_ACCESS_EXCLUSIVE, LOCK_ACCESS_SHARE, "---"}},
    {"DO", {LOCK_NONE, LOCK_ACCESS_EXCLUSIVE, "???"}},
    {"DROP FOREIGN TABLE", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"DROP INDEX", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"DROP MATERIALIZED VIEW", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"DROP OWNED", {LOCK_NONE, LOCK_ACCESS_EXCLUSIVE, "---"}},
    {"DROP POLICY", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"DROP RULE", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"DROP SEQUENCE", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    /* The tables that it references, or that it is a partition of. */
    {"DROP TABLE", {LOCK_ACCESS_EXCLUSIVE, LOCK_ACCESS_EXCLUSIVE, "---"}},
    {"DROP TRIGGER", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"DROP VIEW", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"LOCK TABLE", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
    {"REFRESH MATERIALIZED VIEW", {LOCK_ACCESS_EXCLUSIVE, LOCK_ACCESS_SHARE, "x-x"}},
    {"REINDEX", {LOCK_SHARE, LOCK_ACCESS_EXCLUSIVE, "--x"}},
    {"SECURITY LABEL", {LOCK_SHARE_UPDATE_EXCLUSIVE, LOCK_NONE, "---"}},
    {"SELECT INTO", {LOCK_NONE, LOCK_ACCESS_SHARE, "---"}},
    {"TRUNCATE TABLE", {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "---"}},
};

static const struct cost no_cost = {LOCK_NONE, LOCK_NONE, "---"};
static const struct cost any_cost = {LOCK_ACCESS_EXCLUSIVE, LOCK_ACCESS_EXCLUSIVE, "???"};

/* Where the tables' row does not fit, because of the server's version or of CONCURRENTLY. */
static const struct cost concurrent_cost = {LOCK_SHARE_UPDATE_EXCLUSIVE, LOCK_NONE, "--x"};
/* Writers of a materialized view are other refreshes; its readers pass. */
static const struct cost refresh_concurrent_cost = {LOCK_EXCLUSIVE, LOCK_ACCESS_SHARE, "---"};
static const struct cost drop_concurrent_cost = {LOCK_SHARE_UPDATE_EXCLUSIVE, LOCK_NONE, "---"};
static const struct cost vacuum_cost = {LOCK_SHARE_UPDATE_EXCLUSIVE, LOCK_NONE, "-x-"};
static const struct cost vacuum_full_cost = {LOCK_ACCESS_EXCLUSIVE, LOCK_NONE, "x-x"};
/* ALTER TABLE ALL IN TABLESPACE */
static const struct cost move_all_cost = {LOCK_NONE, LOCK_ACCESS_EXCLUSIVE, "x--"};

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

/* What a word of the statement makes of it, instead of what its tag says; NULL: none does. */
static const struct cost *cost_instead(const struct statement *statement)
{
    if (statement->kind == STATEMENT_UNPARSED || statement->kind == STATEMENT_TOO_LONG) {
        return &any_cost;
    }
    if (statement->flags & FLAG_CONCURRENTLY) {
        bool refresh = strcmp(statement->tag, "REFRESH MATERIALIZED VIEW") == 0;
        bool drop = statement->kind == STATEMENT_DROP_INDEX;
        return refresh ? &refresh_concurrent_cost : drop ? &drop_concurrent_cost : &concurrent_cost;
    }
    if (strcmp(statement->tag, "VACUUM") == 0) {
        return statement->kind == STATEMENT_VACUUM ? &vacuum_cost : &vacuum_full_cost;
    }
    if (statement->kind == STATEMENT_ALTER_TABLE && statement->object_count == 0) {
        return &move_all_cost;
    }
    return NULL;
}

static const struct cost *cost_of_tag(const char *tag)
{
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        if (strcmp(tags[i].tag, tag) == 0) {
            return &tags[i].cost;
        }
    }
    return &no_cost;
}

struct effect effect_of(const struct statement *statement, const struct facts *facts,
                        uint32_t server_version)
{
    if (statement->action_count > 0) {
        return effect_of_actions(statement, facts, server_version);
    }
    const struct cost *instead = cost_instead(statement);
    struct effect out = effect_of_cost(instead != NULL ? instead : cost_of_tag(statement->tag));
    uint32_t version = effect_version(facts, server_version);
    if (statement->kind == STATEMENT_CREATE_INDEX && (statement->flags & FLAG_ONLY)) {
        /* The index of a partitioned table alone is empty; else ONLY means nothing here. */
        out.builds = facts->target_known ? answer_of(facts->kind != 'p') : ANSWER_UNKNOWN;
    } else if (strcmp(statement->tag, "ALTER INDEX") == 0 && version != 0 && version < 120000) {
        out.lock = LOCK_ACCESS_EXCLUSIVE;
    } else if ((statement->flags & FLAG_CASCADE) && strncmp(statement->tag, "DROP ", 5) == 0) {
        out.other_lock = LOCK_ACCESS_EXCLUSIVE;
    }
    return out;
}

bool effect_blocks_long(const struct effect *effect)
{
    bool works =
        effect->rewrites != ANSWER_NO || effect->scans != ANSWER_NO || effect->builds != ANSWER_NO;
    return works && (effect->lock >= LOCK_SHARE || effect->other_lock >= LOCK_SHARE);
}
