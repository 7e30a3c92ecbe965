/* Sixteen bytes at a time with the vector extension that gcc and clang share, so that the compiler
 * picks the machine's instructions and there is one code for all machines. Nothing is read beyond
 * the span: its last bytes are looked at one by one.
 *
 * The four letters of INTO are found by comparing the text with itself moved by 0, 1, 2 and 3:
 *
 *     I N S E R T   I N T O   t         == i ?   1 . . . . . . 1 . . . . .
 *       N S E R T   I N T O   t         == n ?   1 . . . . . . 1 . . . . .
 *         S E R T   I N T O   t         == t ?   . . . . 1 . . 1 . . . . .
 *           E R T   I N T O   t         == o ?   . . . . . . . 1 . . . . . */
#include "policy/sql/scan_skip.h"

#include <endian.h>

#define WIDTH 16
/* Folds ASCII letters to lower case. */
#define LOWER 0x20

typedef uint8_t bytes __attribute__((vector_size(WIDTH)));

static inline bytes load(const uint8_t *at)
{
    bytes loaded;
    memcpy(&loaded, at, WIDTH);
    return loaded;
}

/* The place of the first byte that is not 0; WIDTH if all are. */
static inline size_t first_hit(bytes hits)
{
    uint64_t half[2];
    memcpy(half, &hits, WIDTH);
    if (half[0] != 0) {
        return (size_t)__builtin_ctzll(le64toh(half[0])) / 8;
    }
    return half[1] == 0 ? WIDTH : 8 + (size_t)__builtin_ctzll(le64toh(half[1])) / 8;
}

static inline bytes equal(bytes text, uint8_t wanted)
{
    return (bytes)(text == wanted);
}

/* Pairs that differ in one bit cost one comparison: ( and ) in 1, - and / in 2. */
static inline bytes special(bytes text)
{
    return equal(text, '\'') | equal(text, '"') | equal(text, '$') | equal(text, ';') |
           equal(text | 1, ')') | equal(text | 2, '/');
}

static inline bytes into(const uint8_t *at)
{
    return equal(load(at) | LOWER, 'i') & equal(load(at + 1) | LOWER, 'n') &
           equal(load(at + 2) | LOWER, 't') & equal(load(at + 3) | LOWER, 'o');
}

static bool is_special(uint8_t byte)
{
    return byte == '\'' || byte == '"' || byte == '$' || byte == ';' || (byte | 1) == ')' ||
           (byte | 2) == '/';
}

/* Whether the text goes on with INTO, as far as it reaches. */
static bool may_be_into(struct span text)
{
    static const uint8_t letters[] = {'i', 'n', 't', 'o'};
    for (size_t i = 0; i < sizeof letters && i < text.length; i++) {
        if ((text.at[i] | LOWER) != letters[i]) {
            return false;
        }
    }
    return true;
}

size_t scan_skip_code(struct span text, size_t from, bool wide)
{
    size_t at = from;
    const uint8_t high = wide ? 0x80 : 0;
    for (; text.length - at >= WIDTH + 3; at += WIDTH) {
        bytes next = load(text.at + at);
        size_t hit = first_hit(special(next) | into(text.at + at) | (next & high));
        if (hit < WIDTH) {
            return at + hit;
        }
    }
    while (at < text.length && !is_special(text.at[at]) && (text.at[at] & high) == 0 &&
           !may_be_into(span_from(text, at))) {
        at++;
    }
    return at;
}

size_t scan_find(struct span text, size_t from, uint8_t a, uint8_t b)
{
    size_t at = from;
    for (; text.length - at >= WIDTH; at += WIDTH) {
        bytes next = load(text.at + at);
        size_t hit = first_hit(equal(next, a) | equal(next, b));
        if (hit < WIDTH) {
            return at + hit;
        }
    }
    while (at < text.length && text.at[at] != a && text.at[at] != b) {
        at++;
    }
    return at;
}
