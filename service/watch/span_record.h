/* service/watch/span_record.h: what a trace is told of one message, as a value that outlives it.
 *
 * Numbers, names from closed sets, and the caller's own place in the trace: no address, nothing of the message, no word
 * of a relay's, no Message-ID.
 *
 * Ownership  the relay's host is the gateway's.
 */
#ifndef POSTERN_SERVICE_WATCH_SPAN_RECORD_H
#define POSTERN_SERVICE_WATCH_SPAN_RECORD_H

#include "api/submission.h"

enum { SPAN_TLS_BYTES = 16 };

struct span_record {
    struct trace_context trace; /* its state views the room below */
    char state[TRACE_STATE_MAX_BYTES];
    char id[UUID_BYTES];
    int64_t began_us, ended_us; /* monotonic, as the phases are */
    struct outcome_spell phases[OUTCOME_PHASES];
    enum delivery delivery;
    enum fault_code fault;
    int http_status;
    int reply_code;
    uint64_t recipients, request_bytes, message_bytes;
    struct str host; /* of the relay; absent where none was asked */
    uint16_t port;
    char tls[SPAN_TLS_BYTES]; /* empty in the clear */
};

/* Of a message that ends now. */
void span_record_fill(struct span_record *record, const struct submission *submission, struct str relay);

#endif
