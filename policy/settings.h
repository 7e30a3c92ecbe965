/* What the administrator said, as far as policy is concerned: a value, constant after loading. The
 * configuration (config/) makes it from YAML; tests make it by hand from settings_default. */
#ifndef POLICY_SETTINGS_H
#define POLICY_SETTINGS_H

#include "policy/client_pattern.h"
#include "policy/statement.h"

enum mode { MODE_OBSERVE, MODE_ENFORCE };
enum profile { PROFILE_OBSERVE, PROFILE_GUARD, PROFILE_STRICT };
/* What a rule does. ACTION_DEFAULT: what the rule's own row says for the profile. */
#define ACTIONS(X)                                                                                 \
    X(DEFAULT, "default")                                                                          \
    X(ALLOW, "allow")                                                                              \
    X(WARN, "warn")                                                                                \
    X(REWRITE, "rewrite")                                                                          \
    X(BLOCK, "block")

enum action {
#define X(name, text) ACTION_##name,
    ACTIONS(X)
#undef X
};

#define RULES_MAX 96 /* rules.c asserts that it has no more */

struct timeouts {
    uint32_t lock_ms;        /* 2 s; raised to deadlock_timeout + 500 ms (design 3.9) */
    uint32_t total_ms;       /* 5 min over all tries */
    uint32_t attempts;       /* 10 */
    uint32_t backoff_ms;     /* 500 ms, doubled after each try */
    uint32_t backoff_max_ms; /* 30 s */
    /* 5 s for transactions in the way of a concurrent build to end before it starts, and for each
     * lock when leftovers of one are dropped. */
    uint32_t concurrent_lock_ms;
    uint32_t concurrent_total_ms; /* 30 min: the proxy's own deadline for a concurrent build */
    /* A transaction with schema changes that its client leaves open: 10 s until it is told, 5 min
     * until it is ended where the rule says so. 0: never. */
    uint32_t uncommitted_warn_ms, uncommitted_end_ms;
};

/* A column that is filled row by row (policy/plan_fill.c). */
struct backfill {
    /* 1000 rows in one transaction: their locks are held for some 30 ms (measured, with three
     * indexes), and a writer of one of them waits no longer. */
    uint32_t batch_rows;
    uint32_t pause_ms; /* 20 ms between two batches, for all others */
};

/* Who has set an action or the profile, when it was not the configuration as a whole. */
#define ORIGINS(X)                                                                                 \
    X(BASE, "configuration") /* `profile`, `rules` */                                              \
    X(OVERRIDE, "override")                                                                        \
    X(COMMENT, "comment") /* in the statement itself: policy/comment.h */

enum origin_kind {
#define X(name, text) ORIGIN_##name,
    ORIGINS(X)
#undef X
};

struct origin {
    enum origin_kind kind;
    unsigned override;  /* its place in the list */
    struct span reason; /* what the comment gives, into its text */
};

struct settings {
    enum mode mode;
    enum profile profile;
    enum action actions[RULES_MAX]; /* by the rule's place in rules.c */
    struct origin profile_origin, origins[RULES_MAX];
    /* Roles whose comments may allow a rule, as glob patterns. Borrowed. */
    const char *const *comment_users;
    unsigned comment_users_count;
    bool may_comment; /* resolved: this session's role is one of them */
    struct timeouts timeouts;
    struct backfill backfill;
    int64_t small_table_bytes; /* 1 MiB: up to here a plain build stalls nobody (measured) */
    /* 128 MiB: from here on what rewrites or scans under a strong lock, and has no safe form, is
     * refused: it takes longer than the lock timeout (measured: 10 ms per MB to rewrite). */
    int64_t large_table_bytes;
};

/* Whom and what an override is for. Each list is a glob pattern list, but for the addresses; an
 * empty list matches all. */
struct override {
    const char *const *databases, *const *users, *const *applications, *const *tables;
    unsigned databases_count, users_count, applications_count, tables_count;
    const struct client_pattern *addresses;
    unsigned addresses_count;
    uint64_t until_us; /* since 1970, UTC: from then on it holds no longer; 0: for ever */
    unsigned line;     /* of the file, for people; 0: none */
    bool has_mode, has_profile;
    enum mode mode;
    enum profile profile;
    enum action actions[RULES_MAX];
};

struct identity {
    const char *database, *user, *application; /* never NULL */
    const char *address; /* the client's, as client_pattern_matches takes it; never NULL */
    uint64_t wall_us;    /* now, since 1970, UTC */
};

struct settings settings_default(void);

/* The settings that hold for this session and statement: `base` with every override that matches
 * laid over it in order. An override with tables matches when the relation acted upon does
 * ("audit.*", "orders"): a pattern without a schema matches the bare name in any schema; a name
 * that the statement leaves to search_path is matched only by patterns without a schema. Of several
 * relations each has its own settings, and the strictest hold: no table is let off by another. */
struct settings settings_resolve(const struct settings *base, const struct override *overrides,
                                 size_t count, const struct identity *who,
                                 const struct statement *statement);

/* Makes of *out, which holds for one relation or statement, what holds for another one, too: the
 * stricter mode and profile, and of each rule the stronger action. */
void settings_tighten(struct settings *out, const struct settings *other);

/* What the administrator wants of a rule, by its place in rules.c: said outright, or by the
 * profile; never DEFAULT. */
enum action settings_action(const struct settings *settings, size_t rule);

/* "default", "allow", "warn", "rewrite", "block". */
const char *settings_action_name(enum action action);
const char *settings_origin_name(enum origin_kind kind);

#endif
