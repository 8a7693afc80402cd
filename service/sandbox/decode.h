/* service/sandbox/decode.h: bodies and charsets, back to what was meant. Pure.
 *
 * For showing, not for judging: whatever comes is decoded as far as it goes, and `clean` says whether it was what it
 * said it was.
 */
#ifndef POSTERN_SERVICE_SANDBOX_DECODE_H
#define POSTERN_SERVICE_SANDBOX_DECODE_H

#include "base/buf.h"

enum sandbox_encoding {
    SANDBOX_ENCODING_IDENTITY, /* 7bit, 8bit, binary */
    SANDBOX_ENCODING_QUOTED_PRINTABLE,
    SANDBOX_ENCODING_BASE64,
    SANDBOX_ENCODING_UNKNOWN, /* shown as it is */
};

/* By the value of Content-Transfer-Encoding (RFC 2045 6.1); absent is 7bit. */
enum sandbox_encoding sandbox_encoding_find(struct str name);

/* Writes to `out`, where there must be room for body.len, or counts only where that is NULL. Never more than
 * body.len. */
size_t sandbox_decode(enum sandbox_encoding encoding, struct str body, char *out, bool *clean);

/* RFC 2047's Q, where "_" is a space. */
size_t sandbox_decode_q(struct str text, char *out);

/* Appends the text in UTF-8, as far as the buffer's bound goes. False where the charset is none of those that are
 * known, or the text is not valid in it; it is then appended as it is. */
bool sandbox_charset_append(struct buf *out, struct str charset, struct str text);

#endif
