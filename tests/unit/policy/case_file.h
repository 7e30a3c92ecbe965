/* Reads tests/cases/(name).case: decisions and plans as text, one case after the other.
 *
 *      == a title that says what is expected and why
 *      settings: profile=strict lock-timeout=allow small_table_bytes=0 comment_user=deploy
 *      override: user=etl address=10.0.0.0/8 table=audit.* until=1000 profile=observe
 *      who: user=etl address=10.1.2.3:4711 at=999
 *      now: transaction
 *      facts: kind=p bytes=4096 server=140002
 *      sql: CREATE INDEX i ON t (a)
 *      verdict: warn
 *      run: CREATE INDEX CONCURRENTLY i
 *
 * settings, now and facts may be left out: the defaults, a statement alone outside a transaction
 * block, a plain table public.t of 100 MB on PostgreSQL 15. Facts about an action of an ALTER TABLE
 * begin with its place, or are about the first one: column_exists 1.free_name=t_b_key. Several sql
 * lines are one text. "partition: 2 1 r s.p i default" is a partition with its oid, its parent's,
 * its kind, name and free name for an index, and whether it is a default one; the target's oid
 * is 1. "foreign_key: f s.p FOREIGN KEY …" is one of the target's, valid unless it ends with NOT
 * VALID. "decided: noop" puts a verdict in the place of the rules', for plans alone. All other lines
 * are expectations, for cases_test.c to check.
 *
 * For tests only; what cannot be read ends the program with the line's number. */
#ifndef TESTS_UNIT_POLICY_CASE_FILE_H
#define TESTS_UNIT_POLICY_CASE_FILE_H

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/policy/case_facts.h"
#include "tests/unit/policy/case_override.h"

#define CASE_EXPECTATIONS_MAX 24

#define CASE_OVERRIDES_MAX 4

struct case_line {
    char key[16];
    char value[512];
    int number;
};

struct test_case {
    const char *file;
    int number; /* of its title's line */
    char title[160];
    struct settings settings;
    char comment_user[NAME_BYTES];
    struct case_override overrides[CASE_OVERRIDES_MAX];
    size_t override_count;
    char user[NAME_BYTES], address[64]; /* who asks */
    uint64_t wall_us;                   /* and when */
    struct situation now;
    struct facts facts;
    char sql[2048];
    char decided[16]; /* empty: by the rules */
    struct partition_facts partitions[4];
    struct foreign_key_facts foreign_keys[4];
    struct case_line expected[CASE_EXPECTATIONS_MAX];
    size_t expected_count;
};

static inline void case_fail(const char *file, int number, const char *what, const char *word)
{
    fprintf(stderr, "%s:%d: %s: %s\n", file, number, what, word);
    exit(2);
}

static inline bool case_now(struct situation *now, const char *key)
{
    const struct {
        const char *key;
        bool in_transaction, failed, alone;
    } situations[] = {
        {"alone", false, false, true},
        {"transaction", true, false, true},
        {"failed", true, true, true},
        {"pipeline", true, false, false},
    };
    for (size_t i = 0; i < sizeof situations / sizeof *situations; i++) {
        if (strcmp(situations[i].key, key) == 0) {
            now->in_transaction = situations[i].in_transaction;
            now->transaction_failed = situations[i].failed;
            now->alone = situations[i].alone;
            return true;
        }
    }
    return false;
}

static inline bool case_settings(struct settings *settings, const char *key, const char *value)
{
    if (case_profile(key, value, &settings->profile)) {
        return true;
    }
    if (strcmp(key, "mode") == 0 && strcmp(value, "observe") == 0) {
        settings->mode = MODE_OBSERVE;
        return true;
    }
    if (strcmp(key, "small_table_bytes") == 0) {
        settings->small_table_bytes = strtoll(value, NULL, 10);
        return true;
    }
    return case_rule(key, value, settings->actions);
}

static inline bool case_who(struct test_case *out, const char *key, const char *value)
{
    if (strcmp(key, "user") == 0) {
        snprintf(out->user, sizeof out->user, "%s", value);
    } else if (strcmp(key, "address") == 0) {
        snprintf(out->address, sizeof out->address, "%s", value);
    } else if (strcmp(key, "at") == 0) {
        out->wall_us = strtoull(value, NULL, 10) * 1000000;
    } else {
        return false;
    }
    return true;
}

/* The settings that hold for this statement. */
static inline struct settings case_resolve(const struct test_case *test,
                                           const struct statement *statement)
{
    struct override overrides[CASE_OVERRIDES_MAX];
    struct settings base = test->settings;
    struct identity who = {"app", test->user, "psql", test->address, test->wall_us};
    const char *comment_users[] = {test->comment_user};
    base.comment_users = comment_users;
    for (size_t i = 0; i < test->override_count; i++) {
        overrides[i] = test->overrides[i].override;
        overrides[i].users = &test->overrides[i].user;
        overrides[i].tables = &test->overrides[i].table;
        overrides[i].addresses = &test->overrides[i].address;
    }
    struct settings out = settings_resolve(&base, overrides, test->override_count, &who, statement);
    out.comment_users = NULL; /* it was only asked for while resolving */
    return out;
}

/* The words of a settings, now or facts line. */
static inline void case_words(struct test_case *out, struct case_line *line)
{
    char *rest = NULL;
    for (char *word = strtok_r(line->value, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        if (value != NULL) {
            *value++ = '\0';
        }
        bool good = false;
        if (value != NULL && strcmp(word, "comment_user") == 0) {
            snprintf(out->comment_user, sizeof out->comment_user, "%s", value);
            out->settings.comment_users_count = 1;
            good = true;
        } else if (strcmp(line->key, "who") == 0) {
            good = value != NULL && case_who(out, word, value);
        } else if (strcmp(line->key, "settings") == 0) {
            good = value != NULL && case_settings(&out->settings, word, value);
        } else if (strcmp(line->key, "now") == 0) {
            good = case_now(&out->now, word);
        } else {
            good = case_facts(&out->facts, word, value == NULL ? "" : value);
        }
        if (!good) {
            case_fail(out->file, line->number, line->key, word);
        }
    }
}

static inline void case_partition(struct test_case *out, struct case_line *line)
{
    struct partition_facts *to = &out->partitions[out->facts.partition_count];
    char kind[16] = "";
    if (out->facts.partition_count == sizeof out->partitions / sizeof *out->partitions ||
        sscanf(line->value, "%u %u %c %63[^.].%63s %63s %15s", &to->oid, &to->parent, &to->kind,
               to->name.schema, to->name.name, to->index_name, kind) < 6) {
        case_fail(out->file, line->number, line->key, line->value);
    }
    out->facts.partitions_known = true;
    out->facts.target_oid = 1;
    to->bytes = out->facts.bytes;
    to->is_default = strcmp(kind, "default") == 0;
    to->has_own_key = strcmp(kind, "keyed") == 0;
    to->has_own_index = strcmp(kind, "indexed") == 0;
    to->constraint_taken = strcmp(kind, "taken") == 0;
    out->facts.default_partition = out->facts.default_partition || to->is_default;
    out->facts.partition_count++;
}

static inline void case_foreign_key(struct test_case *out, struct case_line *line)
{
    struct foreign_key_facts *to = &out->foreign_keys[out->facts.foreign_key_count];
    if (out->facts.foreign_key_count == sizeof out->foreign_keys / sizeof *out->foreign_keys ||
        sscanf(line->value, "%63s %63[^.].%63s %1023[^\n]", to->name, to->table.schema,
               to->table.name, to->definition) != 4) {
        case_fail(out->file, line->number, line->key, line->value);
    }
    to->valid = strstr(to->definition, "NOT VALID") == NULL;
    to->may_be_given = true;
    out->facts.foreign_keys_known = true;
    out->facts.target_oid = 1;
    out->facts.foreign_key_count++;
}

static inline void case_take(struct test_case *out, struct case_line *line)
{
    bool words = strcmp(line->key, "settings") == 0 || strcmp(line->key, "now") == 0 ||
                 strcmp(line->key, "facts") == 0 || strcmp(line->key, "who") == 0;
    if (strcmp(line->key, "override") == 0) {
        bool room = out->override_count < CASE_OVERRIDES_MAX;
        const char *wrong =
            room ? case_override_read(line->value, &out->overrides[out->override_count++])
                 : "too many";
        if (wrong != NULL) {
            case_fail(out->file, line->number, line->key, wrong);
        }
    } else if (words) {
        case_words(out, line);
    } else if (strcmp(line->key, "sql") == 0) {
        size_t used = strlen(out->sql);
        snprintf(out->sql + used, sizeof out->sql - used, "%s%s", used > 0 ? "\n" : "",
                 line->value);
    } else if (strcmp(line->key, "partition") == 0) {
        case_partition(out, line);
    } else if (strcmp(line->key, "foreign_key") == 0) {
        case_foreign_key(out, line);
    } else if (strcmp(line->key, "decided") == 0) {
        snprintf(out->decided, sizeof out->decided, "%.15s", line->value);
    } else if (out->expected_count < CASE_EXPECTATIONS_MAX) {
        out->expected[out->expected_count++] = *line;
    } else {
        case_fail(out->file, line->number, "too many expectations", line->key);
    }
}

/* The next case of the file into *out; false at its end. *number counts lines, *title keeps the
 * next case's title between calls (empty before the first). */
static inline bool case_read(FILE *file, const char *name, int *number, char *title, size_t size,
                             struct test_case *out)
{
    char text[700];
    *out = (struct test_case){.file = name,
                              .number = *number,
                              .settings = settings_default(),
                              .now = {.alone = true},
                              .facts = case_default_facts()};
    snprintf(out->title, sizeof out->title, "%s", title);
    title[0] = '\0';
    while (fgets(text, sizeof text, file) != NULL) {
        struct case_line line = {.number = ++*number};
        text[strcspn(text, "\n")] = '\0';
        if (strncmp(text, "== ", 3) == 0) {
            snprintf(title, size, "%.150s", text + 3);
            if (out->title[0] != '\0') {
                return true;
            }
            snprintf(out->title, sizeof out->title, "%s", title);
            out->number = *number;
        } else if (text[0] != '\0' && text[0] != '#') {
            size_t key = strcspn(text, ":");
            if (text[key] != ':' || key >= sizeof line.key || out->title[0] == '\0') {
                case_fail(name, *number, "neither '== title' nor 'key: value'", text);
            }
            memcpy(line.key, text, key);
            snprintf(line.value, sizeof line.value, "%s", text + key + 1 + (text[key + 1] == ' '));
            case_take(out, &line);
        }
    }
    return out->title[0] != '\0';
}

#endif
