/* The keys that are lists or mappings with free keys: listen, upstreams, rules. Values are borrowed
 * from the raw texts; addresses are cut in place there (a NUL behind the host). */
#ifndef CONFIG_LISTS_H
#define CONFIG_LISTS_H

#include "config/config.h"
#include "config/reader.h"
#include "config/schema.h"

/* What a list of the file becomes, with as many entries as the file has: owned by the
 * configuration. NULL when the file does not have the key, or when memory ran out (a complaint
 * tells which). */
struct listen_address *lists_read_listen(struct reader *reader, char **raw, unsigned count);
struct upstream *lists_read_upstreams(struct reader *reader, const struct raw_upstream *raw,
                                      unsigned count);
/* `path`: of the mapping. `words`: config_actions, or those of them that may be said here. */
void lists_read_rules(struct reader *reader, const char *path, const struct raw_rules *raw,
                      const char *const *words, enum action actions[RULES_MAX]);

#endif
