/* What a rule is. One rule is one small file in policy/rules/ and one line in rules.c. A rule sees
 * the statement, where it stands and what the server said; it sees no time and does no I/O. */
#ifndef POLICY_RULE_H
#define POLICY_RULE_H

#include "policy/facts.h"
#include "policy/migration_tool.h"
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
    /* The names in it hide ASCII bytes, which a text of ours would have to be quoted by: none of
     * ours may have them, and nothing is known about what they name. */
    bool hidden;
    enum migration_tool tool; /* that the session belongs to, for hints */
    /* An index can be built over another connection while the transaction waits: a number for its
     * name meanwhile that nobody else has; 0: it cannot. */
    uint64_t aside;
    bool early; /* in_transaction, and statement_is_early() of one of them: ours take no snapshot */
};

/* D3.7: a rewrite that needs no transaction block is possible here. */
static inline bool situation_may_rewrite(const struct situation *now)
{
    return !now->in_transaction && now->alone;
}

struct rule {
    const char *id;  /* Squawk's where Squawk has the rule */
    const char *why; /* one sentence for the notice and for docs */
    const char *on;  /* the statements that it is about, for the docs: "ADD CHECK" */
    /* The way out, with the statement's own names for {table}, {column}, {type}, {constraint},
     * {other}, {old_table} and {ALTER TABLE ... NOT VALID} (see rule_append_hint); NULL: there is
     * none. */
    const char *hint;
    enum action guard; /* what it does in profile guard */
    enum action strict;
    bool noop;   /* its rewrite is to run nothing: the statement would change nothing */
    bool guards; /* its rewrite is a lock timeout around the statement, not another text */
    /* It keeps the table locked for as long as it works through it. Nothing is said of it up to
     * settings->small_table_bytes; from large_table_bytes on a warning is a refusal. */
    bool heavy;
    /* Does the statement concern this rule at all? NULL: when one of its actions does. One rule has
     * neither: it is about time (proxy/session/uncommitted.h). */
    bool (*matches)(const struct statement *statement, const struct situation *now,
                    const struct facts *facts, const struct settings *settings);
    /* Does this action of an ALTER TABLE concern it? Not asked about tables that nobody else can
     * be using. NULL: see matches. */
    bool (*concerns)(const struct statement *statement, size_t action, const struct facts *facts);
    /* May it be made safe here? NULL: this rule has no rewrite. When not, *reason gets a constant
     * text that says why (for the notice); it stays NULL when nobody needs to hear of it, because
     * the statement does no harm as it is. */
    bool (*may_rewrite)(const struct statement *statement, const struct situation *now,
                        const struct facts *facts, const struct settings *settings,
                        const char **reason);
};

/* In a hint, what the way of the migration tool at hand is put behind. */
#define RULE_HINT_OUTSIDE "outside a transaction block"

size_t rules_count(void);
const struct rule *rules_at(size_t index);
/* -1 when there is no such rule. */
int rules_find(const char *id);
/* Of a rule of the table. */
size_t rules_index_of(const struct rule *rule);

/* Those that others than the table speak of: what they are about is not a statement as it stands.
 */
extern const struct rule rule_ban_uncommitted_transaction, rule_too_long, rule_unparsed;

bool rule_matches(const struct rule *rule, const struct statement *statement,
                  const struct situation *now, const struct facts *facts,
                  const struct settings *settings);
/* The first action that the rule concerns; STATEMENT_ACTIONS_MAX: none. */
size_t rule_find_action(const struct rule *rule, const struct statement *statement,
                        const struct facts *facts);
/* Appends the rule's hint, its placeholders filled in from the first action that concerns the rule
 * or, without one, from the statement: {table} its table or only object, {constraint} the
 * constraint's name or the one that PostgreSQL would choose, {other} the referenced table,
 * partition, index or new name, {old_table} the table's name with "_old" behind it, {ALTER TABLE
 * ... NOT VALID} the statement that adds the constraint NOT VALID. `text` is the statement's own
 * bytes. What is not
 * known is written as <table>. MIGRATION_TOOL_WAYS becomes the way of the `tool`, if there is one.
 */
void rule_append_hint(const struct rule *rule, const struct statement *statement, struct span text,
                      const struct facts *facts, enum migration_tool tool, struct buffer *out);

#endif
