/* The rules, in the order in which they are asked. A new rule is one file in policy/rules/ and one
 * line here. */
#include "policy/rule.h"

#include <assert.h>

#define RULES(X)                                                                                   \
    X(concurrent_index_creation)                                                                   \
    X(concurrent_index_deletion)                                                                   \
    X(concurrent_reindex)                                                                          \
    X(unparsed)                                                                                    \
    X(too_long)                                                                                    \
    X(lock_timeout)

#define X(name) extern const struct rule rule_##name;
RULES(X)
#undef X

enum {
#define X(name) RULE_##name,
    RULES(X)
#undef X
        RULES_COUNT
};

static const struct rule *const rules[RULES_COUNT] = {
#define X(name) &rule_##name,
    RULES(X)
#undef X
};

static_assert(RULES_COUNT <= RULES_MAX, "settings have one action per rule");

size_t rules_count(void)
{
    return RULES_COUNT;
}

const struct rule *rules_at(size_t index)
{
    assert(index < rules_count());
    return rules[index];
}

int rules_find(const char *id)
{
    for (size_t i = 0; i < rules_count(); i++) {
        if (strcmp(rules[i]->id, id) == 0) {
            return (int)i;
        }
    }
    return -1;
}
