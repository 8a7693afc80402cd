/* api/http/feed.h: an answer whose bytes are pulled when the client can take them: a long file, or events without an end.
 *
 * Where there is a bell, nothing to give means not yet: the connection is suspended, and woken by the next ring. From
 * time to time it is woken anyway, to send `beat`, which finds out whether the client is still there.
 *
 * Ownership  the response owns the feed from feed_respond on, also where that fails, and closes it once.
 * Threads    read and close are called on libmicrohttpd's.
 */
#ifndef POSTERN_API_HTTP_FEED_H
#define POSTERN_API_HTTP_FEED_H

#include "api/http/bell.h"

struct MHD_Response;

struct feed {
    /* Writes up to `bytes` into `room` and returns how many: 0 for nothing now, or, without a bell, at the end. */
    size_t (*read)(void *context, char *room, size_t bytes);
    void (*close)(void *context);
    void *context;
    struct bell *bell; /* NULL: there is an end */
    struct str beat;
};

/* NULL when out of memory. */
struct MHD_Response *feed_respond(const struct feed *feed, struct MHD_Connection *connection);

#endif
