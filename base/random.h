/* base/random.h: bytes that cannot be guessed, and the identifiers made of them.
 *
 * Few are drawn at a time: a thread asks the kernel for some hundred, and gives them out; what was given out is no
 * longer in its store.
 *
 * Errors     aborts where the kernel has none to give, for nothing may go on with guessable ones.
 * Threads    any: each has a store of its own. A child that was forked has its parent's, and so must not draw before
 *            it is another program. Postern's one child, the launcher of commands, draws nothing.
 */
#ifndef POSTERN_BASE_RANDOM_H
#define POSTERN_BASE_RANDOM_H

#include <stddef.h>

enum { UUID_BYTES = 37 };

void random_fill(void *bytes, size_t len);

/* `len` characters of base 32 (a-z, 2-7), 5 bits each, and a NUL behind. */
void random_text(char *text, size_t len);

/* A UUIDv7 (RFC 9562 5.7) in its usual form, with a NUL behind. */
void random_uuid7(char text[static UUID_BYTES]);

#endif
