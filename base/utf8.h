/* base/utf8.h: UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef POSTERN_BASE_UTF8_H
#define POSTERN_BASE_UTF8_H

#include "base/arena.h"
#include "base/str.h"

enum { UTF8_MAX_BYTES = 4 };

/* The length of the code point at the front of `s`, 1 to 4, and its value; 0 where no valid one stands
 * there. */
size_t utf8_decode(struct str s, uint32_t *code_point);

/* Writes a code point that is not a surrogate; returns its length, 1 to 4. */
size_t utf8_encode(uint32_t code_point, char bytes[static UTF8_MAX_BYTES]);

bool utf8_valid(struct str s);
bool utf8_is_ascii(struct str s);

/* C0, DEL, C1. */
bool utf8_is_control(uint32_t code_point);

/* The front of `s` of at most `max_bytes` that does not cut a code point. */
struct str utf8_first(struct str s, size_t max_bytes);

/* A copy of at most `max_bytes` that can be printed anywhere: what is not valid UTF-8 becomes U+FFFD; C0 and
 * C1 controls and DEL become a space, so that a peer's words cannot forge a line or drive a terminal. */
struct str utf8_make_safe(struct arena *arena, struct str s, size_t max_bytes);

#endif
