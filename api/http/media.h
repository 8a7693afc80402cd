/* api/http/media.h: media types in header fields: what a Content-Type says, and what an Accept takes (RFC 9110
 * 8.3, 12.5.1). Pure. */
#ifndef POSTERN_API_HTTP_MEDIA_H
#define POSTERN_API_HTTP_MEDIA_H

#include "base/str.h"

/* `type` without its parameters is `wanted`; the charset parameter, if there is one, is UTF-8. */
bool media_is_type(struct str type, struct str wanted);
bool media_charset_is_utf8(struct str type);

enum { MEDIA_FULL_QUALITY = 1000 };

/* How well an Accept field fits one media type. Several fields are rated one after the other into the same
 * value. */
struct media_rating {
    int specificity; /* 0: no range so far; then any, any subtype, the very type */
    int quality;     /* in thousandths */
};

/* `type` and `subtype` in lower case. Ranges that are malformed take nothing. */
void media_rate_accept(struct str accept, struct str type, struct str subtype, struct media_rating *rating);

#endif
