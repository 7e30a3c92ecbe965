/* The values of the configuration that YAML has no type for: durations, sizes, counts, addresses
 * and words out of a short list. Parsing takes the whole text or nothing; printing gives the
 * shortest text that parses to the same value. Pure; allocates nothing, and knows no key. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "protocol/span.h"

#define VALUE_DEFAULT_PORT 6432 /* the port that poolers have made customary */

/* A whole number and its unit, without a space: "500ms", "2s", "5min", "1h"; "0" needs no unit. The
 * units are PostgreSQL's (manual, "Parameter Names and Values"), and so are those of sizes: "64kB",
 * "1MB", "2GB", each 1024 times the one before; bytes are "100B". */
bool value_parse_duration(struct span text, uint32_t *ms) MUST_USE;
bool value_parse_bytes(struct span text, int64_t *bytes) MUST_USE;
bool value_parse_count(struct span text, uint32_t *count) MUST_USE;

#define VALUE_TEXT_BYTES 32 /* the longest number, its unit and a NUL */

void value_print_duration(char text[VALUE_TEXT_BYTES], uint32_t ms);
void value_print_bytes(char text[VALUE_TEXT_BYTES], int64_t bytes);

/* "127.0.0.1:6432", "db.example:6432", "[::1]:6432"; a folder for unix sockets: "/run/ddlguard"
 * (with VALUE_DEFAULT_PORT) or "/run/ddlguard:7000". With a host, port 0 stands for any free one.
 */
struct value_address {
    bool folder;
    struct span host; /* without brackets, or the folder; borrowed from the text */
    uint16_t port;
};

bool value_parse_address(struct span text, struct value_address *address) MUST_USE;
/* A host's name or number (IPv6 without brackets), or the folder of a unix socket. */
bool value_is_host(struct span text);

/* The place of `text` in a list of words that ends with NULL; -1: none of them. */
int value_find_word(const char *const *words, const char *text);

#define VALUE_HINT_BYTES 96 /* "; did you mean WORD?" and a NUL */

/* Writes "; did you mean WORD?" when a word of the list is at most two typing errors away
 * (Levenshtein), and fewer than the text is long; else "". Gives `hint`. */
const char *value_write_hint(char hint[VALUE_HINT_BYTES], const char *const *words,
                             const char *text);

#endif
