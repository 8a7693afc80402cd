/* One lock guards queue, counts, limit and breaker; it is held for a few instructions and never while a
 * thread talks to its relay. Here is what others call; what the threads do is worker.c.
 *
 * Why nothing waits for ever. While the queue holds a job, some thread is going to look at it:
 *
 * - pool_push takes a job only where there is a thread, and wakes or starts one for it where none is about to look,
 *   and none of those that are busy takes it soon.
 * - Only a thread with an open session sleeps. One that was woken and has to leave wakes another.
 * - A thread leaves a job behind only where another thread is there to look: one that finds out whether the
 *   relay lets it in (the breaker said WAIT), or one of those within the limit, which is never 0.
 * - What only time changes (a limit that grows, a trial or a message that takes longer than those before) pool_tick
 *   looks after; and it ends what has waited until its deadline.
 *
 * Why nothing is put back for ever: each time is counted in the job, and it may be only MAX_RETURNS times,
 * within its deadline. */
#include "base/thread.h"
#include "service/relays/pool_inside.h"

#include <stdlib.h>

static void end_without_try(struct pool *pool, struct job *job, const struct fault *fault)
{
    job_end_wait(job);
    if (job->submission)
        job->submission->outcome.fault = *fault;
    pool->done(pool->context, job);
}

static void end_as(struct pool *pool, struct job *job, enum fault_code code, const char *why)
{
    struct fault fault;
    fault_set(&fault, code, "%s", why);
    end_without_try(pool, job, &fault);
}

void pool_end_expired(struct pool *pool, struct job *job)
{
    end_as(pool, job, FAULT_OVERLOADED,
           "every session with the relay was busy until the time for this message had passed");
}

/* The relay that is named is this one, even where another was tried before. */
static void name_relay(const struct pool *pool, struct submission *submission)
{
    const struct smtp_relay *relay = &pool->configuration->relays.items[pool->relay];
    struct outcome *outcome = &submission->outcome;
    outcome->host = arena_copy(&submission->arena, relay->host);
    outcome->port = relay->port;
    outcome->tls = (struct str){0};
    outcome->reply = (struct outcome_reply){0};
}

/* With the lock held. Where the last try did not fail, something else kept this message waiting. */
static struct fault find_refusal(const struct pool *pool)
{
    struct fault fault = pool->breaker.last_fault;
    const char *why =
        pool->health.code == FAULT_NONE ? "another was still being opened" : pool->health.detail;
    if (fault.code == FAULT_NONE)
        fault_set(&fault, FAULT_OVERLOADED, "no session with the relay could be had: %s", why);
    return fault;
}

void pool_end_refused(struct pool *pool, struct job *job)
{
    pthread_mutex_lock(&pool->lock);
    struct fault fault = find_refusal(pool);
    if (job->submission)
        name_relay(pool, job->submission);
    pthread_mutex_unlock(&pool->lock);
    end_without_try(pool, job, &fault);
}

static void judge_anew(struct pool *pool)
{
    const struct configuration *configuration = pool->configuration;
    const struct settings *settings = &configuration->settings;
    struct breaker_terms terms = {.max_failures = settings->smtp_max_failures,
                                  .login_window_us = settings->smtp_login_window_ms * 1000,
                                  .has_login = configuration->relays.items[pool->relay].username.data};
    breaker_init(&pool->breaker, &terms);
    limit_init(&pool->limit, (unsigned)settings->smtp_max_connections);
    pool->overlap_from_us = settings->smtp_overlap == SWITCHED_ON ? 0 : INT64_MAX;
    pool->epoch++;
}

struct pool *pool_start(struct configuration *configuration, size_t relay, struct relay_metrics *metrics,
                        pool_done *done, void *context)
{
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->gone, NULL);
    queue_init(&pool->queue);
    pool->configuration = configuration_hold(configuration);
    pool->relay = relay;
    pool->metrics = metrics;
    pool->done = done;
    pool->context = context;
    judge_anew(pool);
    return pool;
}

static bool start_thread(struct pool *pool, int64_t now_us)
{
    pthread_t thread; /* joined by the one that leaves next, whoever that is */
    struct worker *worker = worker_new(pool);
    if (!worker)
        return false;
    if (!thread_start(&thread, worker_run, worker)) {
        worker_free(worker);
        return false;
    }
    pool->threads++;
    breaker_begin(&pool->breaker, now_us);
    worker_count_idle(worker, true);
    return true;
}

/* The jobs that wait but for those that `looking` threads are about to take. */
static struct tempo_load load_of(const struct pool *pool, unsigned looking)
{
    return (struct tempo_load){.busy = pool->carrying,
                               .messages = pool->queue.count > looking ? pool->queue.count - looking : 0,
                               .since_us = pool->queue.first ? pool->queue.first->queued_at_us : 0};
}

static bool needs_another(const struct pool *pool, int64_t now_us)
{
    struct tempo_load load = load_of(pool, pool->idle_threads - pool->asleep);
    return load.messages && !tempo_suffices(&pool->tempo, &load, TEMPO_PATIENCE_US, now_us);
}

bool pool_does_without_one(const struct pool *pool)
{
    struct tempo_load load = load_of(pool, pool->idle_threads - pool->asleep - 1);
    return load.messages && tempo_suffices(&pool->tempo, &load, TEMPO_REST_US, clock_monotonic_us());
}

static bool start_another(struct pool *pool, int64_t now_us)
{
    return pool->threads < limit_get(&pool->limit, now_us) &&
           breaker_ask(&pool->breaker, now_us) == BREAKER_GO && start_thread(pool, now_us);
}

void pool_rouse(struct pool *pool)
{
    int64_t now_us = clock_monotonic_us();
    while (!pool->stopping && needs_another(pool, now_us)) {
        if (pool->sleepers)
            worker_wake(pool->sleepers);
        else if (!start_another(pool, now_us))
            return;
        tempo_join(&pool->tempo, now_us);
    }
}

/* With the lock held. */
static bool refuses(const struct pool *pool)
{
    return pool->sessions == 0 && breaker_ask(&pool->breaker, clock_monotonic_us()) == BREAKER_REFUSE;
}

/* With the lock held. */
static bool enqueue(struct pool *pool, struct job *job, enum job_place place, struct fault *fault)
{
    if (pool->stopping)
        return fault_set(fault, FAULT_SHUTTING_DOWN, "Postern is stopping");
    if (pool->queue.count >= pool->configuration->settings.max_queue)
        return fault_set(fault, FAULT_OVERLOADED, "%zu messages are waiting for the relay already",
                         pool->queue.count);
    queue_put(&pool->queue, job, place);
    pool_rouse(pool);
    if (pool->threads == 0) {
        queue_take(&pool->queue); /* there was no other: nobody would have been there for it */
        return fault_set(fault, FAULT_OVERLOADED, "no thread could be started to send the message");
    }
    return true;
}

bool pool_push(struct pool *pool, struct job *job, enum job_place place, struct fault *fault)
{
    pthread_mutex_lock(&pool->lock);
    bool is_refused = !pool->stopping && refuses(pool);
    bool taken = is_refused || enqueue(pool, job, place, fault);
    pthread_mutex_unlock(&pool->lock);
    if (is_refused)
        pool_end_refused(pool, job);
    return taken;
}

static struct job *take_expired(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    bool has_one = pool->queue.first && job_has_expired(pool->queue.first, clock_monotonic_us());
    struct job *job = has_one ? queue_take(&pool->queue) : NULL;
    if (!job)
        pool_rouse(pool);
    pthread_mutex_unlock(&pool->lock);
    return job;
}

void pool_tick(struct pool *pool)
{
    for (struct job *job; (job = take_expired(pool));)
        pool_end_expired(pool, job);
}

/* With the lock held. */
static void wake_all(struct pool *pool)
{
    while (pool->sleepers)
        worker_wake(pool->sleepers);
}

void pool_replace(struct pool *pool, struct configuration *configuration)
{
    pthread_mutex_lock(&pool->lock);
    struct configuration *old = pool->configuration;
    pool->configuration = configuration_hold(configuration);
    judge_anew(pool);
    pool_rouse(pool);
    wake_all(pool);
    pthread_mutex_unlock(&pool->lock);
    configuration_release(&old);
}

void pool_look(struct pool *pool, struct pool_view *view)
{
    pthread_mutex_lock(&pool->lock);
    int64_t now_us = clock_monotonic_us();
    *view = (struct pool_view){.queued = pool->queue.count,
                               .threads = pool->threads,
                               .idle_threads = pool->idle_threads,
                               .sessions = pool->sessions,
                               .limit = limit_get(&pool->limit, now_us),
                               .breaker = breaker_state(&pool->breaker, now_us),
                               .checked_at_us = pool->checked_at_us,
                               .health = pool->health};
    pthread_mutex_unlock(&pool->lock);
}

bool pool_refuses(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    bool is_so = refuses(pool);
    pthread_mutex_unlock(&pool->lock);
    return is_so;
}

static struct job *take_when_stopping(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    wake_all(pool);
    struct job *job = queue_take(&pool->queue);
    pthread_mutex_unlock(&pool->lock);
    return job;
}

void pool_stop(struct pool *pool)
{
    for (struct job *job; (job = take_when_stopping(pool));)
        end_as(pool, job, FAULT_SHUTTING_DOWN, "Postern stopped before the message's turn came");
    pthread_mutex_lock(&pool->lock);
    while (pool->threads)
        pthread_cond_wait(&pool->gone, &pool->lock);
    struct departed last = pool->departed;
    pool->departed = (struct departed){0};
    pthread_mutex_unlock(&pool->lock);
    if (last.exists)
        pthread_join(last.thread, NULL);
}

void pool_free(struct pool **pool)
{
    struct pool *gone = *pool;
    *pool = NULL;
    if (!gone)
        return;
    configuration_release(&gone->configuration);
    pthread_cond_destroy(&gone->gone);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
}
