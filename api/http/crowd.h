/* api/http/crowd.h: how many connections each address has.
 *
 * Whoever has an IPv6 address has a /64 of them, so that is what counts as one; a Unix socket has no address
 * and no count.
 *
 * Ownership  an address stays for as long as a connection of it does.
 * Threads    none of its own: the owner locks.
 */
#ifndef POSTERN_API_HTTP_CROWD_H
#define POSTERN_API_HTTP_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { CROWD_BUCKETS = 1024 };

struct crowd_address;

struct crowd {
    uint64_t seed; /* not to be guessed, so that nobody chooses addresses of one bucket */
    struct crowd_address *buckets[CROWD_BUCKETS];
};

void crowd_init(struct crowd *crowd);

/* One more of this address; sets `address`, NULL where it is not counted, for one that has no address, or for
 * want of memory. False beyond `max` (0 for no limit). */
bool crowd_enter(struct crowd *crowd, const struct sockaddr *from, size_t max,
                 struct crowd_address **address);
void crowd_leave(struct crowd *crowd, struct crowd_address **address);

#endif
