/* An override of tests/cases/(name).case, see case_file.h. For tests only. */
#ifndef TESTS_UNIT_POLICY_CASE_OVERRIDE_H
#define TESTS_UNIT_POLICY_CASE_OVERRIDE_H

#include <stdio.h>
#include <stdlib.h>

#include "policy/rule.h"

/* An override with the one pattern of each list that it can have here. */
struct case_override {
    struct override override;
    const char *user, *table;
    struct client_pattern address;
    char text[256]; /* what the above point into */
};

static inline bool case_profile(const char *key, const char *value, enum profile *profile)
{
    static const char *const profiles[] = {"observe", "guard", "strict"};
    for (int i = 0; strcmp(key, "profile") == 0 && i < 3; i++) {
        if (strcmp(profiles[i], value) == 0) {
            *profile = (enum profile)i;
            return true;
        }
    }
    return false;
}

/* RULE=ACTION. */
static inline bool case_rule(const char *key, const char *value, enum action actions[RULES_MAX])
{
    int rule = rules_find(key);
    for (int i = ACTION_DEFAULT; rule >= 0 && i <= ACTION_BLOCK; i++) {
        if (strcmp(settings_action_name((enum action)i), value) == 0) {
            actions[rule] = (enum action)i;
            return true;
        }
    }
    return false;
}

/* One word of an override; `value` lives as long as it. */
static inline bool case_override_word(struct case_override *out, const char *key, const char *value)
{
    if (strcmp(key, "user") == 0) {
        out->user = value;
        out->override.users_count = 1;
    } else if (strcmp(key, "table") == 0) {
        out->table = value;
        out->override.tables_count = 1;
    } else if (strcmp(key, "address") == 0) {
        out->override.addresses_count = 1;
        return client_pattern_parse(value, &out->address);
    } else if (strcmp(key, "until") == 0) {
        out->override.until_us = strtoull(value, NULL, 10) * 1000000;
    } else if (case_profile(key, value, &out->override.profile)) {
        out->override.has_profile = true;
    } else {
        return case_rule(key, value, out->override.actions);
    }
    return true;
}

/* Its words: user=GLOB address=PATTERN table=GLOB until=SECONDS profile=PROFILE RULE=ACTION. NULL:
 * all of them are; else the first that is not. */
static inline const char *case_override_read(const char *words, struct case_override *out)
{
    char *rest = NULL;
    snprintf(out->text, sizeof out->text, "%.255s", words);
    for (char *word = strtok_r(out->text, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        if (value == NULL || (*value = '\0', !case_override_word(out, word, value + 1))) {
            return word;
        }
    }
    return NULL;
}

#endif
