/* Patterns with stars and question marks, as the configuration has them for names. */
#ifndef POLICY_GLOB_H
#define POLICY_GLOB_H

#include <stdbool.h>

/* "*" and "?" as in a shell; case matters; brackets and backslashes are ordinary characters. In
 * time of pattern times text at most, however many stars there are. */
bool glob_matches(const char *pattern, const char *text);

#endif
