/* service/watch/span_ring.h: records on their way from the threads that end messages to the one that tells of them.
 *
 * Bounded, and nobody ever waits: who finds it full goes on without.
 *
 * Threads    claim and publish any; next and release one.
 */
#ifndef POSTERN_SERVICE_WATCH_SPAN_RING_H
#define POSTERN_SERVICE_WATCH_SPAN_RING_H

#include "service/watch/span_record.h"

#include <stdatomic.h>

enum { SPAN_RING_RECORDS = 1024 };

/* `turn` says whose a slot is: the number of the place that it is free for, one more once that was filled. It is kept
 * less the slot's own number, so that a ring of zeros is an empty one, and takes no memory before it is used. */
struct span_slot {
    struct span_record record;
    atomic_size_t turn;
};

struct span_ring {
    struct span_slot *slots;
    atomic_size_t filled; /* places that were given out */
    size_t read;          /* the reader's own */
};

bool span_ring_init(struct span_ring *ring);
void span_ring_fini(struct span_ring *ring);

/* A record to be filled, and published behind that; NULL where all are taken. `place` is its number. */
struct span_record *span_ring_claim(struct span_ring *ring, size_t *place);
void span_ring_publish(struct span_ring *ring, size_t place);

/* The oldest that was published, until it is released; NULL where there is none. */
const struct span_record *span_ring_next(struct span_ring *ring);
void span_ring_release(struct span_ring *ring);

#endif
