/* Many bytes of text in one look, inline because everything waits for it. Bytes are compared
 * sixteen at a time with the vector extension that gcc and clang share, so that the compiler picks
 * the machine's instructions, and each comparison becomes a number with one bit per byte:
 *
 *     text           S E L E C T   ' a ' ,   ' b ' ;    sixteen bytes, the first one left
 *     text == '\''   . . . . . . . # . # . . # . # .    0 or 0xff in each
 *     bits           7, 9, 12 and 14 are set            the lowest is the first hit
 *
 * Only the last step differs from machine to machine. Nothing is read outside of the span. */
#ifndef POLICY_SQL_SCAN_BLOCK_H
#define POLICY_SQL_SCAN_BLOCK_H

#include <endian.h>

#include "protocol/span.h"

#define SCAN_LANE  16
#define SCAN_BLOCK 64   /* bytes, one for each bit of a word of the machine */
#define SCAN_LOWER 0x20 /* folds ASCII letters to lower case */

typedef uint8_t scan_lane __attribute__((vector_size(SCAN_LANE)));
typedef int8_t scan_signed_lane __attribute__((vector_size(SCAN_LANE)));

static inline scan_lane scan_lane_load(const uint8_t *at)
{
    scan_lane lane;
    memcpy(&lane, at, SCAN_LANE);
    return lane;
}

static inline scan_lane scan_lane_equal(scan_lane lane, uint8_t wanted)
{
    return (scan_lane)(lane == wanted);
}

/* first <= byte <= last, for constants of ASCII: moved up, so that all that is above `last` wraps
 * around and nothing but the range is at the top. */
static inline scan_lane scan_lane_within(scan_lane lane, uint8_t first, uint8_t last)
{
    scan_signed_lane moved = (scan_signed_lane)(lane + (uint8_t)(INT8_MAX - last));
    return (scan_lane)(moved > (int8_t)(INT8_MAX - 1 - (last - first)));
}

/* The top bits of eight bytes, gathered: each is multiplied to another bit of the topmost byte. */
static inline uint64_t scan_half_bits(uint64_t half)
{
    return ((le64toh(half) & 0x8080808080808080) * 0x0002040810204081) >> 56;
}

/* The top bits of sixteen bytes, on any machine; bit n is that of byte n. */
static inline uint64_t scan_lane_bits_anywhere(scan_lane lane)
{
    uint64_t half[2];
    memcpy(half, &lane, SCAN_LANE);
    return scan_half_bits(half[0]) | scan_half_bits(half[1]) << 8;
}

/* The same, on this machine. x86-64 has one instruction for it, which no compiler finds. */
#ifdef __SSE2__
#include <emmintrin.h>
static inline uint64_t scan_lane_bits(scan_lane lane)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8((__m128i)lane);
}
#else
static inline uint64_t scan_lane_bits(scan_lane lane)
{
    return scan_lane_bits_anywhere(lane);
}
#endif

/* The place of the lowest bit; there must be one. */
static inline size_t scan_bits_first(uint64_t bits)
{
    return (size_t)__builtin_ctzll(bits);
}

#endif
