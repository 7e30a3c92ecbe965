/* A moment in the configuration: a day, or a time of RFC 3339. Pure; knows no clock. */
#ifndef CONFIG_UNTIL_H
#define CONFIG_UNTIL_H

#include "protocol/span.h"

/* "2026-12-31": the end of that day in UTC. "2026-12-31T18:00:00Z", "2026-12-31T18:00:00+02:00":
 * that second. In microseconds since 1970; later than 1970 and before the year 10000. The whole
 * text, or false. */
bool until_parse(struct span text, uint64_t *us) MUST_USE;

#define UNTIL_TEXT_BYTES 32

/* The shortest text that until_parse makes the same moment of. */
void until_print(char text[UNTIL_TEXT_BYTES], uint64_t us);

#endif
