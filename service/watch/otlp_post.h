/* service/watch/otlp_post.h: one request to the collector, on a connection of its own (RFC 9112).
 *
 * The connection is one of smtp's, with TLS and certificates judged as a relay's are.
 *
 * Threads    any, as far as the stop is its own.
 * Limits     POST_MS in all. Of what comes back the head is read, and not a byte of the rest.
 */
#ifndef POSTERN_SERVICE_WATCH_OTLP_POST_H
#define POSTERN_SERVICE_WATCH_OTLP_POST_H

#include "base/clock.h"
#include "service/watch/collector.h"

enum { OTLP_POST_MS = 10000 };

enum otlp_end {
    OTLP_TAKEN,
    OTLP_AGAIN,   /* not now: nobody was there, nothing came back, or the collector says so */
    OTLP_REFUSED, /* sent again it would be refused again */
};

struct otlp_result {
    enum otlp_end end;
    uint64_t wait_s;  /* that the collector asks for; 0: it does not */
    struct fault why; /* in words for the operator, where it was not taken */
};

/* `stop_fd` ends it at once when it becomes readable. */
void otlp_post(const struct collector *collector, struct str json, int stop_fd, struct deadline deadline,
               struct otlp_result *result);

#endif
