/* What the server said, in an explanation. Private to proxy/cli/explain*.c. */
#ifndef PROXY_CLI_EXPLAIN_FACTS_H
#define PROXY_CLI_EXPLAIN_FACTS_H

#include <jansson.h>

#include "proxy/cli/explain.h"

/* Of the statement that the server was asked about. */
void explain_facts_print(const struct statement *statement, const struct facts *facts);
json_t *explain_facts_json(const struct statement *statement, const struct facts *facts);

/* The lock and the work under it, as far as it is known: null is unknown. */
void explain_effect_print(const struct effect *effect);
/* Adds lock, other_lock (on another relation), rewrites_table, scans_table and builds_index. */
void explain_effect_add(const struct effect *effect, json_t *object);

#endif
