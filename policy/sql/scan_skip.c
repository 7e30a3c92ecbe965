/* Looks at a block of text at once and then only at those of its bytes that may matter, its marks.
 * Most texts have few of them, and from most of them it leaps to the next without leaving:
 *
 *     SELECT a, b FROM t WHERE c IN (1, 'it is (one) string', $1);
 *            ----------------------->^  ^------------------>  ^->^    stops at the semicolon
 *
 * INTO, in either case, is found by its last three letters, by comparing the text with itself moved
 * by 0, 1 and 2. Few words but INTO have them:
 *
 *     I N S E R T   I N T O   t         == o ?   . . . . . . . . . . 1 . .
 *       I N S E R T   I N T O   t       == t ?   . . . . . . 1 . . . 1 . .
 *         I N S E R T   I N T O   t     == n ?   . . . 1 . . . . . . 1 . .   */
#include "policy/sql/scan_skip.h"

#include "policy/sql/scan_block.h"
#include "policy/sql/scan_byte.h"

/* To look for INTO is to read two bytes more, those before. */
#define BEFORE 2
#define LEAST  (BEFORE + SCAN_LANE)

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Which bytes may matter: all from '"' to '/' but for ',' and '.', and ';'. Few of the others in
 * that range stand outside of strings, and to leave them out costs more than to look at them. */
static inline scan_lane lane_marks(scan_lane lane)
{
    return (scan_lane_within(lane, '"', '/') & ~scan_lane_equal(lane | 2, '.')) |
           scan_lane_equal(lane, ';');
}

/* Where an O stands behind an N and a T, in either case. */
static inline scan_lane lane_into(const uint8_t *at)
{
    return scan_lane_equal(scan_lane_load(at) | SCAN_LOWER, 'o') &
           scan_lane_equal(scan_lane_load(at - 1) | SCAN_LOWER, 't') &
           scan_lane_equal(scan_lane_load(at - 2) | SCAN_LOWER, 'n');
}

/* What is looked for; a constant wherever it is, so that no look asks. */
enum wanted {
    WANT_MARKS,
    WANT_INTO, /* and the O of INTO */
    WANT_HIGH  /* and, in a wide encoding, bytes above 0x7f */
};

ALWAYS_INLINE uint64_t look(const uint8_t *at, enum wanted wanted)
{
    scan_lane lane = scan_lane_load(at);
    scan_lane marks = lane_marks(lane);
    if (wanted != WANT_MARKS) {
        marks |= lane_into(at);
    }
    if (wanted == WANT_HIGH) {
        marks |= lane;
    }
    return scan_lane_bits(marks);
}

/* The marks of a block at text.at[at]; bit n stands for byte n. Where the text ends within the
 * block, the last look is at bytes of which some were looked at before, which does no harm. */
ALWAYS_INLINE uint64_t look_at_block(struct span text, size_t at, enum wanted wanted)
{
    const uint8_t *block = text.at + at;
    size_t rest = text.length - at;
    if (rest >= SCAN_BLOCK) {
        return look(block, wanted) | look(block + 16, wanted) << 16 |
               look(block + 32, wanted) << 32 | look(block + 48, wanted) << 48;
    }
    if (rest < SCAN_LANE) {
        return look(text.at + text.length - SCAN_LANE, wanted) >> (SCAN_LANE - rest);
    }
    uint64_t marks = look(block + rest - SCAN_LANE, wanted) << (rest - SCAN_LANE);
    for (size_t place = 0; place < rest - SCAN_LANE; place += SCAN_LANE) {
        marks |= look(block + place, wanted) << place;
    }
    return marks;
}

/* Fewer than sixteen bytes, the end of a text, with 0 behind them. Apart, because its copy on the
 * stack would cost all who have it inline. */
__attribute__((noinline)) static scan_lane load_end(const uint8_t *at, size_t count)
{
    scan_lane lane = {0};
    memcpy(&lane, at, count);
    return lane;
}

static inline uint64_t find_in_lane(scan_lane lane, uint8_t a, uint8_t b)
{
    return scan_lane_bits(scan_lane_equal(lane, a) | scan_lane_equal(lane, b));
}

static inline size_t find(struct span text, size_t from, uint8_t a, uint8_t b)
{
    size_t at = from;
    for (; text.length - at >= SCAN_LANE; at += SCAN_LANE) {
        uint64_t hits = find_in_lane(scan_lane_load(text.at + at), a, b);
        if (hits != 0) {
            return at + scan_bits_first(hits);
        }
    }
    size_t rest = text.length - at;
    uint64_t hits = rest == 0 ? 0 : find_in_lane(load_end(text.at + at, rest), a, b);
    return hits == 0 ? text.length : at + scan_bits_first(hits);
}

size_t scan_find(struct span text, size_t from, uint8_t a, uint8_t b)
{
    return find(text, from, a, b);
}

/* A piece of text of at most SCAN_BLOCK bytes, and what in it is still to be looked at. */
struct block {
    size_t start, end;
    uint64_t marks; /* bit n stands for byte start + n */
};

static inline struct block find_marks(const struct scanner *scanner, struct span text, size_t at)
{
    struct block block = {.start = at, .end = at + SCAN_BLOCK};
    if (text.length - at < SCAN_BLOCK) {
        block.end = text.length;
    }
    if (scan_encoding_is_wide(scanner->options.encoding)) {
        block.marks = look_at_block(text, at, WANT_HIGH);
    } else if (scanner->watch != SCAN_WATCH_NOTHING) {
        block.marks = look_at_block(text, at, WANT_INTO);
    } else {
        block.marks = look_at_block(text, at, WANT_MARKS);
    }
    return block;
}

/* Takes the first mark away and returns its place. */
static inline size_t take_mark(struct block *block)
{
    size_t at = block->start + scan_bits_first(block->marks);
    block->marks &= block->marks - 1;
    return at;
}

/* Behind the quotes that have opened at `open`, and takes their marks; `open` if the chunk cuts
 * them. The other quote is a mark, too, if it is in the block. */
static inline size_t leap_quotes(struct span text, struct block *block, size_t open)
{
    uint8_t quote = text.at[open];
    while (block->marks != 0) {
        size_t at = take_mark(block);
        if (text.at[at] == quote) {
            return at + 1;
        }
    }
    size_t close = find(text, block->end, quote, quote);
    return close < text.length ? close + 1 : open;
}

/* Whether no word goes on at text.at[at]; `from` is a place where none does. */
static inline bool is_fresh(struct span text, size_t at, size_t from)
{
    return at == from || !scan_byte_is_word(text.at[at - 1]);
}

/* Whether the byte behind text.at[at] is known, and is not `byte`. */
static inline bool is_followed_by_other(struct span text, size_t at, uint8_t byte)
{
    return at + 1 < text.length && text.at[at + 1] != byte;
}

/* In WITH, what follows the outermost ')' matters. */
static inline bool closes_dully(const struct scanner *scanner)
{
    return scanner->parens != 1 || scanner->watch == SCAN_WATCH_NOTHING ||
           scanner->watch == SCAN_WATCH_INTO;
}

/* Behind the token at `at`, a mark that has been taken, if it is of the kinds that are frequent;
 * `at` for all others, and for what may go on behind the chunk. `from`: no token that starts before
 * goes on there. */
static inline size_t leap(struct scanner *scanner, struct span text, struct block *block, size_t at,
                          size_t from)
{
    switch (text.at[at]) {
    case '(':
        scanner->parens++;
        return at + 1;
    case ')':
        if (!closes_dully(scanner)) {
            return at;
        }
        scanner->parens -= scanner->parens > 0 ? 1 : 0;
        return at + 1;
    case '\'':
        if (!scanner->options.standard_conforming_strings || !is_fresh(text, at, from)) {
            return at;
        }
        return leap_quotes(text, block, at);
    case '"':
        return leap_quotes(text, block, at);
    case '$':
        if (at + 1 == text.length || !is_fresh(text, at, from)) {
            return at;
        }
        return scan_byte_is_digit(text.at[at + 1]) ? at + 2 : at;
    case '-':
        return is_followed_by_other(text, at, '-') ? at + 1 : at;
    case '/':
        return is_followed_by_other(text, at, '*') ? at + 1 : at;
    case '#':
    case '%':
    case '&':
    case '*':
    case '+':
        return at + 1;
    default:
        return at;
    }
}

/* The start of the word that `at` is in or behind, but not before `from`. */
static size_t word_start(struct span text, size_t at, size_t from)
{
    while (at > from && scan_byte_is_word(text.at[at - 1])) {
        at--;
    }
    return at;
}

/* Never stops within a word that must be read whole: one that the chunk may cut, that goes on
 * behind a '$', that may be the E of a string, or that may be INTO. */
size_t scan_skip_dull(struct scanner *scanner, struct span text, size_t i)
{
    if (i < BEFORE || text.length < LEAST) {
        return i;
    }
    size_t from = i;
    while (i < text.length) {
        struct block block = find_marks(scanner, text, i);
        while (block.marks != 0) {
            size_t at = take_mark(&block);
            i = leap(scanner, text, &block, at, from);
            if (i == at) {
                return text.at[at] == '\'' || scan_byte_is_word(text.at[at])
                           ? word_start(text, at, from)
                           : at;
            }
            from = i;
        }
        i = i < block.end ? block.end : i;
    }
    return scanner->last ? text.length : word_start(text, text.length, from);
}

void scan_add_to_word(struct scanner *scanner, uint8_t byte)
{
    if (scanner->word_length < sizeof scanner->word) {
        scanner->word[scanner->word_length++] = (char)scan_byte_upper(byte);
    }
}

/* Reads up to sixteen bytes of a word at once and returns how many it has there. */
static inline size_t start_word(struct scanner *scanner, scan_lane text)
{
    static const scan_signed_lane numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    scan_lane letters = scan_lane_within(text | SCAN_LOWER, 'a', 'z');
    scan_lane part = letters | scan_lane_within(text, '0', '9') | scan_lane_equal(text, '_') |
                     scan_lane_equal(text, '$') | text;
    uint64_t others = scan_lane_bits(~part);
    size_t length = others == 0 ? SCAN_LANE : scan_bits_first(others);
    scan_lane word = text & ~(letters & SCAN_LOWER) & (scan_lane)(numbers < (int8_t)length);
    memcpy(scanner->word, &word, SCAN_LANE);
    scanner->word_length = (uint8_t)length;
    return length;
}

size_t scan_skip_word(struct scanner *scanner, struct span text, size_t i)
{
    if (scanner->word_length == 0) {
        size_t rest = text.length - i;
        i += start_word(scanner, rest >= SCAN_LANE ? scan_lane_load(text.at + i)
                                                   : load_end(text.at + i, rest));
        if (scanner->word_length < SCAN_LANE) {
            return i;
        }
    }
    for (; i < text.length && scan_byte_is_word(text.at[i]); i++) {
        scan_add_to_word(scanner, text.at[i]);
    }
    return i;
}
