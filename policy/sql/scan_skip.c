/* Sixteen bytes at a time with the vector extension that gcc and clang share, so that the compiler
 * picks the machine's instructions and there is one code for all machines. Nothing is read beyond
 * the span: its end is looked at together with some bytes before it, or one by one.
 *
 * INTO, in either case, is found by three letters, in other words too, by comparing the text with
 * itself moved by 0, 1 and 2. Few words but INTO have them:
 *
 *     I N S E R T   I N T O   t         == n ?   . 1 . . . . . . 1 . . .
 *       N S E R T   I N T O   t         == t ?   . . . . 1 . . . 1 . . .
 *         S E R T   I N T O   t         == o ?   . . . . . . . . 1 . . . */
#include "policy/sql/scan_skip.h"

#include <endian.h>

#include "policy/sql/scan_byte.h"

#define WIDTH 16
#define STEP  (WIDTH + 2) /* bytes that are read to look at WIDTH of them */
#define LOWER 0x20        /* folds ASCII letters to lower case */

typedef uint8_t bytes __attribute__((vector_size(WIDTH)));

static inline bytes load(const uint8_t *at)
{
    bytes loaded;
    memcpy(&loaded, at, WIDTH);
    return loaded;
}

static inline bytes equal(bytes text, uint8_t wanted)
{
    return (bytes)(text == wanted);
}

/* The place of the first byte that is not 0, `from` or later; WIDTH if there is none. */
static inline size_t first_hit(bytes hits, size_t from)
{
    uint64_t half[2];
    memcpy(half, &hits, WIDTH);
    uint64_t low = from < 8 ? le64toh(half[0]) & (UINT64_MAX << 8 * from) : 0;
    uint64_t high = from < 8 ? le64toh(half[1]) : le64toh(half[1]) & (UINT64_MAX << 8 * (from - 8));
    if (low != 0) {
        return (size_t)__builtin_ctzll(low) / 8;
    }
    return high == 0 ? WIDTH : 8 + (size_t)__builtin_ctzll(high) / 8;
}

/* Which of WIDTH bytes may matter. Pairs of marks that differ in one bit cost one comparison. */
static inline bytes look(const uint8_t *at, uint8_t high)
{
    bytes text = load(at);
    bytes marks = equal(text, '\'') | equal(text, '"') | equal(text, '$') | equal(text, ';') |
                  equal(text | 1, ')') | equal(text | 2, '/');
    bytes into = equal(text | LOWER, 'n') & equal(load(at + 1) | LOWER, 't') &
                 equal(load(at + 2) | LOWER, 'o');
    return marks | into | (text & high);
}

/* The same for one byte. An INTO that the end of the text cuts is a word that it may cut. */
static bool may_matter(struct span text, size_t at, uint8_t high)
{
    uint8_t byte = text.at[at];
    return byte == '\'' || byte == '"' || byte == '$' || byte == ';' || (byte | 1) == ')' ||
           (byte | 2) == '/' || (byte & high) != 0 ||
           ((byte | LOWER) == 'n' && text.length - at > 2 && (text.at[at + 1] | LOWER) == 't' &&
            (text.at[at + 2] | LOWER) == 'o');
}

/* The first byte from `at` on that may matter; text.length if there is none. */
static inline size_t skip_words(struct span text, size_t at, uint8_t high)
{
    for (; text.length - at >= STEP; at += WIDTH) {
        size_t hit = first_hit(look(text.at + at, high), 0);
        if (hit < WIDTH) {
            return at + hit;
        }
    }
    size_t tail = text.length - STEP; /* where a last look can start, if the text is long enough */
    if (text.length >= STEP && at - tail < WIDTH) {
        size_t hit = first_hit(look(text.at + tail, high), at - tail);
        if (hit < WIDTH) {
            return tail + hit;
        }
        at = tail + WIDTH;
    }
    while (at < text.length && !may_matter(text, at, high)) {
        at++;
    }
    return at;
}

static inline size_t find(struct span text, size_t from, uint8_t a, uint8_t b)
{
    size_t at = from;
    for (; text.length - at >= WIDTH; at += WIDTH) {
        bytes next = load(text.at + at);
        size_t hit = first_hit(equal(next, a) | equal(next, b), 0);
        if (hit < WIDTH) {
            return at + hit;
        }
    }
    while (at < text.length && text.at[at] != a && text.at[at] != b) {
        at++;
    }
    return at;
}

size_t scan_find(struct span text, size_t from, uint8_t a, uint8_t b)
{
    return find(text, from, a, b);
}

/* The end of a token at text.at[i] of the kinds that are frequent; i for all others, and for what
 * may go on behind the chunk. `fresh`: there is no word that it may be part of. */
static inline size_t leap(struct scanner *scanner, struct span text, size_t i, bool fresh)
{
    size_t end = i;
    uint8_t byte = text.at[i];
    uint8_t next = i + 1 < text.length ? text.at[i + 1] : byte;
    bool watched = scanner->watch != SCAN_WATCH_NOTHING && scanner->watch != SCAN_WATCH_INTO;
    if (byte == '\'' && fresh && scanner->options.standard_conforming_strings) {
        end = find(text, i + 1, '\'', '\'') + 1;
    } else if (byte == '"') {
        end = find(text, i + 1, '"', '"') + 1;
    } else if (byte == '(' && !watched) {
        scanner->parens++;
        end = i + 1;
    } else if (byte == ')' && !watched) {
        scanner->parens -= scanner->parens > 0 ? 1 : 0;
        end = i + 1;
    } else if (byte == '$' && fresh && scan_byte_is_digit(next)) {
        end = i + 2;
    } else if ((byte == '-' && next != '-') || (byte == '/' && next != '/' && next != '*')) {
        end = i + 1;
    }
    return end <= text.length ? end : i;
}

/* Never stops within a word that must be read whole: one that the chunk may cut, that goes on
 * behind a '$', that may be the E of a string, or that may be INTO. */
size_t scan_skip_dull(struct scanner *scanner, struct span text, size_t i)
{
    uint8_t high = scan_encoding_is_wide(scanner->options.encoding) ? 0x80 : 0;
    size_t at = i, end = i;
    do {
        i = end;
        at = skip_words(text, i, high);
        if (at < text.length) {
            bool fresh = at == i || !scan_byte_is_word(text.at[at - 1]);
            end = leap(scanner, text, at, fresh);
        }
    } while (at < text.length && end > at);
    if (at < text.length && text.at[at] != '\'' && !scan_byte_is_word(text.at[at])) {
        return at;
    }
    while (at > i && scan_byte_is_word(text.at[at - 1])) {
        at--;
    }
    return at;
}

void scan_add_to_word(struct scanner *scanner, uint8_t byte)
{
    if (scanner->word_length < sizeof scanner->word) {
        scanner->word[scanner->word_length++] = (char)scan_byte_upper(byte);
    }
}

size_t scan_skip_word(struct scanner *scanner, struct span text, size_t i)
{
    if (scanner->word_length == 0 && text.length - i >= WIDTH) {
        bytes word = load(text.at + i);
        bytes letters = (bytes)((word | LOWER) - 'a' < 26);
        bytes digits = (bytes)(word - '0' < 10);
        bytes upper = word & ~(letters & LOWER);
        bytes others =
            ~(letters | digits | equal(word, '_') | equal(word, '$') | (bytes)(word > 0x7f));
        memcpy(scanner->word, &upper, WIDTH);
        scanner->word_length = (uint8_t)first_hit(others, 0);
        i += scanner->word_length;
        if (scanner->word_length < WIDTH) {
            return i;
        }
    }
    for (; i < text.length && scan_byte_is_word(text.at[i]); i++) {
        scan_add_to_word(scanner, text.at[i]);
    }
    return i;
}
