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

enum { BLOCK_OCTETS = 16, BLOCK_STRIDE_OCTETS = 4 * BLOCK_OCTETS };

typedef uint8_t block __attribute__((vector_size(BLOCK_OCTETS)));
typedef int8_t block_signed __attribute__((vector_size(BLOCK_OCTETS)));

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

/* Octets from `first` to `last`, by the one comparison that processors have, which is signed: `last` is moved to the
 * highest number, and what lies beyond wraps around. */
static inline block block_range(block octets, uint8_t first, uint8_t last)
{
    block moved = octets + (uint8_t)(INT8_MAX - last);
    return (block)((block_signed)moved >= (int8_t)(INT8_MAX - (last - first)));
}

/* What is found in any of four blocks. */
static inline block block_find_in_stride(const char data[static BLOCK_STRIDE_OCTETS],
                                         block (*find)(block octets))
{
    return (find(block_load(data)) | find(block_load(data + BLOCK_OCTETS))) |
           (find(block_load(data + 2 * BLOCK_OCTETS)) | find(block_load(data + 3 * BLOCK_OCTETS)));
}

/* How many are found in all of `text`. What is found counts as -1, and is summed up before an octet overflows. */
static inline size_t block_count_in(struct str text, block (*find)(block octets))
{
    size_t count = 0, at = 0;
    while (text.len - at >= BLOCK_OCTETS) {
        size_t blocks = (text.len - at) / BLOCK_OCTETS;
        size_t end = at + BLOCK_OCTETS * (blocks < UINT8_MAX ? blocks : UINT8_MAX);
        block sums = {0};
        for (; at < end; at += BLOCK_OCTETS)
            sums -= find(block_load(text.data + at));
        for (size_t i = 0; i < BLOCK_OCTETS; i++)
            count += sums[i];
    }
    if (at == text.len)
        return count;
    struct str rest = {text.data + at, text.len - at};
    block found = find(block_load_end(rest));
    for (size_t i = 0; i < rest.len; i++)
        count += found[i] & 1;
    return count;
}

/* Index of the first that was found; there is one. */
static inline size_t block_first(block found)
{
    uint64_t halves[2];
    memcpy(halves, &found, sizeof halves);
    size_t half = halves[0] ? 0 : 1;
    return 8 * half + (size_t)__builtin_ctzll(le64toh(halves[half])) / 8;
}

/* Octets at the front of `text`, `max` at most, before the first that `find` finds. Most runs are short; where one is
 * not, it is followed in strides. */
static inline size_t block_run(struct str text, size_t max, block (*find)(block octets))
{
    size_t end = text.len < max ? text.len : max;
    for (size_t at = 0; at < end; at += BLOCK_OCTETS) {
        while (at >= 2 * BLOCK_STRIDE_OCTETS && end - at > BLOCK_STRIDE_OCTETS &&
               !block_has(block_find_in_stride(text.data + at, find)))
            at += BLOCK_STRIDE_OCTETS;
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
