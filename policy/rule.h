/* What a rule is. One rule is one small file in policy/rules/ and one line in rules.c. A rule sees
 * the statement, where it stands and what the server said; it sees no time and does no I/O. */
#ifndef POLICY_RULE_H
#define POLICY_RULE_H

#include "policy/facts.h"
#include "policy/settings.h"
#include "protocol/buffer.h"

/* What the session knows. */
struct situation {
    bool in_transaction;     /* a transaction block is open */
    bool transaction_failed; /* and has failed: the server will refuse everything but its end */
    bool alone;              /* alone in its simple Query, or first since the last Sync */
    bool replication;        /* a walsender: simple Query only */
    bool extended;           /* the statement came as Parse/Bind/Execute */
    bool may_save; /* in a transaction block, and a savepoint of ours can be set and gone back to */
    bool early; /* in_transaction, and statement_is_early() of one of them: ours take no snapshot */
};

/* D3.7: a rewrite that needs no transaction block is possible here. */
static inline bool situation_may_rewrite(const struct situation *now)
{
    return !now->in_transaction && now->alone;
}

struct rule {
    const char *id;   /* Squawk's where Squawk has the rule */
    const char *why;  /* one sentence for the notice and for docs */
    const char *hint; /* the way out in general, for the docs; NULL: none */
    /* The way out for this very statement, with its own names filled in; NULL: `hint` as it is. */
    void (*write_hint)(const struct statement *statement, const struct situation *now,
                       const struct facts *facts, struct buffer *out);
    enum action guard; /* what it does in profile guard */
    enum action strict;
    bool noop;   /* its rewrite is to run nothing: the statement would change nothing */
    bool guards; /* its rewrite is a lock timeout around the statement, not another text */
    /* Does the statement concern this rule at all? */
    bool (*matches)(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings);
    /* May it be made safe here? NULL: this rule has no rewrite. When not, *reason gets a constant
     * text that says why (for the notice); it stays NULL when nobody needs to hear of it, because
     * the statement does no harm as it is. */
    bool (*may_rewrite)(const struct statement *statement, const struct situation *now,
                        const struct facts *facts, const struct settings *settings,
                        const char **reason);
};

size_t rules_count(void);
const struct rule *rules_at(size_t index);
/* -1 when there is no such rule. */
int rules_find(const char *id);

#endif
