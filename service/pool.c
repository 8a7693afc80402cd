/* One lock guards queue, counts and health; it is held for a few instructions and never while a thread talks
 * to its relay.
 *
 * A thread that finds the queue empty waits on `work`. When it has waited long enough it closes its session
 * first and only then gives up its place, so that there are never more sessions than the limit.
 */
#include "service/pool.h"

#include "service/carrier.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

enum { THREAD_STACK_BYTES = 512 * 1024, PROBE_ARENA_BYTES = 256 * 1024, PROBE_US = 10000000 };

struct departed {
    bool exists;
    pthread_t thread;
};

/* A session thread. */
struct worker {
    struct pool *pool;
    struct carrier carrier;
    bool is_idle; /* counted among the idle threads */
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work; /* a job was queued, or the pool stops */
    pthread_cond_t gone; /* the last thread has ended */
    struct job *first;
    struct job **last; /* where the next job's address goes */
    size_t queued;
    unsigned threads;
    unsigned idle_threads; /* that can take a job at once */
    bool stopping;
    struct departed departed; /* the thread that ended last, not joined yet */
    int64_t checked_at_us;
    struct fault health;
    struct configuration *configuration;
    size_t relay;
    pool_done *done;
    void *context;
};

static void queue_put(struct pool *pool, struct job *job, enum job_place place)
{
    struct job **where = place == JOB_AHEAD ? &pool->first : pool->last;
    job->next = *where;
    *where = job;
    if (!job->next)
        pool->last = &job->next;
    pool->queued++;
}

static struct job *queue_take(struct pool *pool)
{
    struct job *job = pool->first;
    if (!job)
        return NULL;
    pool->first = job->next;
    if (!pool->first)
        pool->last = &pool->first;
    pool->queued--;
    job->next = NULL;
    return job;
}

static void end_without_try(struct pool *pool, struct job *job, enum fault_code code, const char *why)
{
    if (job->submission) {
        struct outcome *outcome = &job->submission->outcome;
        outcome->timing.queued_us = clock_monotonic_us() - job->queued_at_us;
        fault_set(&outcome->fault, code, "%s", why);
    }
    pool->done(pool->context, job);
}

/* A probe is of no use to anybody later: readiness asks again. */
static bool has_expired(const struct job *job)
{
    struct deadline probe = {job->queued_at_us + PROBE_US};
    return deadline_passed(job->submission ? job->submission->deadline : probe);
}

static void end_expired(struct pool *pool, struct job *job)
{
    end_without_try(pool, job, FAULT_OVERLOADED,
                    "every session with the relay was busy until the time for this message had passed");
}

/* With the lock held. */
static void count_idle(struct worker *worker, bool is_idle)
{
    if (is_idle && !worker->is_idle)
        worker->pool->idle_threads++;
    if (!is_idle && worker->is_idle)
        worker->pool->idle_threads--;
    worker->is_idle = is_idle;
}

/* A job, or NULL when there was none for the idle time, or the pool stops. */
static struct job *pool_take(struct worker *worker)
{
    struct pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    struct timespec until =
        deadline_timespec(deadline_after_ms(pool->configuration->settings.timeout_smtp_idle_ms));
    int waited = 0;
    count_idle(worker, true);
    while (!pool->first && !pool->stopping && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&pool->work, &pool->lock, &until);
    count_idle(worker, false);
    struct job *job = queue_take(pool);
    pthread_mutex_unlock(&pool->lock);
    return job;
}

/* Tells the outcome. The thread counts as idle from before that, so that a caller's next message finds it and
 * its open session; unless a QUIT is still to be said, which may take a moment. */
static void finish(struct worker *worker, struct job *job)
{
    struct pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    count_idle(worker, !worker->carrier.spent);
    pthread_mutex_unlock(&pool->lock);
    pool->done(pool->context, job);
    carrier_settle(&worker->carrier);
}

static struct configuration *current_configuration(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct configuration *configuration = configuration_hold(pool->configuration);
    pthread_mutex_unlock(&pool->lock);
    return configuration;
}

static void record_health(struct pool *pool, const struct fault *health)
{
    pthread_mutex_lock(&pool->lock);
    pool->health = *health;
    pool->checked_at_us = clock_monotonic_us();
    pthread_mutex_unlock(&pool->lock);
}

static void serve_probe(struct pool *pool, struct carrier *carrier, struct configuration *configuration)
{
    struct arena arena;
    struct outcome outcome = {0};
    arena_init(&arena, PROBE_ARENA_BYTES);
    carrier_probe(carrier, configuration, pool->relay, &outcome, &arena);
    record_health(pool, &outcome.fault);
    arena_fini(&arena);
}

static void serve_submission(struct pool *pool, struct carrier *carrier, struct configuration *configuration,
                             struct job *job)
{
    struct outcome *outcome = &job->submission->outcome;
    outcome->timing.queued_us = clock_monotonic_us() - job->queued_at_us;
    carrier_deliver(carrier, configuration, pool->relay, job->submission);
    /* A session stands, or else the fault says why none could be opened: the relay's, or our own. */
    bool is_relays = str_starts_with(str_of(fault_kind(outcome->fault.code)->name), STR("upstream-"));
    if (carrier->session || is_relays)
        record_health(pool, carrier->session ? &(struct fault){.code = FAULT_NONE} : &outcome->fault);
}

static void serve(struct worker *worker, struct job *job)
{
    struct pool *pool = worker->pool;
    if (has_expired(job)) {
        end_expired(pool, job);
        return;
    }
    struct configuration *configuration = current_configuration(pool);
    if (job->submission)
        serve_submission(pool, &worker->carrier, configuration, job);
    else
        serve_probe(pool, &worker->carrier, configuration);
    finish(worker, job);
    configuration_release(&configuration);
}

/* False where a job came in meanwhile: the thread is still needed. */
static bool give_up_place(struct pool *pool, struct departed *before)
{
    pthread_mutex_lock(&pool->lock);
    bool leaves = !pool->first;
    if (leaves) {
        *before = pool->departed;
        pool->departed = (struct departed){true, pthread_self()};
        if (--pool->threads == 0)
            pthread_cond_broadcast(&pool->gone);
    }
    pthread_mutex_unlock(&pool->lock);
    return leaves;
}

static void join(struct departed departed)
{
    if (departed.exists)
        pthread_join(departed.thread, NULL);
}

/* Each thread that leaves joins the one that left before it, and pool_stop the last: none is still ending
 * when the pool is gone. */
static void *session_thread(void *argument)
{
    struct worker worker = {.pool = argument};
    struct departed before = {0};
    do {
        for (struct job *job; (job = pool_take(&worker));)
            serve(&worker, job);
        carrier_close(&worker.carrier);
    } while (!give_up_place(worker.pool, &before));
    join(before);
    return NULL;
}

static bool start_thread(struct pool *pool)
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
    bool started = pthread_create(&thread, &attributes, session_thread, pool) == 0;
    pthread_attr_destroy(&attributes);
    if (started)
        pool->threads++;
    return started;
}

struct pool *pool_start(struct configuration *configuration, size_t relay, pool_done *done, void *context)
{
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, &attributes);
    pthread_cond_init(&pool->gone, &attributes);
    pthread_condattr_destroy(&attributes);
    pool->last = &pool->first;
    pool->configuration = configuration_hold(configuration);
    pool->relay = relay;
    pool->done = done;
    pool->context = context;
    return pool;
}

/* With the lock held: a thread for every waiting job, as far as the limit and the system allow. False where
 * there is none at all. */
static bool provide_thread(struct pool *pool)
{
    bool wants_more = pool->queued >= pool->idle_threads;
    if (wants_more && pool->threads < pool->configuration->settings.smtp_max_connections)
        start_thread(pool);
    return pool->threads > 0;
}

bool pool_push(struct pool *pool, struct job *job, enum job_place place, struct fault *fault)
{
    bool taken = false;
    pthread_mutex_lock(&pool->lock);
    if (pool->stopping)
        fault_set(fault, FAULT_SHUTTING_DOWN, "Postern is stopping");
    else if (pool->queued >= pool->configuration->settings.max_queue)
        fault_set(fault, FAULT_OVERLOADED, "%zu messages are waiting for the relay already", pool->queued);
    else if (!provide_thread(pool))
        fault_set(fault, FAULT_OVERLOADED, "no thread could be started to send the message");
    else {
        queue_put(pool, job, place);
        pthread_cond_signal(&pool->work);
        taken = true;
    }
    pthread_mutex_unlock(&pool->lock);
    return taken;
}

static struct job *take_expired(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct job *job = pool->first && has_expired(pool->first) ? queue_take(pool) : NULL;
    pthread_mutex_unlock(&pool->lock);
    return job;
}

void pool_expire(struct pool *pool)
{
    for (struct job *job; (job = take_expired(pool));)
        end_expired(pool, job);
}

void pool_replace(struct pool *pool, struct configuration *configuration)
{
    pthread_mutex_lock(&pool->lock);
    struct configuration *old = pool->configuration;
    pool->configuration = configuration_hold(configuration);
    pthread_mutex_unlock(&pool->lock);
    configuration_release(&old);
}

void pool_look(struct pool *pool, struct pool_view *view)
{
    pthread_mutex_lock(&pool->lock);
    *view = (struct pool_view){.queued = pool->queued,
                               .threads = pool->threads,
                               .idle_threads = pool->idle_threads,
                               .checked_at_us = pool->checked_at_us,
                               .health = pool->health};
    pthread_mutex_unlock(&pool->lock);
}

static struct job *take_when_stopping(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    struct job *job = queue_take(pool);
    pthread_mutex_unlock(&pool->lock);
    return job;
}

void pool_stop(struct pool *pool)
{
    for (struct job *job; (job = take_when_stopping(pool));)
        end_without_try(pool, job, FAULT_SHUTTING_DOWN, "Postern stopped before the message's turn came");
    pthread_mutex_lock(&pool->lock);
    while (pool->threads)
        pthread_cond_wait(&pool->gone, &pool->lock);
    struct departed last = pool->departed;
    pool->departed = (struct departed){0};
    pthread_mutex_unlock(&pool->lock);
    join(last);
}

void pool_free(struct pool **pool)
{
    struct pool *gone = *pool;
    *pool = NULL;
    if (!gone)
        return;
    configuration_release(&gone->configuration);
    pthread_cond_destroy(&gone->work);
    pthread_cond_destroy(&gone->gone);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
}
