/* The rules, in the order in which they are asked. A new rule is one file in policy/rules/ and one
 * line here. */
#include "policy/effect.h"
#include "policy/rules/concurrent.h"

#include <assert.h>

#define RULES(X)                                                                                   \
    X(index_exists_already)                                                                        \
    X(nothing_to_change)                                                                           \
    X(concurrent_index_creation)                                                                   \
    X(concurrent_index_deletion)                                                                   \
    X(concurrent_reindex)                                                                          \
    X(adding_foreign_key_constraint)                                                               \
    X(constraint_missing_not_valid)                                                                \
    X(disallowed_unique_constraint)                                                                \
    X(adding_serial_primary_key_field)                                                             \
    X(adding_not_nullable_field)                                                                   \
    X(add_exclusion_constraint)                                                                    \
    X(validate_with_other_actions)                                                                 \
    X(drop_key_constraint)                                                                         \
    X(ban_drop_not_null)                                                                           \
    X(adding_field_with_default)                                                                   \
    X(adding_serial_field)                                                                         \
    X(adding_domain_field)                                                                         \
    X(adding_required_field)                                                                       \
    X(adding_json_field)                                                                           \
    X(changing_column_type)                                                                        \
    X(set_expression)                                                                              \
    X(create_partition_of)                                                                         \
    X(attach_partition)                                                                            \
    X(require_concurrent_partition_detach)                                                         \
    X(drop_partition)                                                                              \
    X(prefer_repack)                                                                               \
    X(set_logged)                                                                                  \
    X(set_tablespace)                                                                              \
    X(set_access_method)                                                                           \
    X(refresh_matview)                                                                             \
    X(disable_trigger)                                                                             \
    X(explicit_lock)                                                                               \
    X(ban_drop_column)                                                                             \
    X(ban_drop_table)                                                                              \
    X(drop_table_with_foreign_keys)                                                                \
    X(ban_drop_schema)                                                                             \
    X(ban_drop_database)                                                                           \
    X(ban_drop_owned)                                                                              \
    X(ban_truncate_cascade)                                                                        \
    X(truncate_table)                                                                              \
    X(drop_object)                                                                                 \
    X(renaming_column)                                                                             \
    X(renaming_table)                                                                              \
    X(rename_schema)                                                                               \
    X(rename_enum_value)                                                                           \
    X(ban_create_domain_with_constraint)                                                           \
    X(ban_alter_domain_with_add_constraint)                                                        \
    X(enum_value_in_transaction)                                                                   \
    X(ban_uncommitted_transaction)                                                                 \
    X(concurrent_in_transaction)                                                                   \
    X(foreign_key_without_index)                                                                   \
    X(unparsed)                                                                                    \
    X(too_long)                                                                                    \
    X(lock_timeout)                                                                                \
    X(require_enum_value_ordering)                                                                 \
    X(prefer_bigint_over_int)                                                                      \
    X(prefer_bigint_over_smallint)                                                                 \
    X(prefer_identity)                                                                             \
    X(prefer_text_field)                                                                           \
    X(prefer_timestamp_tz)                                                                         \
    X(ban_char_field)                                                                              \
    X(identifier_too_long)                                                                         \
    X(require_table_schema)                                                                        \
    X(creating_enum)                                                                               \
    X(add_index_columns)

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

size_t rules_index_of(const struct rule *rule)
{
    int index = rules_find(rule->id);
    assert(index >= 0);
    return (size_t)index;
}

size_t rule_find_action(const struct rule *rule, const struct statement *statement,
                        const struct facts *facts)
{
    size_t stored = statement->action_count < STATEMENT_ACTIONS_MAX ? statement->action_count
                                                                    : STATEMENT_ACTIONS_MAX;
    for (size_t i = 0; rule->concerns != NULL && i < stored; i++) {
        if (!effect_is_nothing(statement, i, facts) && rule->concerns(statement, i, facts)) {
            return i;
        }
    }
    return STATEMENT_ACTIONS_MAX;
}

bool rule_matches(const struct rule *rule, const struct statement *statement,
                  const struct situation *now, const struct facts *facts,
                  const struct settings *settings)
{
    if (rule->matches != NULL && rule->matches(statement, now, facts, settings)) {
        return true;
    }
    return !concurrent_is_harmless(statement, now, facts) &&
           rule_find_action(rule, statement, facts) < STATEMENT_ACTIONS_MAX;
}
