/* What a byte can be to the scanner, as ranges of src/backend/parser/scan.l: one line each, inline,
 * because they run for every byte of a word. */
#ifndef POLICY_SQL_SCAN_BYTE_H
#define POLICY_SQL_SCAN_BYTE_H

#include <stdbool.h>
#include <stdint.h>

static inline bool scan_byte_is_digit(uint8_t byte)
{
    return (uint8_t)(byte - '0') < 10;
}

/* Starts a word, or a tag. */
static inline bool scan_byte_is_letter(uint8_t byte)
{
    return (uint8_t)((byte | 0x20) - 'a') < 26 || byte == '_' || byte >= 0x80;
}

/* Goes on in a word. */
static inline bool scan_byte_is_word(uint8_t byte)
{
    return scan_byte_is_letter(byte) || scan_byte_is_digit(byte) || byte == '$';
}

static inline bool scan_byte_is_newline(uint8_t byte)
{
    return byte == '\n' || byte == '\r';
}

/* \v is a space since PostgreSQL 16, and in no statement before. */
static inline bool scan_byte_is_space(uint8_t byte)
{
    return byte == ' ' || (uint8_t)(byte - '\t') < 5;
}

/* As keywords are folded: ASCII only. */
static inline uint8_t scan_byte_upper(uint8_t byte)
{
    return (uint8_t)(byte - 'a') < 26 ? byte ^ 0x20 : byte;
}

#endif
