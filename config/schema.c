/* The schema, and what to say when a file does not fit it. libcyaml's own words come through a log
 * function, their wording and level differ between its versions, and the line they name is the one
 * before an unknown key. So libcyaml decides whether a file fits, and the explanation is found by
 * holding the outline of the file against the same schema: with exact lines, and for all misfits at
 * once instead of the first. */
#include "config/schema.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/value.h"
#include "policy/rule.h"

/* A key with nothing behind it, as is left when all below it is commented out, is a key left out.
 */
#define COLLECTION (CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER_NULL)

#define TEXT(structure, key)                                                                       \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_OPTIONAL, structure, key, 0, CYAML_UNLIMITED)
#define TEXT_LIST(structure, key)                                                                  \
    CYAML_FIELD_SEQUENCE(#key, COLLECTION, structure, key, &text, 0, CYAML_UNLIMITED)

static const cyaml_schema_value_t text = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};

#define SECTION_KEY(section, key, ...) TEXT(struct raw_##section, key),
#define SECTION(section, KEYS)                                                                     \
    static const cyaml_schema_field_t section##_fields[] = {KEYS(SECTION_KEY) CYAML_FIELD_END};
CONFIG_SECTIONS(SECTION)
#undef SECTION
#undef SECTION_KEY

static const cyaml_schema_field_t upstream_fields[] = {
    TEXT(struct raw_upstream, database), TEXT(struct raw_upstream, host),
    TEXT(struct raw_upstream, port),     TEXT(struct raw_upstream, sslmode),
    TEXT(struct raw_upstream, dbname),   CYAML_FIELD_END,
};

static const cyaml_schema_value_t upstream = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_upstream, upstream_fields)};

static const cyaml_schema_field_t match_fields[] = {
    TEXT_LIST(struct raw_match, databases),    TEXT_LIST(struct raw_match, users),
    TEXT_LIST(struct raw_match, applications), TEXT_LIST(struct raw_match, addresses),
    TEXT_LIST(struct raw_match, tables),       CYAML_FIELD_END,
};

static const cyaml_schema_field_t comment_override_fields[] = {
    TEXT_LIST(struct raw_comment_overrides, users),
    CYAML_FIELD_END,
};

static void init_rules(struct schema *schema)
{
    assert(rules_count() <= RULES_MAX);
    for (size_t i = 0; i < rules_count(); i++) {
        schema->rules[i] = (cyaml_schema_field_t)TEXT(struct raw_rules, actions[0]);
        schema->rules[i].key = rules_at(i)->id;
        schema->rules[i].data_offset = (uint32_t)(i * sizeof(char *));
    }
}

static void init_override(struct schema *schema)
{
    const cyaml_schema_field_t fields[] = {
        CYAML_FIELD_MAPPING_PTR("match", COLLECTION, struct raw_override, match, match_fields),
        TEXT(struct raw_override, until),
        TEXT(struct raw_override, mode),
        TEXT(struct raw_override, profile),
        CYAML_FIELD_MAPPING_PTR("rules", COLLECTION, struct raw_override, rules, schema->rules),
    };
    _Static_assert(sizeof fields < sizeof schema->override_fields, "an empty one ends them");
    memcpy(schema->override_fields, fields, sizeof fields);
    schema->override = (cyaml_schema_value_t){
        CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_override, schema->override_fields)};
}

static void init_top(struct schema *schema)
{
    const cyaml_schema_field_t fields[] = {
#define TOP_KEY(section, key, ...) TEXT(struct raw, key),
        CONFIG_TOP_KEYS(TOP_KEY)
#undef TOP_KEY
#define SECTION(section, KEYS)                                                                     \
    CYAML_FIELD_MAPPING_PTR(#section, COLLECTION, struct raw, section, section##_fields),
            CONFIG_SECTIONS(SECTION)
#undef SECTION
                TEXT_LIST(struct raw, listen),
        CYAML_FIELD_SEQUENCE("upstreams", COLLECTION, struct raw, upstreams, &upstream, 0,
                             CYAML_UNLIMITED),
        CYAML_FIELD_MAPPING_PTR("rules", COLLECTION, struct raw, rules, schema->rules),
        CYAML_FIELD_SEQUENCE("overrides", COLLECTION, struct raw, overrides, &schema->override, 0,
                             CYAML_UNLIMITED),
        CYAML_FIELD_MAPPING_PTR("comment_overrides", COLLECTION, struct raw, comment_overrides,
                                comment_override_fields),
    };
    _Static_assert(sizeof fields < sizeof schema->top_fields, "an empty one ends them");
    memcpy(schema->top_fields, fields, sizeof fields);
    schema->top = (cyaml_schema_value_t){
        CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER_NULL, struct raw, schema->top_fields)};
}

void schema_init(struct schema *schema)
{
    *schema = (struct schema){0}; /* and a field that is all zero ends a list of fields */
    init_rules(schema);
    init_override(schema);
    init_top(schema);
}

static const char *const kind_names[] = {
    [OUTLINE_VALUE] = "a single value",
    [OUTLINE_LIST] = "a list",
    [OUTLINE_MAPPING] = "a mapping of keys",
};

static enum outline_kind expected_kind(const cyaml_schema_value_t *value)
{
    if (value->type == CYAML_MAPPING) {
        return OUTLINE_MAPPING;
    }
    return value->type == CYAML_SEQUENCE ? OUTLINE_LIST : OUTLINE_VALUE;
}

struct explanation {
    const struct outline *outline;
    struct complaints *complaints;
    const cyaml_schema_value_t **values; /* of each node; NULL: it or one above it does not fit */
};

static void complain(const struct explanation *explanation, const struct outline_node *node,
                     const char *message, const char *detail)
{
    char path[OUTLINE_PATH_BYTES];
    outline_path(explanation->outline, node, path);
    complaint_add(explanation->complaints, node->line, path, "%s%s", message, detail);
}

/* What the schema says of the key `node` in a mapping; NULL: no such key, and a complaint. */
static const cyaml_schema_value_t *find_field(const struct explanation *explanation,
                                              const cyaml_schema_field_t *fields,
                                              const struct outline_node *node)
{
    const char *name = outline_name(explanation->outline, node);
    const char *known[RULES_MAX + 1] = {NULL};
    for (size_t i = 0; fields[i].key != NULL; i++) {
        if (strcmp(fields[i].key, name) == 0) {
            return &fields[i].value;
        }
        known[i] = fields[i].key;
    }
    char hint[VALUE_HINT_BYTES];
    complain(explanation, node, "there is no such key", value_write_hint(hint, known, name));
    return NULL;
}

static bool is_repeated(const struct outline *outline, size_t place)
{
    const struct outline_node *node = &outline->nodes[place];
    for (size_t i = place - 1; i > node->parent; i--) {
        if (outline->nodes[i].parent == node->parent &&
            strcmp(outline_name(outline, &outline->nodes[i]), outline_name(outline, node)) == 0) {
            return true;
        }
    }
    return false;
}

static const cyaml_schema_value_t *explain_node(const struct explanation *explanation,
                                                const cyaml_schema_value_t *above, size_t place)
{
    const struct outline_node *node = &explanation->outline->nodes[place];
    const cyaml_schema_value_t *value = above;
    if (place > 0 && above->type == CYAML_SEQUENCE) {
        value = above->sequence.entry;
    } else if (place > 0) {
        value = find_field(explanation, above->mapping.fields, node);
        if (value != NULL && is_repeated(explanation->outline, place)) {
            complain(explanation, node, "the key is here for the second time", "");
            return NULL;
        }
    }
    if (value == NULL ||
        (node->nothing && (value->flags & CYAML_FLAG_POINTER_NULL) == CYAML_FLAG_POINTER_NULL)) {
        return NULL;
    }
    if (node->kind != expected_kind(value)) {
        char message[64];
        snprintf(message, sizeof message, "expected %s; came ", kind_names[expected_kind(value)]);
        complain(explanation, node, message, node->nothing ? "nothing" : kind_names[node->kind]);
        return NULL;
    }
    return value;
}

static void explain(const struct schema *schema, const struct outline *outline, cyaml_err_t error,
                    struct complaints *complaints)
{
    unsigned before = complaints->count;
    struct explanation explanation = {
        .outline = outline,
        .complaints = complaints,
        .values = calloc(outline->count + 1, sizeof(const cyaml_schema_value_t *)),
    };
    for (size_t i = 0; explanation.values != NULL && i < outline->count; i++) {
        const cyaml_schema_value_t *above =
            i == 0 ? &schema->top : explanation.values[outline->nodes[i].parent];
        explanation.values[i] = above == NULL ? NULL : explain_node(&explanation, above, i);
    }
    free(explanation.values);
    if (complaints->count == before) {
        complaint_add(complaints, 0, "", "%s", cyaml_strerror(error)); /* memory, above all */
    }
}

static const cyaml_config_t cyaml = {
    .mem_fn = cyaml_mem,
    .log_level = CYAML_LOG_ERROR,
    .flags = CYAML_CFG_NO_ALIAS,
};

bool schema_load(const struct schema *schema, struct span yaml, const struct outline *outline,
                 struct complaints *complaints, struct raw **raw)
{
    *raw = NULL;
    cyaml_data_t *data = NULL;
    cyaml_err_t error = cyaml_load_data(yaml.at, yaml.length, &cyaml, &schema->top, &data, NULL);
    if (error != CYAML_OK) {
        explain(schema, outline, error, complaints);
        return false;
    }
    *raw = data;
    return true;
}

void schema_free(const struct schema *schema, struct raw *raw)
{
    if (raw != NULL) {
        cyaml_free(&cyaml, &schema->top, raw, 0);
    }
}
