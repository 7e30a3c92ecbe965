/* The outline of a YAML file: which keys it has, and on which lines. libcyaml, which makes the
 * values, forgets where they came from; every complaint gets its line from here. Values are not
 * kept.
 *
 *      upstreams:              "upstreams"          line 1, a list
 *        - port: 5432          "upstreams[0]"       line 2, a mapping
 *                              "upstreams[0].port"  line 2, a value
 */
#ifndef CONFIG_OUTLINE_H
#define CONFIG_OUTLINE_H

#include "config/complaint.h"

enum outline_kind { OUTLINE_VALUE, OUTLINE_LIST, OUTLINE_MAPPING };

struct outline_node {
    size_t name_at; /* where the last part of its path begins in `names`: "port", "[0]" */
    size_t parent;  /* its place in `nodes`, before this one; the root is its own */
    unsigned line;  /* counted from 1: where the key stands, or the entry of a list */
    enum outline_kind kind;
    bool nothing; /* a key with nothing behind it */
};

struct outline {
    struct outline_node *nodes; /* in the order of the file; nodes[0] is the root */
    size_t count, capacity;
    struct buffer names; /* each with its NUL */
};

#define OUTLINE_KEY_MOST   255 /* bytes of one key */
#define OUTLINE_DEPTH_MOST 8   /* overrides[0].match.tables[0] needs five */
#define OUTLINE_PATH_BYTES (OUTLINE_DEPTH_MOST * (OUTLINE_KEY_MOST + 1) + 1)

/* False, and one complaint: the text is no YAML, or uses what a configuration has no use for
 * (aliases, several documents, control characters in values). *outline is to be freed in either
 * case. */
bool outline_read(struct outline *outline, struct span yaml,
                  struct complaints *complaints) MUST_USE;
void outline_free(struct outline *outline);

const char *outline_name(const struct outline *outline, const struct outline_node *node);
/* Writes the path, NUL-terminated, to `path`. The root's is empty. */
void outline_path(const struct outline *outline, const struct outline_node *node,
                  char path[OUTLINE_PATH_BYTES]);
/* NULL: the file has no such key. */
const struct outline_node *outline_find(const struct outline *outline, const char *path);

#endif
