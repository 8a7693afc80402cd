/* Threads with nothing to do. Each has a condition of its own, so that who wakes one knows which: the last that fell
 * asleep, for what it needs is still at hand, and those that are not needed sleep until they end. */
#include "service/relays/pool_inside.h"

#include <errno.h>

void worker_count_idle(struct worker *worker, bool is_idle)
{
    if (is_idle && !worker->is_idle)
        worker->pool->idle_threads++;
    if (!is_idle && worker->is_idle)
        worker->pool->idle_threads--;
    worker->is_idle = is_idle;
}

static void count_asleep(struct worker *worker)
{
    struct pool *pool = worker->pool;
    worker->next_sleeper = pool->sleepers;
    pool->sleepers = worker;
    pool->asleep++;
    worker->is_asleep = true;
}

static void count_awake(struct worker *worker)
{
    struct pool *pool = worker->pool;
    struct worker **place = &pool->sleepers;
    while (*place != worker)
        place = &(*place)->next_sleeper;
    *place = worker->next_sleeper;
    pool->asleep--;
    worker->is_asleep = false;
}

void worker_wake(struct worker *worker)
{
    count_awake(worker);
    pthread_cond_signal(&worker->wake);
}

bool worker_sleep(struct worker *worker, const struct timespec *until)
{
    int waited = 0;
    worker_count_idle(worker, true);
    count_asleep(worker);
    while (worker->is_asleep && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&worker->wake, &worker->pool->lock, until);
    bool was_woken = !worker->is_asleep;
    if (!was_woken)
        count_awake(worker);
    return was_woken;
}
