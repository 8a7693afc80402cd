/* mime/date.h: the Date field's value (RFC 5322 3.3). */
#ifndef POSTERN_MIME_DATE_H
#define POSTERN_MIME_DATE_H

#include "base/fault.h"
#include "base/str.h"

enum { DATE_BYTES = 96 };

struct date {
    int64_t utc_s;  /* seconds since 1970 */
    int offset_min; /* of the zone it is told in, east of UTC; within a day */
};

/* "Mon, 23 Nov 2026 08:06:00 +0100", with a NUL behind; years 1 to 9999, what lies outside becomes 1970. */
void date_format(struct date date, char text[static DATE_BYTES]);

/* As RFC 5322 3.3 has it, with a numeric zone or GMT, or as RFC 3339 does. Fault: INVALID_HEADER. */
bool date_parse(struct str text, struct date *date, struct fault *fault);

#endif
