/* Overrides, and what is certain about them: a pattern that no name fits, an override that a later
 * one always takes back. */
#include "config/overrides.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/lists.h"
#include "config/until.h"

/* The longest path here is overrides[N].match.applications[N]. */
#define PATH_BYTES 128

/* One list of patterns: its key's path, its texts, and what is asked of each. */
struct patterns {
    const char *path;
    char **texts;
    unsigned count;
};

static void complain(struct reader *reader, const struct patterns *patterns, unsigned index,
                     const char *expected)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s[%u]", patterns->path, index);
    complaint_add(reader->complaints, reader_line(reader, path), path, "expected %s; came \"%s\"",
                  expected, patterns->texts[index]);
}

/* Of these there is none without a name. */
static void check_names(struct reader *reader, const struct patterns *patterns)
{
    for (unsigned i = 0; i < patterns->count; i++) {
        if (patterns->texts[i][0] == '\0') {
            complain(reader, patterns, i, "a pattern, which no empty text is");
        }
    }
}

static void check_tables(struct reader *reader, const struct patterns *patterns)
{
    for (unsigned i = 0; i < patterns->count; i++) {
        const char *text = patterns->texts[i];
        const char *dot = strchr(text, '.');
        const char *name = dot == NULL ? text : dot + 1;
        if (dot == text || name[0] == '\0' || strchr(name, '.') != NULL) {
            complain(reader, patterns, i, "TABLE or SCHEMA.TABLE");
        }
    }
}

static void read_addresses(struct reader *reader, const struct patterns *patterns,
                           struct client_pattern *out)
{
    for (unsigned i = 0; i < patterns->count; i++) {
        if (!client_pattern_parse(patterns->texts[i], &out[i])) {
            complain(reader, patterns, i,
                     "an address, a network such as 10.0.0.0/8, a pattern such as 10.1.*, or unix");
        }
    }
}

static void read_match(struct reader *reader, unsigned index, const struct raw_match *raw,
                       struct client_pattern *addresses, struct override *out)
{
    char path[PATH_BYTES];
#define PATTERNS(key)                                                                              \
    (snprintf(path, sizeof path, "overrides[%u].match." #key, index),                              \
     &(struct patterns){path, raw->key, raw->key##_count})
    check_names(reader, PATTERNS(databases));
    check_names(reader, PATTERNS(users));
    check_tables(reader, PATTERNS(tables));
    read_addresses(reader, PATTERNS(addresses), addresses);
#undef PATTERNS
    out->databases = (const char *const *)raw->databases;
    out->databases_count = raw->databases_count;
    out->users = (const char *const *)raw->users;
    out->users_count = raw->users_count;
    out->applications = (const char *const *)raw->applications;
    out->applications_count = raw->applications_count;
    out->addresses = addresses;
    out->addresses_count = raw->addresses_count;
    out->tables = (const char *const *)raw->tables;
    out->tables_count = raw->tables_count;
}

static void read_until(struct reader *reader, unsigned index, const char *text, uint64_t *us)
{
    char path[PATH_BYTES];
    if (until_parse(span_text(text), us)) {
        return;
    }
    snprintf(path, sizeof path, "overrides[%u].until", index);
    complaint_add(reader->complaints, reader_line(reader, path), path,
                  "expected a day or a time, such as 2026-12-31, 2026-12-31T18:00:00Z or "
                  "2026-12-31T18:00:00+02:00; came \"%s\"",
                  text);
}

static void read_override(struct reader *reader, unsigned index, const struct raw_override *raw,
                          struct client_pattern *addresses, struct override *out)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "overrides[%u]", index);
    out->line = reader_line(reader, path);
    if (raw->match != NULL) {
        read_match(reader, index, raw->match, addresses, out);
    }
    if (raw->until != NULL) {
        read_until(reader, index, raw->until, &out->until_us);
    }
    if (raw->mode != NULL) {
        snprintf(path, sizeof path, "overrides[%u].mode", index);
        read_mode(reader, (struct given){.path = path, .text = raw->mode}, &out->mode);
        out->has_mode = true;
    }
    if (raw->profile != NULL) {
        snprintf(path, sizeof path, "overrides[%u].profile", index);
        read_profile(reader, (struct given){.path = path, .text = raw->profile}, &out->profile);
        out->has_profile = true;
    }
    snprintf(path, sizeof path, "overrides[%u].rules", index);
    lists_read_rules(reader, path, raw->rules, config_actions + 1, out->actions);
}

static bool is_same_list(char **a, unsigned a_count, char **b, unsigned b_count)
{
    if (a_count != b_count) {
        return false;
    }
    for (unsigned i = 0; i < a_count; i++) {
        if (strcmp(a[i], b[i]) != 0) {
            return false;
        }
    }
    return true;
}

static bool is_same_match(const struct raw_match *a, const struct raw_match *b)
{
    static const struct raw_match everything = {0};
    a = a == NULL ? &everything : a;
    b = b == NULL ? &everything : b;
#define SAME(key) is_same_list(a->key, a->key##_count, b->key, b->key##_count)
    return SAME(databases) && SAME(users) && SAME(applications) && SAME(addresses) && SAME(tables);
#undef SAME
}

/* Whatever the first sets the second sets too, and for as long. */
static bool is_taken_back(const struct override *first, const struct override *second)
{
    bool sooner =
        second->until_us != 0 && (first->until_us == 0 || first->until_us > second->until_us);
    if (sooner || (first->has_mode && !second->has_mode) ||
        (first->has_profile && !second->has_profile)) {
        return false;
    }
    for (size_t i = 0; i < RULES_MAX; i++) {
        if (first->actions[i] != ACTION_DEFAULT && second->actions[i] == ACTION_DEFAULT) {
            return false;
        }
    }
    return true;
}

static void check_effect(struct reader *reader, const struct raw_override *raw,
                         const struct override *overrides, unsigned count, unsigned index)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "overrides[%u]", index);
    for (unsigned i = index + 1; i < count; i++) {
        if (is_same_match(raw[index].match, raw[i].match) &&
            is_taken_back(&overrides[index], &overrides[i])) {
            complaint_add(reader->complaints, overrides[index].line, path,
                          "expected to make a difference; came before overrides[%u], which matches "
                          "the same and sets all that this one sets",
                          i);
            return;
        }
    }
}

struct overrides overrides_read(struct reader *reader, const struct raw_override *raw,
                                unsigned count)
{
    size_t address_count = 0;
    for (unsigned i = 0; i < count; i++) {
        address_count += raw[i].match == NULL ? 0 : raw[i].match->addresses_count;
    }
    if (count == 0) {
        return (struct overrides){0};
    }
    struct overrides out = {.at = calloc(count, sizeof *out.at),
                            .addresses = calloc(address_count + 1, sizeof *out.addresses)};
    if (out.at == NULL || out.addresses == NULL) {
        overrides_free(&out);
        complaint_add(reader->complaints, reader_line(reader, "overrides"), "overrides",
                      "out of memory");
        return out;
    }
    struct client_pattern *addresses = out.addresses;
    for (unsigned i = 0; i < count; i++) {
        read_override(reader, i, &raw[i], addresses, &out.at[i]);
        addresses += out.at[i].addresses_count;
    }
    for (unsigned i = 0; i < count && reader->complaints->count == 0; i++) {
        check_effect(reader, raw, out.at, count, i);
    }
    return out;
}

void overrides_free(struct overrides *overrides)
{
    free(overrides->at);
    free(overrides->addresses);
    *overrides = (struct overrides){0};
}

void overrides_read_comment(struct reader *reader, const struct raw_comment_overrides *raw,
                            struct settings *settings)
{
    if (raw == NULL) {
        return;
    }
    check_names(reader,
                &(struct patterns){"comment_overrides.users", raw->users, raw->users_count});
    settings->comment_users = (const char *const *)raw->users;
    settings->comment_users_count = raw->users_count;
}
