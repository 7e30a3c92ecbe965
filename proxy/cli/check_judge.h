/* One statement of a file, judged by the policy that the proxy goes by. No server is asked: what
 * only it could know is unknown, and counts as dangerous. */
#ifndef PROXY_CLI_CHECK_JUDGE_H
#define PROXY_CLI_CHECK_JUDGE_H

#include "config/config.h"
#include "policy/effect.h"
#include "policy/plan.h"
#include "proxy/cli/check_reader.h"
#include "proxy/cli/check_track.h"

#define CHECK_LEVELS(X) X(NOTE, "note") X(WARNING, "warning") X(ERROR, "error")

enum check_level {
#define X(name, text) CHECK_##name,
    CHECK_LEVELS(X)
#undef X
};

struct check_finding {
    enum check_level level;
    const char *rule;    /* constant: the rule's id */
    const char *action;  /* constant: what the rule does, as in the configuration */
    size_t at, length;   /* bytes of the file's text that it is about; length 0: one place */
    struct span message; /* foreign bytes may be in all three */
    struct span reason;  /* why it is not made safe here; empty: nothing to say */
    struct span hint;    /* the way out; empty: none */
};

/* Every rule, and an error of syntax. */
#define CHECK_FINDINGS_MAX (DECISION_RULES_MAX + 1)

struct check_judgement {
    struct statement statement;
    struct span sql; /* its own bytes; into the reader's */
    enum verdict verdict;
    bool broken; /* it does not parse */
    struct effect effect;
    struct check_finding findings[CHECK_FINDINGS_MAX];
    size_t finding_count;
    /* What would be run instead, on an ordinary table: plan.steps of the kinds PART and RUN, where
     * an empty text is the statement itself. Empty when it would be refused, or nobody asked. */
    struct plan plan;
    struct sql_error error; /* holds the message of a finding, as `hints` do */
    struct buffer hints[DECISION_RULES_MAX];
    bool failed; /* no memory */
};

struct check_judge {
    const struct config *config; /* borrowed */
    uint32_t server_version;     /* server_version_num; 0: not told */
    uint64_t wall_us;            /* now, since 1970, UTC: overrides may have an end */
    bool steps;                  /* make the plan, too */
};

/* Judges a piece that is a statement. `out` borrows from all of the arguments; free it. */
void check_judge(const struct check_judge *judge, const struct check_track *track,
                 const struct check_reader *reader, const struct check_piece *piece,
                 struct check_judgement *out);
void check_judgement_free(struct check_judgement *judgement);

const char *check_level_name(enum check_level level);

#endif
