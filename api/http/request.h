/* api/http/request.h: one HTTP request on its way, as libmicrohttpd calls for it: begun when its target is known,
 * advanced as its header and body arrive and when its outcome stands, ended when it is over.
 *
 * Threads    always on the libmicrohttpd thread of its connection, but for the steps of a large body, which a thread
 *            beside it takes (aside.h): server.h says what others may do.
 */
#ifndef POSTERN_API_HTTP_REQUEST_H
#define POSTERN_API_HTTP_REQUEST_H

#include "api/http/aside.h"
#include "api/http/body.h"
#include "api/http/loops.h"
#include "api/http/reaper.h"
#include "api/http/route.h"

#include <microhttpd.h>

/* What all requests of a listener share. */
struct api_server {
    struct api_config config;
    struct loops loops;
    struct reaper *reaper;
    struct body_budget budget;
    struct aside aside;
    _Atomic size_t in_flight;
    _Atomic bool winding_down; /* each answer closes its connection */
    _Atomic bool draining;     /* and a new message is not taken */
};

/* MHD_OPTION_URI_LOG_CALLBACK, access handler and MHD_OPTION_NOTIFY_COMPLETED; the closure is `server`. */
void *request_begin(void *server, const char *target, struct MHD_Connection *connection);
enum MHD_Result request_advance(void *server, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_bytes, void **context);
void request_end(void *server, struct MHD_Connection *connection, void **context,
                 enum MHD_RequestTerminationCode code);

#endif
