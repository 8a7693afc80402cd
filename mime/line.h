/* mime/line.h: the choke point of every value that ends up on a line: header values, names, file names.
 *
 * A line is valid UTF-8 without anything that a program down the way could take for the end of it: no C0 or
 * C1 control, no DEL, no U+2028 or U+2029. A tab is a C0 control like the others.
 */
#ifndef POSTERN_MIME_LINE_H
#define POSTERN_MIME_LINE_H

#include "base/buf.h"
#include "base/fault.h"

enum { LINE_MAX_BYTES = 32 * 1024 };

/* False with a fault of `code` that begins with `what` ("the subject"). */
bool line_check(struct str value, enum fault_code code, const char *what, struct fault *fault);

/* C0, DEL, C1, U+2028, U+2029. */
bool line_is_control(uint32_t code_point);

/* An octet as "=C3" or "%C3". */
void line_append_hex(struct buf *out, char mark, char octet);

#endif
