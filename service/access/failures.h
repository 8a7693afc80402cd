/* service/access/failures.h: how often each address has failed to show a valid key lately. Pure: the clock is handed
 * in.
 *
 * Guessing a key of 256 bits is hopeless at any speed; what is to be had by this is a caller that learns to
 * wait, and warnings that are not drowned. So what is remembered may be forgotten: the table has a fixed
 * size, and the address with the least to remember makes room.
 *
 * Threads    the caller's lock.
 * Limits     512 addresses; an IPv6 one stands for its /64, which is what one customer has.
 */
#ifndef POSTERN_SERVICE_ACCESS_FAILURES_H
#define POSTERN_SERVICE_ACCESS_FAILURES_H

#include "service/access/rate.h"

#include <sys/socket.h>

enum { FAILURES_MAX_ADDRESSES = 512, FAILURES_AT_ONCE = 100, FAILURES_PER_MINUTE = 10 };

struct failure {
    unsigned char address[16];
    struct rate_bucket bucket;
};

struct failures {
    struct failure entries[FAILURES_MAX_ADDRESSES];
};

/* Counts one, and returns 0; or, without counting, how long until another one is counted. */
int64_t failures_note(struct failures *failures, const struct sockaddr *peer, int64_t now_ns);

#endif
