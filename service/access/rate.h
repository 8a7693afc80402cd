/* service/access/rate.h: how often something may be done, as a token bucket on a clock that is handed in. Pure.
 *
 * A bucket holds `burst` tokens at first and at most, and gets `count` of them back each period, evenly. It
 * is kept as one number, the moment at which it will be full again (the generic cell rate algorithm): no
 * timer fills it, and a bucket of zeros is full.
 *
 * Errors     INVALID_REQUEST, with what is wanted.
 * Limits     counts up to a milliard; a bucket is full again within a year.
 */
#ifndef POSTERN_SERVICE_ACCESS_RATE_H
#define POSTERN_SERVICE_ACCESS_RATE_H

#include "base/fault.h"

struct rate {
    int64_t interval_ns; /* between two tokens; 0: there is no limit */
    uint64_t burst;
};

struct rate_bucket {
    int64_t full_at_ns;
};

/* "10/s", "600/m", "1000/h", "5000/d"; the burst is the count, unless " burst 50" follows. */
bool rate_parse(struct str text, struct rate *rate, struct fault *fault);

/* `count` within a day. */
struct rate rate_per_day(uint64_t count);

/* How long until `tokens` can be taken: 0 for now, RATE_NEVER for more than ever fit. */
#define RATE_NEVER INT64_MAX
int64_t rate_wait_ns(const struct rate *rate, const struct rate_bucket *bucket, int64_t now_ns,
                     uint64_t tokens);

/* Only where there is nothing to wait for. */
void rate_take(const struct rate *rate, struct rate_bucket *bucket, int64_t now_ns, uint64_t tokens);

/* Whole tokens that are there, and how long until all are. */
uint64_t rate_left(const struct rate *rate, const struct rate_bucket *bucket, int64_t now_ns);
int64_t rate_refill_ns(const struct rate_bucket *bucket, int64_t now_ns);

/* How long an empty bucket takes to be full. */
int64_t rate_window_ns(const struct rate *rate);

#endif
