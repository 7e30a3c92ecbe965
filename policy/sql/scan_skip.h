/* Fast ways over bytes that cannot matter to the scanner, 16 at a time. Pure functions of the
 * bytes; what the bytes mean is scan.c's business. */
#ifndef POLICY_SQL_SCAN_SKIP_H
#define POLICY_SQL_SCAN_SKIP_H

#include "protocol/span.h"

/* The first place from `from` on at which code may be more than words, numbers, spaces and
 * operators: one of ' " $ ( ) ; - / or the letters of INTO, or the start of its letters at the end
 * of the text, or, if `wide`, a byte above 0x7f. text.length if there is none. */
size_t scan_skip_code(struct span text, size_t from, bool wide);

/* The first `a` or `b` from `from` on; text.length if there is none. */
size_t scan_find(struct span text, size_t from, uint8_t a, uint8_t b);

#endif
