/* The places in which the text is no code: strings, quoted names, dollar quotes and comments.
 *
 * Each function takes the bytes from text.at[i] on that belong to its place, sets scanner->place
 * when the place ends, and returns the index of the first byte it has not taken. It may take none,
 * but then it has changed the place. scanner->offset is that of text.at[0]. */
#ifndef POLICY_SQL_SCAN_QUOTE_H
#define POLICY_SQL_SCAN_QUOTE_H

#include "policy/sql/scan.h"

/* In a wide encoding: whether the byte is part of a character that is not ASCII. To be called for
 * every byte wherever an ASCII byte would matter. May end in SCAN_PLACE_LOST. */
bool scan_takes_wide(struct scanner *scanner, uint8_t byte);

/* Enters a string behind its opening quote. */
void scan_open_string(struct scanner *scanner, bool escapes);

size_t scan_in_string(struct scanner *scanner, struct span text, size_t i);
size_t scan_in_escapes(struct scanner *scanner, struct span text, size_t i);
size_t scan_in_escaped(struct scanner *scanner, struct span text, size_t i);
size_t scan_in_quote(struct scanner *scanner, struct span text, size_t i);
size_t scan_in_gap(struct scanner *scanner, struct span text, size_t i);
size_t scan_in_gap_dash(struct scanner *scanner, struct span text, size_t i);
size_t scan_in_line(struct scanner *scanner, struct span text, size_t i);
size_t scan_in_quoted(struct scanner *scanner, struct span text, size_t i);
size_t scan_in_dollar(struct scanner *scanner, struct span text, size_t i);
size_t scan_in_tag(struct scanner *scanner, struct span text, size_t i);
size_t scan_in_body(struct scanner *scanner, struct span text, size_t i);
size_t scan_in_body_tag(struct scanner *scanner, struct span text, size_t i);
size_t scan_in_dash(struct scanner *scanner, struct span text, size_t i);
size_t scan_in_slash(struct scanner *scanner, struct span text, size_t i);
size_t scan_in_comment(struct scanner *scanner, struct span text, size_t i);

#endif
