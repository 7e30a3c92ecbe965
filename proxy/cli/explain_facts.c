/* Facts and effects for people and for programs. Every text is what the server said or a constant.
 */
#include "proxy/cli/explain_facts.h"

#include <stdio.h>

#include "policy/fill.h"

static const char *answer_text(enum answer answer)
{
    switch (answer) {
    case ANSWER_NO:
        return "no";
    case ANSWER_YES:
        return "yes";
    case ANSWER_UNKNOWN:
        return "unknown";
    }
    return "";
}

void explain_effect_print(const struct effect *effect)
{
    printf("%-9s %s", "lock", effect->lock == LOCK_NONE ? "none" : lock_mode_name(effect->lock));
    if (effect->other_lock != LOCK_NONE) {
        printf(", elsewhere %s", lock_mode_name(effect->other_lock));
    }
    printf("; rewrites: %s, scans: %s, builds an index: %s\n", answer_text(effect->rewrites),
           answer_text(effect->scans), answer_text(effect->builds));
}

static void print_action(const struct alter_action *action, const struct action_facts *facts)
{
    printf("%-9s %s", "", alter_kind_name(action->kind));
    if (action->column[0] != '\0') {
        printf(" %s: %s%s%s", action->column, facts->column_exists ? "there" : "not there",
               facts->column_not_null ? ", NOT NULL" : "",
               facts->column_proved ? ", proved to hold no NULL" : "");
    }
    if (facts->constraint_exists) {
        printf(", constraint %c %s", facts->constraint_kind,
               facts->constraint_valid ? "valid" : "not valid");
    }
    if (facts->other_exists && action->kind == ALTER_DROP_CONSTRAINT) {
        printf(", which a foreign key needs");
    } else if (facts->other_exists) {
        printf(", %s.%s of kind %c, about %lld bytes", action->other.schema, action->other.name,
               facts->other_kind, (long long)facts->other_bytes);
    }
    if (facts->free_name[0] != '\0') {
        printf(", to be named %s", facts->free_name);
    }
    putchar('\n');
}

static void print_details(const struct facts *facts)
{
    if (facts->partitioned.name[0] != '\0') {
        printf("%-9s a partition of %s.%s\n", "", facts->partitioned.schema,
               facts->partitioned.name);
    }
    for (size_t i = 0; i < facts->partition_count; i++) {
        const struct partition_facts *partition = &facts->partitions[i];
        printf("%-9s partition %s.%s, kind %c, about %lld bytes\n", "", partition->name.schema,
               partition->name.name, partition->kind, (long long)partition->bytes);
    }
    for (size_t i = 0; i < facts->foreign_key_count; i++) {
        const struct foreign_key_facts *key = &facts->foreign_keys[i];
        printf("%-9s foreign key %s %s %s.%s\n", "", key->name, key->incoming ? "of" : "to",
               key->table.schema, key->table.name);
    }
}

/* How the rows of a new column would be filled. */
static void print_fill(const struct fill_facts *fill)
{
    const char *why = fill_obstacle_text(fill->obstacle);
    if (fill->known && why != NULL) {
        printf("%-9s its rows cannot be filled in batches: %s\n", "", why);
    } else if (fill->known) {
        printf("%-9s its rows can be filled in batches, by %s", "",
               fill->key_count == 0 ? "their place" : "the key");
        for (size_t i = 0; i < fill->key_count; i++) {
            printf("%s %s", i == 0 ? "" : ",", fill->key[i]);
        }
        putchar('\n');
    }
    if (fill->known && !fill->may_own) {
        printf("%-9s a sequence of this role's would not be the table's owner's\n", "");
    }
}

static size_t action_count(const struct statement *statement)
{
    return statement->action_count < STATEMENT_ACTIONS_MAX ? statement->action_count
                                                           : STATEMENT_ACTIONS_MAX;
}

void explain_facts_print(const struct statement *statement, const struct facts *facts)
{
    if (!facts->known) {
        printf("%-9s unknown: no server was asked (--server CONNINFO)\n", "facts");
        return;
    }
    printf("%-9s server %u, lock_timeout %s, statement_timeout %s\n", "facts",
           (unsigned)facts->server_version, facts->lock_timeout, facts->statement_timeout);
    if (!facts->target_known) {
        return;
    }
    if (!facts->exists) {
        printf("%-9s the target does not exist\n", "");
        return;
    }
    printf("%-9s kind %c, table %s.%s, about %lld bytes and %lld rows\n", "", facts->kind,
           facts->table.schema, facts->table.name, (long long)facts->bytes, (long long)facts->rows);
    for (size_t i = 0; i < action_count(statement); i++) {
        if (facts->actions[i].known) {
            print_action(&statement->actions[i], &facts->actions[i]);
        }
    }
    print_details(facts);
    print_fill(&facts->fill);
}

static json_t *json_of_name(const char *text)
{
    return text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *json_of_kind(char kind)
{
    return kind == '\0' ? json_null() : json_stringn(&kind, 1);
}

static json_t *json_of_answer(enum answer answer)
{
    return answer == ANSWER_UNKNOWN ? json_null() : json_boolean(answer == ANSWER_YES);
}

void explain_effect_add(const struct effect *effect, json_t *object)
{
    json_object_set_new(object, "lock", json_of_name(lock_mode_name(effect->lock)));
    json_object_set_new(object, "other_lock", json_of_name(lock_mode_name(effect->other_lock)));
    json_object_set_new(object, "rewrites_table", json_of_answer(effect->rewrites));
    json_object_set_new(object, "scans_table", json_of_answer(effect->scans));
    json_object_set_new(object, "builds_index", json_of_answer(effect->builds));
}

static json_t *json_of_action(const struct alter_action *action, const struct action_facts *facts)
{
    return json_pack(
        "{s:s, s:b, s:b, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:i, s:b, s:b, s:o, s:I,"
        " s:b, s:o, s:o, s:o}",
        "kind", alter_kind_name(action->kind), "known", facts->known, "column_exists",
        facts->column_exists, "column_not_null", facts->column_not_null, "column_proved",
        facts->column_proved, "constraint_exists", facts->constraint_exists, "constraint_valid",
        json_boolean(facts->constraint_valid), "constraint_kind",
        json_of_kind(facts->constraint_kind), "free_name", json_of_name(facts->free_name),
        "free_check", json_of_name(facts->free_check), "free_foreign_key",
        json_of_name(facts->free_foreign_key), "free_key", json_of_name(facts->free_key),
        "keys_not_null", facts->keys_not_null, "keys_nullable", (int)facts->keys_nullable,
        "unindexed", facts->unindexed, "other_exists", facts->other_exists, "other_kind",
        json_of_kind(facts->other_kind), "other_bytes", (json_int_t)facts->other_bytes,
        "type_constrained", facts->type_constrained, "rewrites", json_of_answer(facts->rewrites),
        "scans", json_of_answer(facts->scans), "builds", json_of_answer(facts->builds));
}

static json_t *json_of_partitions(const struct facts *facts)
{
    json_t *list = json_array();
    for (size_t i = 0; i < facts->partition_count; i++) {
        const struct partition_facts *partition = &facts->partitions[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:I, s:o, s:b}", "schema",
                                              partition->name.schema, "name", partition->name.name,
                                              "kind", json_of_kind(partition->kind), "bytes",
                                              (json_int_t)partition->bytes, "index_name",
                                              json_of_name(partition->index_name), "direct",
                                              partition->parent == facts->target_oid));
    }
    return list;
}

static json_t *json_of_foreign_keys(const struct facts *facts)
{
    json_t *list = json_array();
    for (size_t i = 0; i < facts->foreign_key_count; i++) {
        const struct foreign_key_facts *key = &facts->foreign_keys[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:b}", "name", key->name,
                                              "schema", key->table.schema, "table", key->table.name,
                                              "incoming", key->incoming, "valid", key->valid));
    }
    return list;
}

static json_t *json_of_fill(const struct fill_facts *fill)
{
    if (!fill->known) {
        return json_null();
    }
    json_t *key = json_array();
    const char *why = fill_obstacle_text(fill->obstacle);
    for (size_t i = 0; i < fill->key_count; i++) {
        json_array_append_new(key, json_string(fill->key[i]));
    }
    return json_pack("{s:o, s:b, s:o}", "obstacle", why == NULL ? json_null() : json_string(why),
                     "may_own", fill->may_own, "key", key);
}

json_t *explain_facts_json(const struct statement *statement, const struct facts *facts)
{
    if (!facts->known) {
        return json_null();
    }
    json_t *actions = json_array();
    for (size_t i = 0; i < action_count(statement); i++) {
        json_array_append_new(actions, json_of_action(&statement->actions[i], &facts->actions[i]));
    }
    return json_pack(
        "{s:i, s:s, s:b, s:b, s:o, s:s, s:s, s:I, s:I, s:b, s:b, s:b, s:b, s:o, s:b, s:b, s:b, s:b,"
        " s:o, s:o, s:o, s:o}",
        "server_version", (int)facts->server_version, "lock_timeout", facts->lock_timeout,
        "target_known", facts->target_known, "exists", facts->exists, "kind",
        json_of_kind(facts->kind), "schema", facts->table.schema, "table", facts->table.name,
        "bytes", (json_int_t)facts->bytes, "rows", (json_int_t)facts->rows, "temporary",
        facts->temporary, "system", facts->system, "new_here", facts->new_here, "has_children",
        facts->table_has_children, "partition_of", json_of_name(facts->partitioned.name),
        "default_partition", facts->default_partition, "sibling_default", facts->sibling_default,
        "populated", facts->populated, "has_full_unique_index", facts->has_full_unique_index,
        "actions", actions, "partitions", json_of_partitions(facts), "foreign_keys",
        json_of_foreign_keys(facts), "fill", json_of_fill(&facts->fill));
}
