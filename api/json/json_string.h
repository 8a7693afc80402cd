/* api/json/json_string.h: the escapes of a JSON string (RFC 8259 section 7). */
#ifndef POSTERN_API_JSON_JSON_STRING_H
#define POSTERN_API_JSON_JSON_STRING_H

#include "base/arena.h"

/* The value of the four hexadecimal digits at the front of `digits`, or -1. */
int json_hex4(struct str digits);

/* What a string stands for. `content` is what is written between its quotes, every escape of it known to be
 * valid; where there is none, it is the answer itself. Absent when out of memory. */
struct str json_unescape(struct arena *arena, struct str content);

#endif
