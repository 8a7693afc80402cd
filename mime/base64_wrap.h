/* mime/base64_wrap.h: base64 that came from a caller, checked and put on lines of 76 (RFC 2045 6.8).
 *
 * What arrives as base64 leaves as base64: it is never decoded, and copied once, into the caller's window.
 */
#ifndef POSTERN_MIME_BASE64_WRAP_H
#define POSTERN_MIME_BASE64_WRAP_H

#include "base/fault.h"

enum { BASE64_LINE_COLUMNS = 76, BASE64_LINE_BYTES = 57 };

/* The alphabet, correct padding, and between them spaces, tabs and line ends. Fault: INVALID_ATTACHMENT. */
bool base64_wrap_check(struct str base64, uint64_t *decoded_bytes, struct fault *fault);

/* Octets of checked base64 once it is wrapped, line ends counted. */
uint64_t base64_wrap_octets(struct str base64);

/* Octets of `digits` characters of base64 on such lines. */
uint64_t base64_wrap_octets_of_digits(uint64_t digits);

/* Takes whole lines off the front of `rest` into the window, as many as fit; returns their octets, 0 at the
 * end. */
size_t base64_wrap_pull(struct str *rest, char *window, size_t window_bytes);

#endif
