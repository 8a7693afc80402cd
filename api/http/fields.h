/* api/http/fields.h: the header fields as libmicrohttpd read them, in their order. */
#ifndef POSTERN_API_HTTP_FIELDS_H
#define POSTERN_API_HTTP_FIELDS_H

#include "api/http/guard.h"

#include <microhttpd.h>

/* Views into libmicrohttpd's buffer, which last as long as the request. All are counted, GUARD_MAX_FIELDS are kept. */
void fields_gather(struct MHD_Connection *connection, struct guard_request *request);

#endif
