/* The key `overrides`, and the roles of `comment_overrides`. An override that can never match, or
 * never make a difference, is a mistake and refused; one whose time is over is not: the proxy must
 * still start on the day after. */
#ifndef CONFIG_OVERRIDES_H
#define CONFIG_OVERRIDES_H

#include "config/config.h"
#include "config/reader.h"
#include "config/schema.h"

/* Both lists are owned by the configuration; NULL for no entries, and when memory ran out (a
 * complaint tells). The overrides point into `addresses` and borrow their texts from `raw`. */
struct overrides {
    struct override *at;
    struct client_pattern *addresses;
};

struct overrides overrides_read(struct reader *reader, const struct raw_override *raw,
                                unsigned count);
void overrides_free(struct overrides *overrides);

void overrides_read_comment(struct reader *reader, const struct raw_comment_overrides *raw,
                            struct settings *settings);

#endif
