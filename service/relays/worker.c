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
#include "service/relays/pool_inside.h"

#include <errno.h>
#include <stdlib.h>

enum { MAX_RETURNS = 3, PROBE_ARENA_BYTES = 256 * 1024, OVERLAP_AGAIN_US = 600000000 };

void worker_count_idle(struct worker *worker, bool is_idle)
{
    if (is_idle && !worker->is_idle)
        worker->pool->idle_threads++;
    if (!is_idle && worker->is_idle)
        worker->pool->idle_threads--;
    worker->is_idle = is_idle;
}

/* With the lock held. */
static void count_session(struct worker *worker, bool has_session)
{
    if (has_session && !worker->has_session)
        worker->pool->sessions++;
    if (!has_session && worker->has_session && --worker->pool->sessions == 0)
        breaker_rest(&worker->pool->breaker);
    worker->has_session = has_session;
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

/* With the lock held. An idle thread would have it on its way sooner; and none is taken that may have to end
 * before the one that is on its way. */
static bool may_take_ahead(struct worker *worker)
{
    struct pool *pool = worker->pool;
    const struct job *job = pool->queue.first;
    int64_t now_us = clock_monotonic_us();
    return now_us >= pool->overlap_from_us && !worker->held && !pool->stopping && job && job->submission &&
           !job_has_expired(job, now_us) && job->submission->deadline.at_us >= worker->deadline.at_us &&
           pool->queue.count > pool->idle_threads && worker->configuration == pool->configuration &&
           !is_one_too_many(worker) && carrier_has_room(&worker->carrier, worker->configuration);
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

/* With the lock held. */
static struct job *take(struct worker *worker)
{
    struct pool *pool = worker->pool;
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

/* A job, or NULL, and the thread counts as leaving: there is nothing to do for it. */
static struct job *next_job(struct worker *worker)
{
    struct pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    struct timespec until =
        deadline_timespec(deadline_after_ms(pool->configuration->settings.timeout_smtp_idle_ms));
    struct job *job = NULL;
    for (int waited = 0;;) {
        close_outdated(worker);
        job = take(worker);
        if (job || waited == ETIMEDOUT || !may_wait(worker))
            break;
        worker_count_idle(worker, true);
        waited = pthread_cond_timedwait(&pool->work, &pool->lock, &until);
    }
    worker_count_idle(worker, false);
    if (job) {
        worker->configuration = configuration_hold(pool->configuration);
    } else {
        pool->leaving++;
        count_session(worker, false);
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void record_health(struct pool *pool, const struct fault *health)
{
    pthread_mutex_lock(&pool->lock);
    pool->health = *health;
    pool->checked_at_us = clock_monotonic_us();
    pthread_mutex_unlock(&pool->lock);
}

/* A session stands, or else the fault says why none could be opened: the relay's, or our own. */
static void learn_health(struct worker *worker, const struct outcome *outcome)
{
    bool stands = worker->carrier.session;
    if (stands || fault_kind(outcome->fault.code)->blame == BLAME_RELAY)
        record_health(worker->pool, stands ? &(struct fault){.code = FAULT_NONE} : &outcome->fault);
}

/* RFC 3463 3.8: X.7.x is policy, and for now: the relay wants less. */
static bool is_throttled(const struct outcome *outcome)
{
    return outcome->delivery == DELIVERY_NOT_SENT && outcome->reply.code / 100 == 4 &&
           str_starts_with(outcome->reply.enhanced, STR("4.7."));
}

/* Tells the outcome. The thread counts as idle from before that, so that a caller's next message finds it and
 * its open session; unless that is to be closed, which may take a moment. */
static void finish(struct worker *worker, struct job *job)
{
    struct pool *pool = worker->pool;
    struct carrier *carrier = &worker->carrier;
    pthread_mutex_lock(&pool->lock);
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
        pthread_cond_signal(&pool->work);
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
    if (end != CARRIER_BARRED && !worker->may_try_again)
        learn_health(worker, &outcome);
    arena_fini(&arena);
    finish(worker, job);
}

/* What the relay has shown that it can take. */
static void learn_manners(struct worker *worker, const struct outcome *outcome)
{
    struct pool *pool = worker->pool;
    int64_t now_us = clock_monotonic_us();
    pthread_mutex_lock(&pool->lock);
    if (is_throttled(outcome))
        limit_halve(&pool->limit, pool->sessions, now_us);
    bool broke_off = worker->held && outcome->delivery == DELIVERY_UNKNOWN;
    bool was_lost = worker->is_ahead && outcome->fault.code == FAULT_UPSTREAM_TIMEOUT;
    if ((broke_off || was_lost) && pool->overlap_from_us < now_us)
        pool->overlap_from_us = now_us + OVERLAP_AGAIN_US;
    pthread_mutex_unlock(&pool->lock);
}

static void serve_submission(struct worker *worker, struct job *job)
{
    struct pool *pool = worker->pool;
    struct outcome *outcome = &job->submission->outcome;
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
    if (end == CARRIER_SERVED)
        learn_manners(worker, outcome);
    if (!worker->may_try_again)
        learn_health(worker, outcome);
    finish(worker, job);
}

static void serve(struct worker *worker, struct job *job)
{
    worker->may_try_again = false;
    if (!worker->is_ahead && job_has_expired(job, clock_monotonic_us()))
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
        if (pool->queue.first)
            pthread_cond_signal(&pool->work);
        if (pool->threads == 0)
            pthread_cond_broadcast(&pool->gone);
    }
    pthread_mutex_unlock(&pool->lock);
    return !stays;
}

/* Each thread that leaves joins the one that left before it, and pool_stop the last: none is still ending
 * when the pool is gone. */
void *worker_run(void *argument)
{
    struct worker *worker = argument;
    struct departed before = {0};
    worker->carrier.owner = (struct carrier_owner){worker, may_open, note_opened, take_ahead};
    do {
        for (struct job *job; (job = next_job(worker));)
            serve(worker, job);
        close_session(worker);
    } while (!leave(worker, &before));
    free(worker);
    if (before.exists)
        pthread_join(before.thread, NULL);
    return NULL;
}
