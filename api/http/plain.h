/* api/http/plain.h: a request for a route that is only asked, and asked again while its answer has to wait.
 *
 * Errors     OVERLOADED, SHUTTING_DOWN.
 * Threads    always on the libmicrohttpd thread of its connection.
 */
#ifndef POSTERN_API_HTTP_PLAIN_H
#define POSTERN_API_HTTP_PLAIN_H

#include "api/http/response.h"
#include "api/http/server.h"

/* Begins as zeros. */
struct plain {
    struct api_call call;
    struct bell_wait wait;
};

/* WAITS: the connection is suspended; ask again when it was resumed. */
enum plain_state { PLAIN_ANSWERED, PLAIN_WAITS, PLAIN_FAILED };

enum plain_state plain_ask(struct plain *plain, const struct api_route *route, void *context,
                           struct MHD_Connection *connection, struct response *response, struct fault *fault);
void plain_fini(struct plain *plain);

#endif
