/* The words of a "facts:" line of tests/cases/(name).case, see case_file.h. */
#ifndef TESTS_UNIT_POLICY_CASE_FACTS_H
#define TESTS_UNIT_POLICY_CASE_FACTS_H

#include <stdio.h>
#include <stdlib.h>

#include "policy/facts.h"

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
        .may_change = true,
        .unproved_known = true,
        .fill = {.known = true, .may_own = true, .key = {"id"}, .key_count = 1},
        .actions = {{.known = true, .other_bytes = -1},
                    {.known = true, .other_bytes = -1},
                    {.known = true, .other_bytes = -1},
                    {.known = true, .other_bytes = -1}},
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
        {"unindexed", &facts->unindexed},
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
        {"sequence_name", facts->free_sequence},
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
    if (strcmp(key, "other_kind") == 0) {
        facts->other_kind = value[0];
        return true;
    }
    if (strcmp(key, "other_bytes") == 0) {
        facts->other_bytes = strtoll(value, NULL, 10);
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
        {"same_columns", &facts->index.same_columns},
        {"populated", &facts->populated},
        {"children", &facts->table_has_children},
        {"has_unique_index", &facts->has_full_unique_index},
        {"has_default", &facts->default_partition},
        {"bound_provable", &facts->bound_provable},
        {"may_copy", &facts->may_copy},
        {"beside_default", &facts->sibling_default},
        {"locked_here", &facts->locked_here},
        {"foreign_keys_known", &facts->foreign_keys_known},
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (strcmp(flags[i].key, key) == 0) {
            *flags[i].flag = true;
            return true;
        }
    }
    return false;
}

/* "no_key", "second_key=b", "trigger". */
static inline bool case_fill(struct fill_facts *fill, const char *key, const char *value)
{
    if (strcmp(key, "no_key") == 0) {
        fill->key_count = 0;
    } else if (strcmp(key, "second_key") == 0) {
        snprintf(fill->key[fill->key_count++], NAME_BYTES, "%s", value);
    } else if (strcmp(key, "trigger") == 0) {
        fill->obstacle = FILL_TRIGGER;
    } else if (strcmp(key, "another_owner") == 0) {
        fill->may_own = false;
    } else {
        return false;
    }
    return true;
}

/* "rebuilt=k", for each; "rebuilt_others". */
static inline bool case_rebuilt(struct rebuilt_facts *rebuilt, const char *key, const char *value)
{
    if (strcmp(key, "rebuilt") == 0) {
        snprintf(rebuilt->checks[rebuilt->count++], NAME_BYTES, "%s", value);
    } else if (strcmp(key, "rebuilt_others") == 0) {
        rebuilt->others = true;
    } else {
        return false;
    }
    return true;
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
    } else if (strcmp(key, "oid") == 0) {
        facts->target_oid = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(key, "partition_of") == 0) {
        snprintf(facts->partitioned.name, sizeof facts->partitioned.name, "%s", value);
    } else if (strcmp(key, "not_validated") == 0) {
        snprintf(facts->drop_unproved, sizeof facts->drop_unproved, "DROP CONSTRAINT %s", value);
    } else if (strcmp(key, "free_name") == 0) {
        snprintf(facts->index_name, sizeof facts->index_name, "%s", value);
    } else {
        return false;
    }
    return true;
}

/* The next object of a DROP, as kind:schema.table (! behind it: the server will not drop it), or
 * "-" for one that is not there. */
static inline bool case_dropped(struct facts *facts, const char *value)
{
    char refused[2] = "";
    if (facts->dropped_count == STATEMENT_OBJECTS_MAX) {
        return false;
    }
    struct dropped_facts *dropped = &facts->dropped[facts->dropped_count++];
    *dropped = (struct dropped_facts){.oid = 16384 + (uint32_t)facts->dropped_count};
    dropped->exists = strcmp(value, "-") != 0;
    bool good =
        !dropped->exists || sscanf(value, "%c:%63[^.].%63[^!]%1s", &dropped->kind,
                                   dropped->table.schema, dropped->table.name, refused) >= 3;
    dropped->droppable = dropped->exists && refused[0] == '\0';
    return good;
}

static inline bool case_facts(struct facts *facts, const char *key, const char *value)
{
    if (strcmp(key, "unknown") == 0) {
        *facts = (struct facts){0};
    } else if (strcmp(key, "settings_only") == 0) {
        facts->target_known = facts->exists = false;
        memset(facts->actions, 0, sizeof facts->actions);
    } else if (strcmp(key, "stranger") == 0) { /* not the table's owner */
        facts->may_change = false;
    } else if (strcmp(key, "dropped") == 0) {
        return case_dropped(facts, value);
    } else if (strcmp(key, "nullable_key") == 0 && facts->nullable_key_count < KEY_COLUMNS_MAX) {
        snprintf(facts->nullable_keys[facts->nullable_key_count++], NAME_BYTES, "%s", value);
    } else if (strcmp(key, "dropped_twice") == 0) {
        facts->dropped[1].oid = facts->dropped[0].oid;
    } else if (strcmp(key, "missing") == 0) {
        facts->exists = false;
        facts->kind = '\0';
        facts->table = (struct object_name){0};
    } else {
        return case_facts_flag(facts, key) || case_facts_value(facts, key, value) ||
               case_rebuilt(&facts->rebuilt, key, value) || case_fill(&facts->fill, key, value) ||
               case_action(facts, key, value);
    }
    return true;
}

#endif
