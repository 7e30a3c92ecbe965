/* The columns of one row of the probe's answer, taken one behind the other as what they ought to
 * be. The first one that is wrong stays wrong: `bad` is looked at once, at the end. Private to
 * policy/probe*.c. */
#ifndef POLICY_PROBE_COLUMNS_H
#define POLICY_PROBE_COLUMNS_H

#include "policy/facts.h"

struct columns {
    const struct span *at;
    size_t count;
    size_t next;
    bool bad;
};

struct span columns_next(struct columns *columns);
/* Into an array of `size` bytes, with a NUL. */
void columns_text(struct columns *columns, char *out, size_t size);
void columns_name(struct columns *columns, char *out); /* of NAME_BYTES */
/* NULL is false: a property of something that is not there. */
bool columns_bool(struct columns *columns);
char columns_char(struct columns *columns); /* 0: NULL */
uint32_t columns_number(struct columns *columns);
/* NULL is 0, which no oid is. */
uint32_t columns_oid(struct columns *columns);
/* A float8 as PostgreSQL prints it; infinity and nothing are "unknown", -1. */
int64_t columns_estimate(struct columns *columns);
/* A time as PostgreSQL shows its settings, in milliseconds; as text into an array of `size`. */
uint32_t columns_time(struct columns *columns, char *text, size_t size);
enum message_level columns_level(struct columns *columns);

#endif
