/* service/sandbox/words.h: the values of header fields as their author meant them: unfolded, encoded words decoded
 * (RFC 2047), parameters put together (RFC 2231). Pure.
 *
 * Errors     none: what is no encoded word stays as it is.
 */
#ifndef POSTERN_SERVICE_SANDBOX_WORDS_H
#define POSTERN_SERVICE_SANDBOX_WORDS_H

#include "base/arena.h"

/* Appends the value of a field, as far as the buffer's bound goes. */
void sandbox_words_append(struct buf *out, struct str value);

/* What stands before the parameters: "text/plain". In the case in which it is written; without comments around. */
struct str sandbox_value_main(struct str value);

/* The parameter of that name, decoded; absent where there is none. `value` is unfolded. */
struct str sandbox_value_parameter(struct arena *arena, struct str value, struct str name);

#endif
