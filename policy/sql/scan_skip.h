/* The fast way over text that cannot matter, many bytes at a time. */
#ifndef POLICY_SQL_SCAN_SKIP_H
#define POLICY_SQL_SCAN_SKIP_H

#include "policy/sql/scan.h"

/* The first `a` or `b` from `from` on; text.length if there is none. */
size_t scan_find(struct span text, size_t from, uint8_t a, uint8_t b);

/* In SCAN_PLACE_CODE, while no word matters but INTO: moves over tokens that only count parentheses
 * or do nothing, from text.at[i] on, and returns where to go on, which may be i. What it moves over
 * and what it leaves to the places of scan.c makes no difference but in speed. Not inline, because
 * the loop of scan.c needs few registers, and this needs all. */
__attribute__((noinline)) size_t scan_skip_dull(struct scanner *scanner, struct span text,
                                                size_t i);

/* Adds a byte to scanner->word, as far as there is room. */
void scan_add_to_word(struct scanner *scanner, uint8_t byte);

/* Reads on in a word from text.at[i] on: adds to scanner->word and returns the first byte that is
 * no part of it. Not for wide encodings. */
size_t scan_skip_word(struct scanner *scanner, struct span text, size_t i);

#endif
