/* A row of the tables that effects are read from. Private to policy/effect*.c. */
#ifndef POLICY_EFFECT_COST_H
#define POLICY_EFFECT_COST_H

#include "policy/effect.h"

struct cost {
    enum lock_mode lock, other_lock;
    const char *works; /* rewrites, scans, builds: 'x' yes, '-' no, '?' only the server can tell */
};

struct effect effect_of_cost(const struct cost *cost);

/* The server's version that counts: its own word, where it was asked. */
static inline uint32_t effect_version(const struct facts *facts, uint32_t server_version)
{
    return facts->server_version != 0 ? facts->server_version : server_version;
}

static inline enum answer answer_of(bool yes)
{
    return yes ? ANSWER_YES : ANSWER_NO;
}

#endif
