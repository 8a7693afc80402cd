/* What a session thread does: take a job, have it carried to the relay, tell; until there is nothing to do.
 *
 * A thread without a session neither waits nor opens one unasked: it takes a job only with the breaker's
 * leave (its permit), or to tell that the breaker is open, and ends else. So the jobs of sixteen callers with
 * a wrong password wait in the queue, not in sixteen logins. It closes its session first and only then gives
 * up its place, so that there are never more sessions than the limit.
 *
 * A message that waits is taken while another is on its way, so that its beginning goes out with the other's
 * end. A relay that is not up to that breaks off, and what became of the first message is not known; or it
 * throws away what stands behind the end of data, and the second waits for nothing. For a while none is begun
 * so.
 *
 * A job goes back to the front of the queue where a session was not to be had, but another might do: the
 * relay has as many as it takes, or somebody is just finding out whether it lets us in. */
#include "base/thread.h"
#include "service/relays/pool_inside.h"

#include <stdlib.h>

enum { MAX_RETURNS = 3, PROBE_ARENA_BYTES = 256 * 1024 };

/* With the lock held. */
static void count_carrying(struct worker *worker, bool is_carrying)
{
    worker->pool->carrying += is_carrying - worker->is_carrying;
    worker->is_carrying = is_carrying;
}

/* With the lock held. */
static void count_session(struct worker *worker, bool has_session)
{
    if (has_session && !worker->has_session)
        worker->pool->sessions++;
    if (!has_session && worker->has_session && --worker->pool->sessions == 0)
        breaker_rest(&worker->pool->breaker);
    worker->has_session = has_session;
    count_carrying(worker, worker->is_carrying && has_session);
}

static void close_session(struct worker *worker)
{
    carrier_close(&worker->carrier);
    pthread_mutex_lock(&worker->pool->lock);
    count_session(worker, false);
    pthread_mutex_unlock(&worker->pool->lock);
}

static bool may_open(void *context)
{
    struct worker *worker = context;
    struct pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    count_session(worker, false);
    bool is_current = worker->configuration == pool->configuration;
    bool may = is_current && permit_ask(worker) == BREAKER_GO;
    worker->opening_at_us = clock_monotonic_us();
    pthread_mutex_unlock(&pool->lock);
    return may;
}

static void note_opened(void *context, const struct outcome *outcome)
{
    struct worker *worker = context;
    pthread_mutex_lock(&worker->pool->lock);
    count_session(worker, outcome->fault.code == FAULT_NONE);
    count_carrying(worker, worker->has_session);
    relay_metrics_count_session(worker->pool->metrics, outcome);
    if (permit_is_held(worker))
        permit_spend(worker, outcome);
    else /* the configuration was replaced meanwhile */
        worker->may_try_again = outcome->fault.code != FAULT_NONE;
    worker->permit = 0;
    pthread_mutex_unlock(&worker->pool->lock);
}

/* With the lock held. Who has a session makes room only for others that have one. */
static bool is_one_too_many(const struct worker *worker)
{
    struct pool *pool = worker->pool;
    unsigned limit = limit_get(&pool->limit, clock_monotonic_us());
    return worker->has_session ? pool->sessions > limit : pool->threads - pool->leaving > limit;
}

/* With the lock held. */
static struct job *take_first(struct pool *pool)
{
    struct job *job = queue_take(&pool->queue);
    if (job)
        job_end_wait(job);
    return job;
}

/* With the lock held. A thread that is about to look would have it on its way sooner; and none is taken that may have
 * to end before the one that is on its way. */
static bool may_take_ahead(struct worker *worker)
{
    struct pool *pool = worker->pool;
    const struct job *job = pool->queue.first;
    int64_t now_us = clock_monotonic_us();
    return now_us >= pool->overlap_from_us && !worker->held && !pool->stopping && job && job->submission &&
           !job_has_expired(job, now_us) && job->submission->deadline.at_us >= worker->deadline.at_us &&
           pool->queue.count > pool->idle_threads - pool->asleep &&
           worker->configuration == pool->configuration && !is_one_too_many(worker) &&
           carrier_has_room(&worker->carrier, worker->configuration);
}

static struct submission *take_ahead(void *context)
{
    struct worker *worker = context;
    pthread_mutex_lock(&worker->pool->lock);
    if (may_take_ahead(worker))
        worker->held = take_first(worker->pool);
    pthread_mutex_unlock(&worker->pool->lock);
    return worker->held ? worker->held->submission : NULL;
}

/* With the lock held, which is let go of meanwhile: what was opened on other terms is not kept. */
static void close_outdated(struct worker *worker)
{
    struct pool *pool = worker->pool;
    while (worker->has_session && !worker->held && worker->carrier.configuration != pool->configuration) {
        worker_count_idle(worker, false);
        pthread_mutex_unlock(&pool->lock);
        close_session(worker);
        pthread_mutex_lock(&pool->lock);
    }
}

/* With the lock held, which is let go of meanwhile. */
static struct job *take(struct worker *worker)
{
    struct pool *pool = worker->pool;
    close_outdated(worker);
    struct job *held = worker->held;
    worker->held = NULL;
    worker->is_ahead = held;
    worker->is_refused = false;
    if (held || !pool->queue.first)
        return held;
    if (is_one_too_many(worker))
        return NULL;
    enum breaker_answer answer = worker->has_session ? BREAKER_GO : permit_ask(worker);
    worker->is_refused = answer == BREAKER_REFUSE;
    return answer == BREAKER_WAIT ? NULL : take_first(pool);
}

/* With the lock held. */
static bool may_wait(struct worker *worker)
{
    return worker->has_session && !worker->pool->stopping && !is_one_too_many(worker);
}

/* With the lock held. */
static bool may_rest(const struct worker *worker)
{
    const struct pool *pool = worker->pool;
    return worker->is_idle && worker->has_session && !worker->held &&
           worker->carrier.configuration == pool->configuration && pool_does_without_one(pool);
}

/* A job, or NULL, and the thread counts as leaving: there is nothing to do for it. */
static struct job *next_job(struct worker *worker)
{
    struct pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    struct timespec until =
        deadline_timespec(deadline_after_ms(pool->configuration->settings.timeout_smtp_idle_ms));
    bool in_time = true;
    struct job *job = may_rest(worker) ? NULL : take(worker);
    while (!job && in_time && may_wait(worker)) {
        in_time = worker_sleep(worker, &until);
        job = take(worker);
    }
    worker_count_idle(worker, false);
    count_carrying(worker, job && worker->has_session);
    if (job) {
        worker->configuration = configuration_hold(pool->configuration);
    } else {
        pool->leaving++;
        count_session(worker, false);
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

/* Tells the outcome. The thread counts as idle from before that, so that a caller's next message finds it and
 * its open session; unless that is to be closed, which may take a moment. */
static void finish(struct worker *worker, struct job *job, enum carrier_end end,
                   const struct outcome *outcome)
{
    struct pool *pool = worker->pool;
    struct carrier *carrier = &worker->carrier;
    pthread_mutex_lock(&pool->lock);
    worker_learn(worker, job, end, outcome);
    count_carrying(worker, worker->held);
    worker_count_idle(worker, carrier->session && !carrier->spent && !worker->held &&
                                  carrier->configuration == pool->configuration);
    pthread_mutex_unlock(&pool->lock);
    pool->done(pool->context, job);
    if (carrier->spent)
        close_session(worker);
}

/* False where it has been put back often enough, or nobody would wait for it any more. */
static bool put_back(struct worker *worker, struct job *job)
{
    struct pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    bool may = !pool->stopping && job->returns < MAX_RETURNS && !job_has_expired(job, clock_monotonic_us());
    if (may) {
        job->returns++;
        queue_put(&pool->queue, job, JOB_AHEAD);
        tempo_part(&pool->tempo);
        pool_rouse(pool);
    }
    pthread_mutex_unlock(&pool->lock);
    return may;
}

static void serve_probe(struct worker *worker, struct job *job)
{
    struct arena arena;
    struct outcome outcome = {0};
    worker->deadline = (struct deadline){INT64_MAX};
    arena_init(&arena, PROBE_ARENA_BYTES);
    enum carrier_end end =
        carrier_probe(&worker->carrier, worker->configuration, worker->pool->relay, &outcome, &arena);
    finish(worker, job, end, &outcome);
    arena_fini(&arena);
}

static void serve_submission(struct worker *worker, struct job *job)
{
    struct pool *pool = worker->pool;
    worker->deadline = job->submission->deadline;
    enum carrier_end end =
        carrier_deliver(&worker->carrier, worker->configuration, pool->relay, job->submission);
    bool is_unserved = end == CARRIER_BARRED || worker->may_try_again;
    if (is_unserved && put_back(worker, job))
        return;
    if (end == CARRIER_BARRED) {
        pool_end_refused(pool, job);
        return;
    }
    finish(worker, job, end, &job->submission->outcome);
}

static void serve(struct worker *worker, struct job *job)
{
    worker->may_try_again = false;
    worker->began_us = clock_monotonic_us();
    if (!worker->is_ahead && job_has_expired(job, worker->began_us))
        pool_end_expired(worker->pool, job);
    else if (worker->is_refused)
        pool_end_refused(worker->pool, job);
    else if (job->submission)
        serve_submission(worker, job);
    else
        serve_probe(worker, job);
    configuration_release(&worker->configuration);
}

/* False where a job came in meanwhile that this thread can do something for. */
static bool leave(struct worker *worker, struct departed *before)
{
    struct pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    pool->leaving--;
    bool stays = pool->queue.first && !is_one_too_many(worker) && permit_ask(worker) != BREAKER_WAIT;
    if (!stays) {
        permit_drop(worker);
        *before = pool->departed;
        pool->departed = (struct departed){true, pthread_self()};
        pool->threads--;
        tempo_part(&pool->tempo);
        pool_rouse(pool);
        if (pool->threads == 0)
            pthread_cond_broadcast(&pool->gone);
    }
    pthread_mutex_unlock(&pool->lock);
    return !stays;
}

struct worker *worker_new(struct pool *pool)
{
    struct worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&worker->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    worker->pool = pool;
    worker->permit = pool->epoch;
    return worker;
}

void worker_free(struct worker *worker)
{
    pthread_cond_destroy(&worker->wake);
    free(worker);
}

/* Each thread that leaves joins the one that left before it, and pool_stop the last: none is still ending
 * when the pool is gone. */
void *worker_run(void *argument)
{
    struct worker *worker = argument;
    struct departed before = {0};
    thread_name("session");
    worker->carrier.owner = (struct carrier_owner){worker, may_open, note_opened, take_ahead};
    do {
        for (struct job *job; (job = next_job(worker));)
            serve(worker, job);
        close_session(worker);
    } while (!leave(worker, &before));
    worker_free(worker);
    if (before.exists)
        pthread_join(before.thread, NULL);
    return NULL;
}
