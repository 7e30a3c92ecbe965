/* What the tokens of a statement say about its class. scan.c and scan_quote.c find the tokens and
 * call in here; this side never sees the text. */
#ifndef POLICY_SQL_SCAN_CLASS_H
#define POLICY_SQL_SCAN_CLASS_H

#include "policy/sql/scan.h"

/* A token starts at `offset` in the whole text. */
void scan_class_start(struct scanner *scanner, size_t offset);
/* A word, that is, a keyword or a name without quotes, has ended; it is in scanner->word. */
void scan_class_word(struct scanner *scanner);
/* Any other token has started, of which only the first byte matters; `)` and `(` are counted in
 * scanner->parens already. Bytes of one token may come as several. */
void scan_class_token(struct scanner *scanner, uint8_t first, size_t offset);
/* The statement is over: gives it its class. */
void scan_class_end(struct scanner *scanner);

#endif
