/* api/json/json_string.h: what a JSON string is made of (RFC 8259 section 7). */
#ifndef POSTERN_API_JSON_JSON_STRING_H
#define POSTERN_API_JSON_JSON_STRING_H

#include "base/arena.h"
#include "base/block.h"

/* All but ASCII that stands for itself. */
static inline block json_find_special(block octets)
{
    return ~block_range(octets, ' ', 0x7f) | (block)((octets == '"') | (octets == '\\'));
}

/* The value of the four hexadecimal digits at the front of `digits`, or -1. */
int json_hex4(struct str digits);

/* What a string stands for. `content` is what is written between its quotes, every escape of it known to be
 * valid; where there is none, it is the answer itself. Absent when out of memory. */
struct str json_unescape(struct arena *arena, struct str content);

#endif
