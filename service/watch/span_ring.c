/* A ring in which each slot has a counter of its own (after D. Vyukov's bounded queue): a thread that fills one takes
 * its place by one exchange, and meets no other thread but by that. */
#include "service/watch/span_ring.h"

#include <stdlib.h>

static struct span_slot *slot_at(struct span_ring *ring, size_t place)
{
    return &ring->slots[place % SPAN_RING_RECORDS];
}

static size_t read_turn(const struct span_slot *slot, size_t place)
{
    return atomic_load_explicit(&slot->turn, memory_order_acquire) + place % SPAN_RING_RECORDS;
}

static void set_turn(struct span_slot *slot, size_t place, size_t turn)
{
    atomic_store_explicit(&slot->turn, turn - place % SPAN_RING_RECORDS, memory_order_release);
}

bool span_ring_init(struct span_ring *ring)
{
    *ring = (struct span_ring){.slots = calloc(SPAN_RING_RECORDS, sizeof *ring->slots)};
    return ring->slots;
}

void span_ring_fini(struct span_ring *ring)
{
    free(ring->slots);
    ring->slots = NULL;
}

struct span_record *span_ring_claim(struct span_ring *ring, size_t *place)
{
    *place = atomic_load_explicit(&ring->filled, memory_order_relaxed);
    for (;;) {
        struct span_slot *slot = slot_at(ring, *place);
        size_t turn = read_turn(slot, *place);
        if (turn == *place) {
            if (atomic_compare_exchange_weak_explicit(&ring->filled, place, *place + 1, memory_order_relaxed,
                                                      memory_order_relaxed))
                return &slot->record;
        } else if ((ptrdiff_t)(turn - *place) < 0) {
            return NULL;
        } else {
            *place = atomic_load_explicit(&ring->filled, memory_order_relaxed);
        }
    }
}

void span_ring_publish(struct span_ring *ring, size_t place)
{
    set_turn(slot_at(ring, place), place, place + 1);
}

const struct span_record *span_ring_next(struct span_ring *ring)
{
    struct span_slot *slot = slot_at(ring, ring->read);
    return read_turn(slot, ring->read) == ring->read + 1 ? &slot->record : NULL;
}

void span_ring_release(struct span_ring *ring)
{
    set_turn(slot_at(ring, ring->read), ring->read, ring->read + SPAN_RING_RECORDS);
    ring->read++;
}
