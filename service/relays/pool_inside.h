/* service/relays/pool_inside.h: what pool.c, its threads, worker.c, and their permits, permit.c, share. Nobody else
 * includes it.
 *
 * Threads    everything in the pool is guarded by its lock; what a worker has is its own thread's, but for
 *            what is said to be counted.
 */
#ifndef POSTERN_SERVICE_RELAYS_POOL_INSIDE_H
#define POSTERN_SERVICE_RELAYS_POOL_INSIDE_H

#include "service/relays/carrier.h"
#include "service/relays/limit.h"
#include "service/relays/pool.h"

#include <pthread.h>

struct departed {
    bool exists;
    pthread_t thread;
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work; /* a job was queued, the configuration replaced, or the pool stops */
    pthread_cond_t gone; /* the last thread has ended */
    struct queue queue;
    struct breaker breaker;
    struct limit limit;
    unsigned threads;
    unsigned leaving;      /* of these, that are closing their session to end */
    unsigned idle_threads; /* that can take a job at once */
    unsigned sessions;     /* that are open, and not of a thread that is leaving */
    bool stopping;
    struct departed departed; /* the thread that ended last, not joined yet */
    int64_t checked_at_us;
    struct fault health;
    struct configuration *configuration;
    int64_t overlap_from_us; /* until then no message is begun with the end of another */
    unsigned epoch;          /* counts the configurations; from 1 */
    size_t relay;
    struct relay_metrics *metrics;
    pool_done *done;
    void *context;
};

/* A session thread. */
struct worker {
    struct pool *pool;
    struct carrier carrier;
    struct configuration *configuration; /* that the job in hand is served with */
    struct deadline deadline;            /* of that job */
    int64_t opening_at_us;               /* when the session that is being opened was begun */
    struct job *held;                    /* taken while another was served: the next */
    unsigned permit;           /* the epoch in which the breaker let it open a session; 0: it has not */
    bool is_idle, has_session; /* counted */
    bool is_refused;           /* the breaker is open: the job in hand is to be ended */
    bool is_ahead;             /* the session knows of the job in hand: nobody else may have it */
    bool may_try_again;        /* no session could be opened, but another may do, or other terms hold now */
};

void *worker_run(void *argument);

/* With the lock held: threads for the jobs that wait, as far as limit, breaker and system allow. */
void pool_provide_threads(struct pool *pool);

/* With the lock held. */
void worker_count_idle(struct worker *worker, bool is_idle);

/* The breaker's leave to open a session, which a worker has until it is spent; all with the lock held. One of
 * another epoch is none. */
bool permit_is_held(const struct worker *worker);
enum breaker_answer permit_ask(struct worker *worker);
void permit_drop(struct worker *worker);

/* The try has ended, as the outcome says: breaker and limit learn of it. */
void permit_spend(struct worker *worker, const struct outcome *outcome);

/* Ends a job that no session was tried for. */
void pool_end_expired(struct pool *pool, struct job *job);
void pool_end_refused(struct pool *pool, struct job *job);

#endif
