/* The name of a change: a UUID, 16 bytes in the journal, 36 characters for people and programs. */
#ifndef PROXY_LEDGER_CHANGE_ID_H
#define PROXY_LEDGER_CHANGE_ID_H

#include "protocol/span.h"

#define CHANGE_ID_BYTES 16
#define CHANGE_ID_TEXT  36 /* characters, without the NUL */

struct change_id {
    uint8_t bytes[CHANGE_ID_BYTES];
};

/* Reads a whole id, upper or lower case. False: `text` is none. */
MUST_USE bool change_id_parse(const char *text, struct change_id *out);
/* Reads the beginning of an id: every id that begins so is between *low and *high, both included.
 * False: `prefix` is empty or is the beginning of no id. */
MUST_USE bool change_id_range(const char *prefix, struct change_id *low, struct change_id *high);
/* Writes the id in lower case, with its NUL. */
void change_id_text(const struct change_id *id, char out[CHANGE_ID_TEXT + 1]);

#endif
