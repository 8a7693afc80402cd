/* service/watch/http_reply.h: the head of an HTTP/1.1 response, as far as a client needs it that wants to know only whether
 * its request was taken (RFC 9112 4).
 *
 * Fed with bytes as they come; interim responses are passed over (RFC 9110 15.2).
 *
 * Threads    pure.
 * Limits     HTTP_REPLY_MAX_BYTES of heads in all: what has not said by then what it is, is none.
 */
#ifndef POSTERN_SERVICE_WATCH_HTTP_REPLY_H
#define POSTERN_SERVICE_WATCH_HTTP_REPLY_H

#include "base/buf.h"

enum { HTTP_REPLY_MAX_BYTES = 16384, HTTP_REPLY_MAX_WAIT_S = 300 };

enum http_reply_state { HTTP_REPLY_PARTIAL, HTTP_REPLY_COMPLETE, HTTP_REPLY_MALFORMED };

struct http_reply {
    struct buf head;
    size_t passed; /* of it, that were interim */
    int status;
    uint64_t retry_after_s; /* 0: it does not say, or not in seconds; never more than HTTP_REPLY_MAX_WAIT_S */
};

void http_reply_init(struct http_reply *reply);
void http_reply_fini(struct http_reply *reply);
enum http_reply_state http_reply_feed(struct http_reply *reply, struct str bytes);

#endif
