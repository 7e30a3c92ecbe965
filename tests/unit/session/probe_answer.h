/* A usual answer to the probe, column by column as policy/probe_read.c takes them: a table of 100
 * MB with nothing special about it, and no detail. Empty is NULL. Dialogues and the session's fuzz
 * target change what they are about. */
#ifndef TESTS_UNIT_SESSION_PROBE_ANSWER_H
#define TESTS_UNIT_SESSION_PROBE_ANSWER_H

/* The first so many are the settings, which may be all that is asked about. */
#define PROBE_ANSWER_SETTINGS 8

#define PROBE_ANSWER(X)                                                                            \
    X(server_version, "150020")                                                                    \
    X(lock_timeout, "0")                                                                           \
    X(statement_timeout, "0")                                                                      \
    X(transaction_timeout, "")                                                                     \
    X(idle_session_timeout, "0")                                                                   \
    X(deadlock_timeout, "1s")                                                                      \
    X(client_min_messages, "notice")                                                               \
    X(server_pid, "4711")                                                                          \
    X(exists, "t")                                                                                 \
    X(kind, "r")                                                                                   \
    X(temporary, "f")                                                                              \
    X(system, "f")                                                                                 \
    X(new_here, "f")                                                                               \
    X(bytes, "100000000")                                                                          \
    X(rows, "1000000")                                                                             \
    X(schema, "public")                                                                            \
    X(table, "t")                                                                                  \
    X(table_kind, "r")                                                                             \
    X(table_has_invalid_index, "f")                                                                \
    X(table_has_exclusion, "f")                                                                    \
    X(index_exists, "f")                                                                           \
    X(index_valid, "f")                                                                            \
    X(index_backs_constraint, "f")                                                                 \
    X(index_exclusion, "f")                                                                        \
    X(index_partition, "f")                                                                        \
    X(index_name, "")                                                                              \
    X(target_oid, "16384")                                                                         \
    X(table_has_children, "f")                                                                     \
    X(partitioned_schema, "")                                                                      \
    X(partitioned, "")                                                                             \
    X(default_partition, "f")                                                                      \
    X(sibling_default, "f")                                                                        \
    X(populated, "t")                                                                              \
    X(has_full_unique_index, "f")                                                                  \
    X(drop_unproved, "")                                                                           \
    X(may_copy, "t")                                                                               \
    X(two_phase, "f")                                                                              \
    X(may_change, "t")                                                                             \
    X(bound_provable, "f")                                                                         \
    X(locked_here, "f")                                                                            \
    X(same_columns, "f")                                                                           \
    X(detail, "")                                                                                  \
    X(place, "")                                                                                   \
    X(own, "")                                                                                     \
    X(parent, "")                                                                                  \
    X(name1, "")                                                                                   \
    X(name2, "")                                                                                   \
    X(name3, "")                                                                                   \
    X(name4, "")                                                                                   \
    X(kind1, "")                                                                                   \
    X(kind2, "")                                                                                   \
    X(detail_bytes, "")                                                                            \
    X(is1, "")                                                                                     \
    X(is2, "")                                                                                     \
    X(is3, "")                                                                                     \
    X(is4, "")                                                                                     \
    X(is5, "")                                                                                     \
    X(is6, "")                                                                                     \
    X(is7, "")                                                                                     \
    X(is8, "")

#endif
