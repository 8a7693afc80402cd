/* A thread is started where nobody rests who could do what is brought, and goes when there was nothing for a while: a
 * gateway that gets small messages has none. Nobody joins them; stopping waits until they are counted out.
 */
#include "api/http/aside.h"

#include "base/clock.h"
#include "base/thread.h"

#include <assert.h>
#include <errno.h>

enum { REST_MS = 5000 };

void aside_init(struct aside *aside, unsigned max_threads)
{
    pthread_condattr_t monotonic;
    *aside = (struct aside){.max_threads = max_threads};
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&aside->brought, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_cond_init(&aside->gone, NULL);
    pthread_mutex_init(&aside->lock, NULL);
}

/* The lock is held, by all that follows up to aside_do. */
static void put(struct aside *aside, struct aside_work *work)
{
    work->next = NULL;
    *(aside->first ? &aside->last->next : &aside->first) = work;
    aside->last = work;
    aside->waiting++;
}

static struct aside_work *take(struct aside *aside)
{
    struct aside_work *work = aside->first;
    if (work) {
        aside->first = work->next;
        aside->waiting--;
    }
    return work;
}

/* NULL when there was none for so long, or there will be none. */
static struct aside_work *await(struct aside *aside)
{
    struct timespec until = deadline_timespec(deadline_after_ms(REST_MS));
    struct aside_work *work;
    int waited = 0;
    aside->resting++;
    while (!(work = take(aside)) && !aside->stops && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&aside->brought, &aside->lock, &until);
    aside->resting--;
    return work;
}

static void *serve(void *context)
{
    struct aside *aside = context;
    struct aside_work *work;
    thread_name("aside");
    pthread_mutex_lock(&aside->lock);
    while ((work = await(aside))) {
        pthread_mutex_unlock(&aside->lock);
        work->run(work->owner);
        pthread_mutex_lock(&aside->lock);
    }
    aside->threads--;
    pthread_cond_signal(&aside->gone);
    pthread_mutex_unlock(&aside->lock);
    return NULL;
}

/* Who rests may have been called already, for what was brought before. */
static void call(struct aside *aside)
{
    bool is_short = aside->waiting > aside->resting && aside->threads < aside->max_threads;
    if (is_short && thread_start(NULL, serve, aside))
        aside->threads++;
    pthread_cond_signal(&aside->brought);
}

bool aside_do(struct aside *aside, struct aside_work *work)
{
    pthread_mutex_lock(&aside->lock);
    bool taken = !aside->stops;
    if (taken) {
        put(aside, work);
        call(aside);
        taken = aside->threads > 0;
        if (!taken) /* then nobody has left anything there, either */
            take(aside);
    }
    pthread_mutex_unlock(&aside->lock);
    return taken;
}

void aside_stop(struct aside *aside)
{
    pthread_mutex_lock(&aside->lock);
    aside->stops = true;
    pthread_cond_broadcast(&aside->brought);
    while (aside->threads)
        pthread_cond_wait(&aside->gone, &aside->lock);
    pthread_mutex_unlock(&aside->lock);
}

void aside_fini(struct aside *aside)
{
    assert(!aside->first && !aside->threads);
    pthread_cond_destroy(&aside->brought);
    pthread_cond_destroy(&aside->gone);
    pthread_mutex_destroy(&aside->lock);
}
