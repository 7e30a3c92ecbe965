/* Points in time as people and programs write them: RFC 3339, UTC. The journal has microseconds
 * since 1970. */
#ifndef PROXY_LEDGER_MOMENT_H
#define PROXY_LEDGER_MOMENT_H

#include "protocol/span.h"

#define MOMENT_TEXT 27 /* 2026-11-22T10:34:05.123456Z */

/* Writes all of it, with its NUL. */
void moment_text(int64_t at_us, char out[MOMENT_TEXT + 1]);
/* Reads "2026-11-22", "2026-11-22T10:34[:05[.123456]][Z | +01:00]" (a space will do for the T; no
 * zone means UTC), or how long before `now_us`: "90s", "30m", "2h", "7d", "2w". False: none of
 * them, or before 1970. */
MUST_USE bool moment_parse(const char *text, int64_t now_us, int64_t *at_us);

#endif
