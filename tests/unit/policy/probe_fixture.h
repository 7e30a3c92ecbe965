/* What the tests of the probe's texts share: the probe of a statement, and a look into it. */
#ifndef TESTS_UNIT_POLICY_PROBE_FIXTURE_H
#define TESTS_UNIT_POLICY_PROBE_FIXTURE_H

#include "policy/probe.h"
#include "tests/unit/policy/statements.h"

static const struct situation alone = {.alone = true};

/* probe_free. */
static inline struct probe probe_of(const char *sql, const struct situation *now)
{
    struct statement statement = statement_of(sql);
    struct probe probe;
    struct span text = span_cut(span_text(sql), statement.start, statement.length);
    assert_true(probe_build(&statement, text, now, &probe));
    return probe;
}

static inline bool query_has(const struct probe *probe, const char *part)
{
    return memmem(probe->queries[0].at, probe->queries[0].length, part, strlen(part)) != NULL;
}

#endif
