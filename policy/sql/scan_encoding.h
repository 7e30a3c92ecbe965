/* Client encodings, as far as the scanner and error positions need them: how many bytes a character
 * has, and whether a byte below 0x80 can be part of one.
 *
 * The server converts a text to its own encoding before it lexes it, so it is the client's that
 * counts. Lengths are those of pg_encoding_mblen (src/common/wchar.c). */
#ifndef POLICY_SQL_SCAN_ENCODING_H
#define POLICY_SQL_SCAN_ENCODING_H

#include "protocol/span.h"

enum scan_encoding {
    SCAN_ENCODING_SINGLE, /* one byte is one character: LATINx, WINx, SQL_ASCII, … and unknown ones
                           */
    SCAN_ENCODING_UTF8,
    SCAN_ENCODING_EUC,    /* EUC_x, JOHAB: two bytes above 0x7f, three of them after 0x8f */
    SCAN_ENCODING_EUC_TW, /* EUC_TW: likewise, and four after 0x8e */
    /* From here on a byte above 0x7f takes the next one with it, and that can look like ASCII. */
    SCAN_ENCODING_WIDE,     /* BIG5, GBK, UHC */
    SCAN_ENCODING_GB18030,  /* GB18030: four bytes when the second is a digit: two and two */
    SCAN_ENCODING_SJIS,     /* SJIS: 0xa1 to 0xdf stand alone */
    SCAN_ENCODING_SJIS_2004 /* SHIFT_JIS_2004: likewise; 815f and 81b0 are \ and ~ to some servers
                             */
};

/* From the value of the server's ParameterStatus client_encoding; PostgreSQL's aliases are known
 * too. SCAN_ENCODING_SINGLE for all others. */
enum scan_encoding scan_encoding_named(struct span name);

/* Whether ASCII bytes can be parts of other characters. */
static inline bool scan_encoding_is_wide(enum scan_encoding encoding)
{
    return encoding >= SCAN_ENCODING_WIDE;
}

/* In a wide encoding: whether `byte` takes the next one with it. */
bool scan_encoding_pairs(enum scan_encoding encoding, uint8_t byte);

/* In a wide encoding: whether two bytes are one character to some servers and ASCII to others, so
 * that nobody but the server knows how the text is read. */
bool scan_encoding_is_doubtful(enum scan_encoding encoding, uint8_t first, uint8_t second);

/* Whether ASCII bytes are parts of other characters in this text. Who takes bytes for characters,
 * as the grammar does and as who quotes a name, would fold the case of some and double others. */
bool scan_encoding_hides(enum scan_encoding encoding, struct span text);

/* The characters of a text, for positions in error messages. A last one that is cut short counts.
 */
size_t scan_encoding_characters(enum scan_encoding encoding, struct span text);
/* The bytes of the first `characters` of them; all of the text when it has no more. */
size_t scan_encoding_bytes(enum scan_encoding encoding, struct span text, size_t characters);

#endif
