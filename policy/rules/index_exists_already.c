/* CREATE INDEX IF NOT EXISTS waits for SHARE before it looks whether the index is there. An
 * invalid index of that name is none. Of other columns than that has, PostgreSQL may have something
 * to say first: those are built CONCURRENTLY, which makes nobody wait to find out. */
#include "policy/rules/concurrent.h"

static bool matches(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings)
{
    (void)now;
    (void)settings;
    return concurrent_is_there(statement, facts);
}

const struct rule rule_index_exists_already = {
    .id = "index-exists-already",
    .why = "the index is there already, and PostgreSQL would wait for a lock to find out",
    .on = "CREATE INDEX IF NOT EXISTS of an index that is there, valid, and of these columns",
    .guard = ACTION_REWRITE,
    .strict = ACTION_REWRITE,
    .noop = true,
    .matches = matches,
    .may_rewrite = concurrent_may_answer,
};
