/* service/relays/url.h: the parts of a URL that names somebody to connect to (RFC 3986):
 *
 *     scheme://user:password@host:port?query
 *     scheme://user:password@/absolute/path?query
 *
 * Ownership  strings live in the arena, NUL behind; the query views the text.
 */
#ifndef POSTERN_SERVICE_RELAYS_URL_H
#define POSTERN_SERVICE_RELAYS_URL_H

#include "base/arena.h"

struct url {
    size_t scheme; /* which of those that were asked for */
    struct str username, password;
    struct str host; /* without brackets; or the path, which begins with "/" */
    uint16_t port;   /* 0: none is named */
    struct str query;
};

/* What is wrong with it, without its credentials; NULL where it is one. `schemes` end with NULL. */
const char *url_parse(struct arena *arena, struct str text, const char *const *schemes, struct url *url);

#endif
