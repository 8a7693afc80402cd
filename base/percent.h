/* base/percent.h: percent-encoding (RFC 3986 2.1), taken back. */
#ifndef POSTERN_BASE_PERCENT_H
#define POSTERN_BASE_PERCENT_H

#include "base/arena.h"

/* Each "%" begins a "%XX". */
bool percent_is_valid(struct str text);

/* With a NUL behind. What is no "%XX" stays as it is; so does "+". */
struct str percent_decode(struct arena *arena, struct str text);

#endif
