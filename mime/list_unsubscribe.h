/* mime/list_unsubscribe.h: how a reader gets off a list (RFC 2369 3.2, RFC 8058).
 *
 * Errors     INVALID_HEADER.
 */
#ifndef POSTERN_MIME_LIST_UNSUBSCRIBE_H
#define POSTERN_MIME_LIST_UNSUBSCRIBE_H

#include "base/buf.h"
#include "base/fault.h"

struct list_unsubscribe {
    struct str url;    /* https: or http:; absent where there is none */
    struct str mailto; /* "mailto:..." or an address alone; absent where there is none */
    bool one_click;    /* a POST to the url, which is an https one, is all it takes */
};

/* Printable ASCII, without what would end it early in the field. */
bool list_unsubscribe_check_url(struct str url, struct fault *fault);
bool list_unsubscribe_check_mailto(struct str mailto, struct fault *fault);

/* What one needs of the other. */
bool list_unsubscribe_check(const struct list_unsubscribe *list, struct fault *fault);

/* The fields; nothing where neither is there. */
void list_unsubscribe_write(struct buf *out, const struct list_unsubscribe *list);

#endif
