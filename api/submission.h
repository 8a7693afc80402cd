/* api/submission.h: one message on its way: read by the API, submitted by the service, answered by the API.
 *
 * Ownership  travels whole, arena included: submitting hands it over, completing hands it back; never two
 *            owners.
 */
#ifndef POSTERN_API_SUBMISSION_H
#define POSTERN_API_SUBMISSION_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/dsn.h"
#include "base/outcome.h"
#include "base/random.h"
#include "base/trace_context.h"
#include "mime/message.h"

/* Every queue, buffer and list that a caller can fill has its bound here. */
struct api_limits {
    uint64_t max_body_bytes;
    uint64_t max_in_flight_bytes; /* request bodies held at any one time */
    uint64_t max_recipients;
    uint64_t max_attachments;
    uint64_t max_headers;
    uint64_t max_json_nodes;
};

struct submission {
    struct arena arena;
    char id[UUID_BYTES];
    struct trace_context trace;
    int64_t began_us; /* monotonic: when its request's header was there */
    struct message message;
    struct str return_path; /* address without brackets; empty is the null path */
    struct str *recipients; /* envelope addresses, no two the same */
    struct str *pointers;   /* where in the request each of them stands: "/to/1" */
    size_t recipient_count;
    bool smtputf8; /* an envelope address needs it */
    enum partial_policy partial;
    struct dsn dsn;
    bool require_tls;      /* RFC 8689 */
    bool wants_transcript; /* in the answer */
    bool keeps_transcript; /* in the outcome, for a witness */
    bool dry_run;
    uint64_t request_bytes;   /* of the body that it came as */
    struct str key_name;      /* of the API key that it came with; absent where none was asked for */
    struct deadline deadline; /* for the whole of it */
    struct outcome outcome;   /* written by the service; `recipients` has its room already */

    /* Set by the API; called once by the service, on any thread, when the outcome stands. The last touch. */
    void (*complete)(struct submission *submission);
    void *json;  /* the parsed body that the message's views point into (cJSON) */
    void *owner; /* for the API: who waits for the outcome */
};

struct render;

/* The service's side of the house: the bytes of a message as they would be sent. NULL when out of memory. */
typedef struct render *api_compose(void *context, struct submission *submission);

/* Takes a message to send it. True: taken, `complete` will be called. False: not taken, `fault` says
 * why. */
typedef bool api_submit(void *context, struct submission *submission, struct fault *fault);

#endif
