/* mime/date.h: the Date field's value (RFC 5322 3.3). */
#ifndef POSTERN_MIME_DATE_H
#define POSTERN_MIME_DATE_H

#include "base/str.h"

enum { DATE_BYTES = 96 };

/* "Mon, 23 Nov 2026 07:06:00 +0000", with a NUL behind; years 1 to 9999, what lies outside becomes 1970. */
void date_format(int64_t date_s, char text[static DATE_BYTES]);

#endif
