/* Work that waits until it is let go on, so that what happens besides can be seen. */
#include "api/http/aside.h"
#include "base/clock.h"
#include "test.h"

#include <stdatomic.h>
#include <unistd.h>

enum { PIECES = 40, THREADS = 3, WAIT_MS = 10000 };

static struct aside aside;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* held: nothing gets done */

static struct piece {
    struct aside_work work;
    pthread_t thread;
    size_t turn; /* from 1; 0: not done */
} pieces[PIECES];

static _Atomic size_t turns, under_way, most_under_way;

static void run(void *owner)
{
    struct piece *piece = owner;
    size_t beside = atomic_fetch_add(&under_way, 1) + 1, most = atomic_load(&most_under_way);
    while (beside > most && !atomic_compare_exchange_weak(&most_under_way, &most, beside))
        continue;
    pthread_mutex_lock(&gate);
    piece->thread = pthread_self();
    piece->turn = atomic_fetch_add(&turns, 1) + 1;
    pthread_mutex_unlock(&gate);
    atomic_fetch_sub(&under_way, 1);
}

static void begin(unsigned max_threads)
{
    atomic_store(&turns, 0);
    atomic_store(&most_under_way, 0);
    for (size_t i = 0; i < PIECES; i++)
        pieces[i] = (struct piece){.work = {.run = run, .owner = &pieces[i]}};
    aside_init(&aside, max_threads);
}

static void end(void)
{
    aside_stop(&aside);
    aside_fini(&aside);
}

static void wait_for(_Atomic size_t *count, size_t wanted)
{
    struct deadline deadline = deadline_after_ms(WAIT_MS);
    while (atomic_load(count) != wanted && !deadline_passed(deadline))
        usleep(1000);
    CHECK_INT(atomic_load(count), wanted);
}

static void one_thread_does_all_in_the_order_in_which_it_was_brought(void)
{
    begin(1);
    for (size_t i = 0; i < PIECES; i++)
        CHECK(aside_do(&aside, &pieces[i].work));
    wait_for(&turns, PIECES);
    end();
    for (size_t i = 0; i < PIECES; i++) {
        test_row("piece %zu", i);
        CHECK_INT(pieces[i].turn, i + 1);
        CHECK(!pthread_equal(pieces[i].thread, pthread_self()));
        CHECK(pthread_equal(pieces[i].thread, pieces[0].thread));
    }
}

static void as_many_work_at_once_as_may_and_no_more(void)
{
    begin(THREADS);
    pthread_mutex_lock(&gate);
    for (size_t i = 0; i < PIECES; i++)
        CHECK(aside_do(&aside, &pieces[i].work));
    wait_for(&under_way, THREADS);
    pthread_mutex_unlock(&gate);
    wait_for(&turns, PIECES);
    CHECK_INT(atomic_load(&most_under_way), THREADS);
    end();
}

/* Neither where the one that rests was called for something else a moment ago. */
static void nothing_waits_while_a_thread_may_be_had(void)
{
    begin(2);
    CHECK(aside_do(&aside, &pieces[0].work));
    wait_for(&turns, 1);
    pthread_mutex_lock(&gate);
    CHECK(aside_do(&aside, &pieces[1].work));
    CHECK(aside_do(&aside, &pieces[2].work));
    wait_for(&under_way, 2);
    pthread_mutex_unlock(&gate);
    wait_for(&turns, 3);
    end();
}

static void without_a_thread_nothing_is_taken(void)
{
    begin(0);
    CHECK(!aside_do(&aside, &pieces[0].work));
    CHECK(!aside_do(&aside, &pieces[1].work));
    end();
    CHECK_INT(atomic_load(&turns), 0);
}

static void a_stop_waits_for_what_was_brought_and_takes_nothing_more(void)
{
    begin(2);
    for (size_t i = 1; i < PIECES; i++)
        CHECK(aside_do(&aside, &pieces[i].work));
    aside_stop(&aside);
    CHECK_INT(atomic_load(&turns), PIECES - 1);
    CHECK(!aside_do(&aside, &pieces[0].work));
    aside_stop(&aside);
    aside_fini(&aside);
    CHECK_INT(pieces[0].turn, 0);
}

int main(void)
{
    TEST(one_thread_does_all_in_the_order_in_which_it_was_brought);
    TEST(as_many_work_at_once_as_may_and_no_more);
    TEST(nothing_waits_while_a_thread_may_be_had);
    TEST(without_a_thread_nothing_is_taken);
    TEST(a_stop_waits_for_what_was_brought_and_takes_nothing_more);
    test_wait_for_threads();
    return test_result();
}
