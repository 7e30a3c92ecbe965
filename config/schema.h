/* What libcyaml makes of the file: its keys as C structs, every value still the text that stands
 * there. Which keys there are and what is a list, a mapping or a value is libcyaml's business; what
 * a text means is load.c's. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <cyaml/cyaml.h>

#include "config/keys.h"
#include "config/outline.h"
#include "policy/settings.h"

/* Of every struct here: a member is NULL when the file does not have its key. */
#define RAW_KEY(section, key, ...) char *key;
#define RAW_SECTION(section, KEYS)                                                                 \
    struct raw_##section {                                                                         \
        KEYS(RAW_KEY)                                                                              \
    };
CONFIG_SECTIONS(RAW_SECTION)
#undef RAW_SECTION

struct raw_rules {
    char *actions[RULES_MAX]; /* by the rule's place in rules.c */
};

struct raw_upstream {
    char *database, *host, *port, *sslmode, *dbname;
};

struct raw_match {
    char **databases, **users, **applications, **addresses, **tables;
    unsigned databases_count, users_count, applications_count, addresses_count, tables_count;
};

struct raw_override {
    struct raw_match *match;
    char *until, *mode, *profile;
    struct raw_rules *rules;
};

struct raw_comment_overrides {
    char **users;
    unsigned users_count;
};

struct raw {
    CONFIG_TOP_KEYS(RAW_KEY)
#define RAW_SECTION(section, KEYS) struct raw_##section *section;
    CONFIG_SECTIONS(RAW_SECTION)
#undef RAW_SECTION
    char **listen;
    unsigned listen_count;
    struct raw_upstream *upstreams;
    unsigned upstreams_count;
    struct raw_rules *rules;
    struct raw_override *overrides;
    unsigned overrides_count;
    struct raw_comment_overrides *comment_overrides;
};
#undef RAW_KEY

/* libcyaml's description of the above. It is made when it is needed, because the keys of `rules`
 * are the rules that policy has; it is full of pointers to itself and must stay where it is. */
#define SCHEMA_TOP_FIELDS      16
#define SCHEMA_OVERRIDE_FIELDS 6

struct schema {
    cyaml_schema_field_t rules[RULES_MAX + 1];
    cyaml_schema_field_t override_fields[SCHEMA_OVERRIDE_FIELDS];
    cyaml_schema_value_t override;
    cyaml_schema_field_t top_fields[SCHEMA_TOP_FIELDS];
    cyaml_schema_value_t top;
};

void schema_init(struct schema *schema);

/* True: *raw is what the file says, to be freed with schema_free; NULL for an empty file. False:
 * all that does not fit the schema is in `complaints`. `outline` is the same text's. */
bool schema_load(const struct schema *schema, struct span yaml, const struct outline *outline,
                 struct complaints *complaints, struct raw **raw) MUST_USE;
void schema_free(const struct schema *schema, struct raw *raw);

#endif
