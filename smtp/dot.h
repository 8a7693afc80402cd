/* smtp/dot.h: transparency of the body in DATA (RFC 5321 4.5.2), piece by piece.
 *
 * Errors     a CR or LF that stands alone is refused: relays disagree on what it means, and the difference is
 *            how a second message is smuggled into the first.
 */
#ifndef POSTERN_SMTP_DOT_H
#define POSTERN_SMTP_DOT_H

#include "base/str.h"

enum smtp_dot_at { SMTP_DOT_AT_LINE_START, SMTP_DOT_IN_LINE, SMTP_DOT_AFTER_CR };

/* Zero is the state before the first byte. */
struct smtp_dot {
    enum smtp_dot_at at;
    bool is_chunk; /* of BDAT, where nothing is stuffed (RFC 3030 2) */
    bool bare;     /* a lone CR or LF was met: the body must not be ended */
};

/* Stuffs from the front of `piece`, which is moved on, into `out`; returns the bytes written. `room` is 2 or
 * more. */
size_t smtp_dot_stuff(struct smtp_dot *dot, struct str *piece, char *out, size_t room);

/* What the body lacks before ".CRLF": nothing, or the end of its last line. */
struct str smtp_dot_end(struct smtp_dot *dot);

#endif
