/* What the administrator said, as far as policy is concerned: a value, constant after loading. The
 * configuration (config/) makes it from YAML; tests make it by hand from settings_default. */
#ifndef POLICY_SETTINGS_H
#define POLICY_SETTINGS_H

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

#define RULES_MAX 64 /* rules.c asserts that it has no more */

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
};

struct settings {
    enum mode mode;
    enum profile profile;
    enum action actions[RULES_MAX]; /* by the rule's place in rules.c */
    struct timeouts timeouts;
    int64_t small_table_bytes; /* 1 MiB: up to here a plain build stalls nobody (measured) */
    /* 128 MiB: from here on what rewrites or scans under a strong lock, and has no safe form, is
     * refused: it takes longer than the lock timeout (measured: 10 ms per MB to rewrite). */
    int64_t large_table_bytes;
};

/* Whom and what an override is for. Each list is a glob pattern list; an empty list matches all. */
struct override {
    const char *const *databases, *const *users, *const *applications, *const *tables;
    unsigned databases_count, users_count, applications_count, tables_count;
    bool has_mode, has_profile;
    enum mode mode;
    enum profile profile;
    enum action actions[RULES_MAX];
};

struct identity {
    const char *database, *user, *application; /* never NULL */
};

struct settings settings_default(void);

/* The settings that hold for this session and statement: `base` with every override that matches
 * laid over it in order. An override with tables matches when one of the statement's objects does
 * ("audit.*", "orders"): a pattern without a schema matches the bare name in any schema; a name
 * that the statement leaves to search_path is matched only by patterns without a schema. */
struct settings settings_resolve(const struct settings *base, const struct override *overrides,
                                 size_t count, const struct identity *who,
                                 const struct statement *statement);

/* "default", "allow", "warn", "rewrite", "block". */
const char *settings_action_name(enum action action);

/* "*" and "?" as in a shell; case matters. */
bool settings_glob(const char *pattern, const char *text);

#endif
