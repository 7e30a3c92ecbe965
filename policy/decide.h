/* What policy says about one statement, and why. */
#ifndef POLICY_DECIDE_H
#define POLICY_DECIDE_H

#include "policy/comment.h"
#include "policy/rule.h"

/* In order of strength; the strongest of the rules that fired wins. */
#define VERDICTS(X)                                                                                \
    X(ALLOW, "allow") X(WARN, "warn") X(REWRITE, "rewrite") X(NOOP, "noop") X(BLOCK, "block")

enum verdict {
#define X(name, text) VERDICT_##name,
    VERDICTS(X)
#undef X
};

#define DECISION_RULES_MAX 8

struct decision {
    enum verdict verdict;
    struct {
        const struct rule *rule;
        enum action action;      /* what it did, after settings */
        const char *not_because; /* rewrite asked for but not possible here: why; else NULL */
        struct origin origin;    /* who has said what it does */
    } fired[DECISION_RULES_MAX]; /* strongest first */
    size_t fired_count;
    bool guard;                 /* put a lock timeout around it */
    enum comment_fault comment; /* of an override in the statement: why it is not honoured */
};

const char *verdict_name(enum verdict verdict); /* "allow" … "block" */

/* Pure. A rule that an override or a comment allows is kept, too, when it would have fired:
 * somebody wanted it so, and the ledger tells who. `settings` are the resolved ones
 * (settings_resolve). In MODE_OBSERVE the verdict is what enforce would have said, for the ledger;
 * the session then changes nothing. */
struct decision decide(const struct statement *statement, const struct situation *now,
                       const struct facts *facts, const struct settings *settings);

/* The same, with what the statement's own comments allow. `text`: all that it was cut from; the
 * decision borrows the reasons from there. */
struct decision decide_in_text(struct span text, const struct statement *statement,
                               const struct situation *now, const struct facts *facts,
                               const struct settings *settings);

/* The guard that was decided on cannot be had: the rule that wanted it becomes a warning. */
void decide_unguarded(struct decision *decision);

#endif
