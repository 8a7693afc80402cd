/* base/block.h: sixteen octets looked at in one step.
 *
 * A block is a vector of gcc and clang, which they fit to the processor: no intrinsics, and no second path to choose
 * when the program runs. Comparing one leaves 0xff where it is true: what is found.
 *
 * Threads    pure.
 */
#ifndef POSTERN_BASE_BLOCK_H
#define POSTERN_BASE_BLOCK_H

#include "base/str.h"

#include <endian.h>
#include <string.h>

enum { BLOCK_OCTETS = 16 };

typedef uint8_t block __attribute__((vector_size(BLOCK_OCTETS)));

static inline block block_load(const char data[static BLOCK_OCTETS])
{
    block octets;
    memcpy(&octets, data, BLOCK_OCTETS);
    return octets;
}

/* Less than a block, and zeros behind it. */
block block_load_end(struct str text);

static inline bool block_has(block found)
{
    uint64_t halves[2];
    memcpy(halves, &found, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

/* How many were found. */
static inline size_t block_count(block found)
{
    static const uint64_t ones = 0x0101010101010101U;
    uint64_t halves[2];
    memcpy(halves, &found, sizeof halves);
    return (((halves[0] & ones) + (halves[1] & ones)) * ones) >> 56;
}

/* Index of the first that was found; there is one. */
static inline size_t block_first(block found)
{
    uint64_t halves[2];
    memcpy(halves, &found, sizeof halves);
    size_t half = halves[0] ? 0 : 1;
    return 8 * half + (size_t)__builtin_ctzll(le64toh(halves[half])) / 8;
}

/* Octets at the front of `text`, `max` at most, before the first that `find` finds. */
static inline size_t block_run(struct str text, size_t max, block (*find)(block octets))
{
    size_t end = text.len < max ? text.len : max;
    for (size_t at = 0; at < end; at += BLOCK_OCTETS) {
        struct str rest = {text.data + at, text.len - at};
        block found = find(rest.len < BLOCK_OCTETS ? block_load_end(rest) : block_load(rest.data));
        if (block_has(found)) {
            at += block_first(found);
            return at < end ? at : end;
        }
    }
    return end;
}

#endif
