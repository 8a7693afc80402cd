/* api/http/witness.h: shows somebody each request for a message, and what it was answered: for the sandbox, whose users
 * want to see both. A gateway that serves others has no witness.
 *
 * Ownership  what is seen lives for the call.
 * Threads    called on libmicrohttpd's.
 * Limits     32 KiB of the request's body.
 */
#ifndef POSTERN_API_HTTP_WITNESS_H
#define POSTERN_API_HTTP_WITNESS_H

#include "api/http/guard.h"
#include "api/submission.h"

enum { WITNESS_MAX_BODY_BYTES = 32 * 1024 };

struct witnessed {
    int64_t began_us, answered_us; /* monotonic */
    const char *method, *target;
    const struct guard_request *request; /* the fields of its header */
    struct str body;                     /* its front */
    uint64_t body_bytes;                 /* of all that came */
    int status;
    const char *problem; /* its code; NULL where the answer is none */
    struct str content_type, answer;
    const struct submission *submission; /* with its outcome; NULL where it did not get so far */
};

struct api_witness {
    void *context;
    void (*see)(void *context, const struct witnessed *seen); /* NULL for no witness */
};

#endif
