/* service/relays/pool_inside.h: what pool.c and its threads share: worker.c, their rest, worker_sleep.c, what they
 * learn, worker_learn.c, and their permits, permit.c. Nobody else includes it but the pool's own test.
 *
 * Threads    everything in the pool is guarded by its lock, and so is of a worker what is said to be counted, and
 *            what it sleeps by; the rest is its own thread's.
 */
#ifndef POSTERN_SERVICE_RELAYS_POOL_INSIDE_H
#define POSTERN_SERVICE_RELAYS_POOL_INSIDE_H

#include "service/relays/carrier.h"
#include "service/relays/limit.h"
#include "service/relays/pool.h"
#include "service/relays/tempo.h"

#include <pthread.h>

struct departed {
    bool exists;
    pthread_t thread;
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t gone; /* the last thread has ended */
    struct queue queue;
    struct worker *sleepers; /* the one that fell asleep last is the first */
    struct breaker breaker;
    struct limit limit;
    unsigned threads;
    unsigned leaving;      /* of these, that are closing their session to end */
    unsigned idle_threads; /* that can take a job at once: asleep, or about to look for one */
    unsigned asleep;       /* of these */
    unsigned sessions;     /* that are open, and not of a thread that is leaving */
    unsigned carrying;     /* of these, with a message under way */
    bool stopping;
    struct departed departed; /* the thread that ended last, not joined yet */
    struct tempo tempo;
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
    pthread_cond_t wake; /* with the next: what it sleeps by */
    struct worker *next_sleeper;
    struct carrier carrier;
    struct configuration *configuration; /* that the job in hand is served with */
    struct deadline deadline;            /* of that job */
    int64_t began_us;                    /* when it was begun */
    int64_t opening_at_us;               /* when the session that is being opened was begun */
    struct job *held;                    /* taken while another was served: the next */
    unsigned permit; /* the epoch in which the breaker let it open a session; 0: it has not */
    bool is_idle, is_asleep, has_session, is_carrying; /* counted */
    bool is_refused;    /* the breaker is open: the job in hand is to be ended */
    bool is_ahead;      /* the session knows of the job in hand: nobody else may have it */
    bool may_try_again; /* no session could be opened, but another may do, or other terms hold now */
};

struct worker *worker_new(struct pool *pool);
void worker_free(struct worker *worker);
void *worker_run(void *argument);

/* With the lock held: threads for the jobs that wait and are not taken soon, woken up or started, as far as limit,
 * breaker and system allow. */
void pool_rouse(struct pool *pool);

/* With the lock held, for a thread that is about to look for a job: those that are busy take what there is. */
bool pool_does_without_one(const struct pool *pool);

/* All with the lock held. */
void worker_count_idle(struct worker *worker, bool is_idle);
void worker_wake(struct worker *worker);

/* Lets go of the lock meanwhile. False where nobody woke it in time. */
bool worker_sleep(struct worker *worker, const struct timespec *until);

/* With the lock held: what the end of a job, a message or a look at the relay, says about it. */
void worker_learn(struct worker *worker, const struct job *job, enum carrier_end end,
                  const struct outcome *outcome);

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
