/* mime/quoted_printable.h: the quoted-printable encoding of text (RFC 2045 6.7).
 *
 * Lines of at most 76 columns; a soft break never stands inside a UTF-8 character. Beyond the standard, what
 * is known to be mangled on the way (RFC 2049 section 3) is encoded too: a "." and a "From " at the beginning
 * of a line.
 */
#ifndef POSTERN_MIME_QUOTED_PRINTABLE_H
#define POSTERN_MIME_QUOTED_PRINTABLE_H

#include "base/str.h"

struct quoted_printable {
    struct str rest;
    size_t column;
};

enum { QUOTED_PRINTABLE_MIN_WINDOW_BYTES = 128 };

/* Fills the window so far as whole steps fit; returns the octets, 0 at the end. Every line ending of the text
 * becomes CRLF, and the last line gets one. */
size_t quoted_printable_pull(struct quoted_printable *encoder, char *window, size_t window_bytes);

#endif
