/* Names and character lengths of client encodings. Holds no text and converts none. */
#include "policy/sql/scan_encoding.h"

#include <assert.h>

/* Longer than any name in the table below. */
#define NAME_ROOM 24

/* Names and aliases of src/common/encnames.c, without what pg_char_to_encoding ignores: case and
 * everything but letters and digits. Encodings of one byte need no row. */
static const struct {
    const char *name;
    enum scan_encoding encoding;
} names[] = {
    {"utf8", SCAN_ENCODING_UTF8},       {"unicode", SCAN_ENCODING_UTF8},
    {"eucjp", SCAN_ENCODING_EUC},       {"eucjis2004", SCAN_ENCODING_EUC},
    {"euckr", SCAN_ENCODING_EUC},       {"euccn", SCAN_ENCODING_EUC},
    {"johab", SCAN_ENCODING_EUC},       {"euctw", SCAN_ENCODING_EUC_TW},
    {"big5", SCAN_ENCODING_WIDE},       {"win950", SCAN_ENCODING_WIDE},
    {"windows950", SCAN_ENCODING_WIDE}, {"gbk", SCAN_ENCODING_WIDE},
    {"win936", SCAN_ENCODING_WIDE},     {"windows936", SCAN_ENCODING_WIDE},
    {"uhc", SCAN_ENCODING_WIDE},        {"win949", SCAN_ENCODING_WIDE},
    {"windows949", SCAN_ENCODING_WIDE}, {"gb18030", SCAN_ENCODING_GB18030},
    {"sjis", SCAN_ENCODING_SJIS},       {"shiftjis", SCAN_ENCODING_SJIS},
    {"mskanji", SCAN_ENCODING_SJIS},    {"win932", SCAN_ENCODING_SJIS},
    {"windows932", SCAN_ENCODING_SJIS}, {"shiftjis2004", SCAN_ENCODING_SJIS_2004},
};

enum scan_encoding scan_encoding_named(struct span name)
{
    char plain[NAME_ROOM];
    size_t length = 0;
    for (size_t i = 0; i < name.length && length < sizeof plain; i++) {
        uint8_t byte = name.at[i];
        uint8_t lower = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
        if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) {
            plain[length++] = (char)lower;
        }
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (span_is(span_of(plain, length), names[i].name)) {
            return names[i].encoding;
        }
    }
    return SCAN_ENCODING_SINGLE;
}

bool scan_encoding_pairs(enum scan_encoding encoding, uint8_t byte)
{
    bool sjis = encoding == SCAN_ENCODING_SJIS || encoding == SCAN_ENCODING_SJIS_2004;
    return byte >= 0x80 && !(sjis && byte >= 0xa1 && byte <= 0xdf);
}

/* Found by converting every pair of bytes in every one of these encodings to UTF8 with PostgreSQL
 * 15: these two are the only ones that become ASCII. To EUC_JIS_2004 they do not. */
bool scan_encoding_is_doubtful(enum scan_encoding encoding, uint8_t first, uint8_t second)
{
    return encoding == SCAN_ENCODING_SJIS_2004 && first == 0x81 &&
           (second == 0x5f || second == 0xb0);
}

static size_t utf8_length(uint8_t first)
{
    if (first < 0xc0) {
        return 1;
    }
    if (first < 0xe0) {
        return 2;
    }
    return first < 0xf0 ? 3 : 4;
}

static size_t euc_length(uint8_t first, size_t after_8e)
{
    if (first < 0x80) {
        return 1;
    }
    if (first == 0x8e) {
        return after_8e;
    }
    return first == 0x8f ? 3 : 2;
}

static size_t character_length(enum scan_encoding encoding, struct span rest)
{
    uint8_t first = rest.at[0];
    switch (encoding) {
    case SCAN_ENCODING_SINGLE:
        return 1;
    case SCAN_ENCODING_UTF8:
        return utf8_length(first);
    case SCAN_ENCODING_EUC:
        return euc_length(first, 2);
    case SCAN_ENCODING_EUC_TW:
        return euc_length(first, 4);
    case SCAN_ENCODING_GB18030:
        if (first >= 0x80 && rest.length > 1 && rest.at[1] >= '0' && rest.at[1] <= '9') {
            return 4;
        }
        return first >= 0x80 ? 2 : 1;
    case SCAN_ENCODING_WIDE:
    case SCAN_ENCODING_SJIS:
    case SCAN_ENCODING_SJIS_2004:
        return scan_encoding_pairs(encoding, first) ? 2 : 1;
    }
    return 1;
}

bool scan_encoding_hides(enum scan_encoding encoding, struct span text)
{
    bool hides = false;
    for (size_t at = 0; scan_encoding_is_wide(encoding) && !hides && at + 1 < text.length; at++) {
        if (scan_encoding_pairs(encoding, text.at[at])) {
            hides = text.at[++at] < 0x80;
        }
    }
    return hides;
}

size_t scan_encoding_characters(enum scan_encoding encoding, struct span text)
{
    size_t count = 0;
    assert(text.at != NULL || text.length == 0);
    for (size_t at = 0; at < text.length; count++) {
        at += character_length(encoding, span_from(text, at));
    }
    return count;
}

size_t scan_encoding_bytes(enum scan_encoding encoding, struct span text, size_t characters)
{
    size_t at = 0;
    for (size_t count = 0; count < characters && at < text.length; count++) {
        at += character_length(encoding, span_from(text, at));
    }
    return at < text.length ? at : text.length;
}
