/* api/http/guard.h: is this request framed beyond doubt, and may its body be read? Decided once, from the header,
 * before the first byte of the body (RFC 9110, 9112).
 *
 * libmicrohttpd forgives what one of two parsers in a row will read differently; a request that is refused
 * here could be two requests to a proxy in front. What libmicrohttpd repairs before it calls, layout.h sees.
 *
 * Errors     MALFORMED_HTTP, EXPECTATION_FAILED, LENGTH_REQUIRED, PAYLOAD_TOO_LARGE, HEADERS_TOO_LARGE,
 *            UNSUPPORTED_MEDIA_TYPE. The connection is closed after each of them.
 * Limits     100 fields.
 */
#ifndef POSTERN_API_HTTP_GUARD_H
#define POSTERN_API_HTTP_GUARD_H

#include "api/http/media.h"
#include "base/fault.h"
#include "base/str.h"

enum { GUARD_MAX_FIELDS = 100 };

struct guard_field {
    struct str name, value;
};

/* A request's header as it came; the target is not decoded. */
struct guard_request {
    struct str method, target, version;
    struct guard_field fields[GUARD_MAX_FIELDS];
    size_t field_count; /* more than GUARD_MAX_FIELDS where some found no room */
    /* Where the target lay in the buffer that all the others still point into, and the size of the
     * whole header there; absent where that tells nothing. */
    struct str seen_target;
    size_t seen_bytes;
};

/* What a message may come as. */
enum message_form { MESSAGE_AS_JSON, MESSAGE_AS_FORM, MESSAGE_AS_RFC822 };

/* How the body is delimited (RFC 9112 6.3), what it is, and what the target is made of. */
struct guard_framing {
    struct str path;
    struct str query; /* absent without "?" */
    bool chunked;
    bool has_length;
    bool expects_continue;
    uint64_t content_length;
    enum message_form form;  /* of a message that was checked */
    struct str content_type; /* of such a message */
};

/* What holds for every request. The path is set even where something else is at fault. */
bool guard_check_framing(const struct guard_request *request, struct guard_framing *framing,
                         struct fault *fault);

/* A request whose method or route takes no body has none. */
bool guard_check_no_body(const struct guard_framing *framing, struct fault *fault);

/* A message: of known length or chunked, not too large, of a form that is taken, not compressed. */
bool guard_check_message(const struct guard_request *request, struct guard_framing *framing,
                         uint64_t max_body_bytes, struct fault *fault);

/* How far an answer in `type`/`subtype` is acceptable, in thousandths (RFC 9110 12.5.1). */
int guard_rate_accept(const struct guard_request *request, struct str type, struct str subtype);

#endif
