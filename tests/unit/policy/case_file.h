/* Reads tests/cases/(name).case: decisions and plans as text, one case after the other.
 *
 *      == a title that says what is expected and why
 *      settings: profile=strict lock-timeout=allow small_table_bytes=0 comment_user=deploy
 *      override: user=etl address=10.0.0.0/8 table=audit.* until=1000 profile=observe
 * lock-timeout=allow who: user=etl address=10.1.2.3:4711 at=999 now: transaction facts: kind=p
 * bytes=4096 server=140002 sql: CREATE INDEX i ON t (a) verdict: warn run: CREATE INDEX
 * CONCURRENTLY i
 *
 * settings, now and facts may be left out: the defaults, a statement alone outside a transaction
 * block, a plain table public.t of 100 MB on PostgreSQL 15. Facts about an action of an ALTER TABLE
 * begin with its place, or are about the first one: column_exists 1.free_name=t_b_key. Several sql
 * lines are one text. "partition: 2 1 r s.p i" is a partition with its oid, its parent's, its kind,
 * name and free name for an index; the target's oid is 1. "decided: noop" puts a verdict in the
 * place of the rules', for plans alone. All other lines are expectations, for cases_test.c to
 * check.
 *
 * For tests only; what cannot be read ends the program with the line's number. */
#ifndef TESTS_UNIT_POLICY_CASE_FILE_H
#define TESTS_UNIT_POLICY_CASE_FILE_H

#include <stdio.h>
#include <stdlib.h>

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
    struct case_line expected[CASE_EXPECTATIONS_MAX];
    size_t expected_count;
};

static inline void case_fail(const char *file, int number, const char *what, const char *word)
{
    fprintf(stderr, "%s:%d: %s: %s\n", file, number, what, word);
    exit(2);
}

static inline struct facts case_default_facts(void)
{
    return (struct facts){
        .known = true,
        .target_known = true,
        .server_version = 150020,
        .deadlock_timeout_ms = 1000,
        .lock_timeout = "0",
        .statement_timeout = "0",
        .client_min_messages = LEVEL_NOTICE,
        .exists = true,
        .kind = 'r',
        .bytes = 100 << 20,
        .rows = 1000000,
        .table = {"public", "t"},
        .index_name = "t_a_idx",
        .actions = {{.known = true}, {.known = true}, {.known = true}, {.known = true}},
    };
}

static inline bool case_action_flag(struct action_facts *facts, const char *key)
{
    const struct {
        const char *key;
        bool *flag;
    } flags[] = {
        {"column_exists", &facts->column_exists},
        {"column_not_null", &facts->column_not_null},
        {"column_proved", &facts->column_proved},
        {"constraint_exists", &facts->constraint_exists},
        {"constraint_valid", &facts->constraint_valid},
        {"keys_not_null", &facts->keys_not_null},
        {"other_exists", &facts->other_exists},
        {"default_partition", &facts->default_partition},
        {"type_constrained", &facts->type_constrained},
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (strcmp(flags[i].key, key) == 0) {
            *flags[i].flag = true;
            return true;
        }
    }
    return false;
}

static inline bool case_action_value(struct action_facts *facts, const char *key, const char *value)
{
    const struct {
        const char *key;
        char *name;
    } names[] = {
        {"name", facts->free_name},
        {"check_name", facts->free_check},
        {"foreign_key_name", facts->free_foreign_key},
        {"key_name", facts->free_key},
        {"not_null_name", facts->not_null_name},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].key, key) == 0) {
            snprintf(names[i].name, NAME_BYTES, "%s", value);
            return true;
        }
    }
    const struct {
        const char *key;
        enum answer *answer;
    } answers[] = {
        {"rewrites", &facts->rewrites},
        {"scans", &facts->scans},
        {"builds", &facts->builds},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        if (strcmp(answers[i].key, key) == 0) {
            *answers[i].answer = strcmp(value, "yes") == 0 ? ANSWER_YES : ANSWER_NO;
            return true;
        }
    }
    if (strcmp(key, "constraint_kind") == 0) {
        facts->constraint_kind = value[0];
        return true;
    }
    if (strcmp(key, "keys_nullable") == 0) {
        facts->keys_nullable = (uint32_t)strtoul(value, NULL, 10);
        return true;
    }
    return false;
}

/* "column_exists", "1.name=t_b_key". */
static inline bool case_action(struct facts *facts, const char *key, const char *value)
{
    size_t place = 0;
    if (key[0] >= '0' && key[0] < '0' + STATEMENT_ACTIONS_MAX && key[1] == '.') {
        place = (size_t)(key[0] - '0');
        key += 2;
    }
    return case_action_flag(&facts->actions[place], key) ||
           case_action_value(&facts->actions[place], key, value);
}

/* "key=value" or "key" (then the value is empty). */
static inline bool case_facts_flag(struct facts *facts, const char *key)
{
    const struct {
        const char *key;
        bool *flag;
    } flags[] = {
        {"temporary", &facts->temporary},
        {"system", &facts->system},
        {"new", &facts->new_here},
        {"invalid_index", &facts->table_has_invalid_index},
        {"exclusion_index", &facts->table_has_exclusion},
        {"index", &facts->index.exists},
        {"index_valid", &facts->index.valid},
        {"index_constraint", &facts->index.backs_constraint},
        {"index_exclusion", &facts->index.exclusion},
        {"index_partition", &facts->index.partition},
        {"populated", &facts->populated},
        {"has_unique_index", &facts->has_full_unique_index},
        {"has_default", &facts->default_partition},
        {"beside_default", &facts->sibling_default},
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (strcmp(flags[i].key, key) == 0) {
            *flags[i].flag = true;
            return true;
        }
    }
    return false;
}

static inline bool case_facts_value(struct facts *facts, const char *key, const char *value)
{
    if (strcmp(key, "kind") == 0) {
        facts->kind = value[0];
    } else if (strcmp(key, "bytes") == 0) {
        facts->bytes = strtoll(value, NULL, 10);
    } else if (strcmp(key, "server") == 0) {
        facts->server_version = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(key, "lock_timeout_ms") == 0) {
        facts->lock_timeout_ms = (uint32_t)strtoul(value, NULL, 10);
        snprintf(facts->lock_timeout, sizeof facts->lock_timeout, "%sms", value);
    } else if (strcmp(key, "deadlock_timeout_ms") == 0) {
        facts->deadlock_timeout_ms = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(key, "idle_session_timeout") == 0) {
        snprintf(facts->idle_session_timeout, sizeof facts->idle_session_timeout, "%s", value);
    } else if (strcmp(key, "transaction_timeout") == 0) {
        snprintf(facts->transaction_timeout, sizeof facts->transaction_timeout, "%s", value);
    } else if (strcmp(key, "schema") == 0) {
        snprintf(facts->table.schema, sizeof facts->table.schema, "%s", value);
    } else if (strcmp(key, "table") == 0) {
        snprintf(facts->table.name, sizeof facts->table.name, "%s", value);
    } else if (strcmp(key, "partition_of") == 0) {
        snprintf(facts->partitioned.name, sizeof facts->partitioned.name, "%s", value);
    } else if (strcmp(key, "free_name") == 0) {
        snprintf(facts->index_name, sizeof facts->index_name, "%s", value);
    } else {
        return false;
    }
    return true;
}

static inline bool case_facts(struct facts *facts, const char *key, const char *value)
{
    if (strcmp(key, "unknown") == 0) {
        *facts = (struct facts){0};
    } else if (strcmp(key, "settings_only") == 0) {
        facts->target_known = facts->exists = false;
        memset(facts->actions, 0, sizeof facts->actions);
    } else if (strcmp(key, "missing") == 0) {
        facts->exists = false;
        facts->kind = '\0';
        facts->table = (struct object_name){0};
    } else {
        return case_facts_flag(facts, key) || case_facts_value(facts, key, value) ||
               case_action(facts, key, value);
    }
    return true;
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
    if (out->facts.partition_count == sizeof out->partitions / sizeof *out->partitions ||
        sscanf(line->value, "%u %u %c %63[^.].%63s %63s", &to->oid, &to->parent, &to->kind,
               to->name.schema, to->name.name, to->index_name) != 6) {
        case_fail(out->file, line->number, line->key, line->value);
    }
    out->facts.partitions_known = true;
    out->facts.target_oid = 1;
    out->facts.partition_count++;
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
