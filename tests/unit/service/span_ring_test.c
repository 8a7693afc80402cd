#include "service/watch/span_ring.h"
#include "test.h"

#include <pthread.h>
#include <string.h>

static bool put(struct span_ring *ring, uint64_t number)
{
    size_t place;
    struct span_record *record = span_ring_claim(ring, &place);
    if (!record)
        return false;
    record->recipients = number;
    span_ring_publish(ring, place);
    return true;
}

static void what_goes_in_comes_out_in_its_order_round_and_round(void)
{
    struct span_ring ring;
    CHECK(span_ring_init(&ring));
    CHECK(!span_ring_next(&ring));
    uint64_t in = 0, out = 0;
    for (size_t round = 0; round < 50; round++) {
        for (size_t i = 0; i < SPAN_RING_RECORDS / 3; i++)
            CHECK(put(&ring, in++));
        for (const struct span_record *record; (record = span_ring_next(&ring)); span_ring_release(&ring))
            CHECK_INT(record->recipients, out++);
        CHECK_INT(out, in);
    }
    span_ring_fini(&ring);
}

static void a_full_ring_takes_nothing_and_loses_nothing(void)
{
    struct span_ring ring;
    CHECK(span_ring_init(&ring));
    for (uint64_t i = 0; i < SPAN_RING_RECORDS; i++)
        CHECK(put(&ring, i));
    CHECK(!put(&ring, 99999));
    CHECK_INT(span_ring_next(&ring)->recipients, 0);
    span_ring_release(&ring);
    CHECK(put(&ring, SPAN_RING_RECORDS));
    CHECK(!put(&ring, 99999));
    for (uint64_t i = 1; i <= SPAN_RING_RECORDS; i++, span_ring_release(&ring))
        CHECK_INT(span_ring_next(&ring)->recipients, i);
    CHECK(!span_ring_next(&ring));
    span_ring_fini(&ring);
}

static void what_was_claimed_is_seen_once_it_is_published(void)
{
    struct span_ring ring;
    size_t first, second;
    CHECK(span_ring_init(&ring));
    struct span_record *slow = span_ring_claim(&ring, &first);
    struct span_record *fast = span_ring_claim(&ring, &second);
    fast->recipients = 2;
    span_ring_publish(&ring, second);
    CHECK(!span_ring_next(&ring));
    slow->recipients = 1;
    span_ring_publish(&ring, first);
    CHECK_INT(span_ring_next(&ring)->recipients, 1);
    span_ring_release(&ring);
    CHECK_INT(span_ring_next(&ring)->recipients, 2);
    span_ring_fini(&ring);
}

enum { WRITERS = 4, EACH = 20000 };

static struct {
    struct span_ring ring;
    atomic_uint writing;
    atomic_size_t dropped;
} shared;

static void *write_many(void *argument)
{
    uint64_t writer = (uint64_t)(uintptr_t)argument;
    for (uint64_t i = 0; i < EACH / test_stride(); i++)
        if (!put(&shared.ring, writer << 32 | i))
            atomic_fetch_add(&shared.dropped, 1);
    atomic_fetch_sub(&shared.writing, 1);
    return NULL;
}

/* Each writer's own come in its order. */
static size_t drain(uint64_t last[static WRITERS])
{
    size_t count = 0;
    for (const struct span_record *record; (record = span_ring_next(&shared.ring));
         span_ring_release(&shared.ring)) {
        uint64_t writer = record->recipients >> 32, number = (record->recipients & UINT32_MAX) + 1;
        CHECK(writer < WRITERS && number > last[writer]);
        last[writer] = number;
        count++;
    }
    return count;
}

static void many_writers_lose_nothing_but_what_is_counted(void)
{
    pthread_t threads[WRITERS];
    uint64_t last[WRITERS] = {0};
    size_t count = 0;
    CHECK(span_ring_init(&shared.ring));
    atomic_store(&shared.writing, WRITERS);
    for (size_t i = 0; i < WRITERS; i++)
        CHECK(pthread_create(&threads[i], NULL, write_many, (void *)(uintptr_t)i) == 0);
    while (atomic_load(&shared.writing))
        count += drain(last);
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    count += drain(last);
    CHECK_INT(count + atomic_load(&shared.dropped), WRITERS * (EACH / test_stride()));
    span_ring_fini(&shared.ring);
}

int main(void)
{
    TEST(what_goes_in_comes_out_in_its_order_round_and_round);
    TEST(a_full_ring_takes_nothing_and_loses_nothing);
    TEST(what_was_claimed_is_seen_once_it_is_published);
    TEST(many_writers_lose_nothing_but_what_is_counted);
    return test_result();
}
