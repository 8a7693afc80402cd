/* smtp/race.h: a TCP connection to the first of several addresses that answers (RFC 8305 5): each further one
 * is tried when the one before it has failed, or said nothing for 250 ms, so that a dead address costs no
 * more than that.
 *
 * Ownership  the descriptor is the caller's; those of the losers are closed.
 * Errors     RESET with `error`, the errno of the address that failed last; TIMEOUT; STOPPED; NO_MEMORY.
 * Threads    any.
 */
#ifndef POSTERN_SMTP_RACE_H
#define POSTERN_SMTP_RACE_H

#include "smtp/transport.h"

struct addrinfo;

enum { SMTP_RACE_MAX_ADDRESSES = 16, SMTP_RACE_DELAY_MS = 250 };

struct smtp_race_terms {
    int64_t attempt_ms; /* for one address */
    struct deadline total;
    int stop_fd;
};

enum smtp_status smtp_race(const struct addrinfo *const *addresses, size_t count,
                           const struct smtp_race_terms *terms, int *fd, int *error);

#endif
