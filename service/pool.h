/* service/pool.h: the sessions with one relay: threads that take messages from a bounded queue.
 *
 * A thread is started when a message finds none waiting, up to the limit, and ends, with its session, when
 * there was nothing to do for a while: an idle gateway holds neither.
 *
 * Ownership  a job belongs to the pool from pool_push until `done` is called with it, once, on any thread.
 * Errors     OVERLOADED: the queue is full, or a message waited in it until its deadline; SHUTTING_DOWN.
 * Threads    push, expire, replace, look: any.
 */
#ifndef POSTERN_SERVICE_POOL_H
#define POSTERN_SERVICE_POOL_H

#include "api/submission.h"
#include "service/configuration.h"

struct job {
    struct job *next;
    struct submission *submission; /* NULL: only see whether a session can be opened */
    int64_t queued_at_us;
    size_t relay; /* which of the relays it is waiting for */
};

enum job_place { JOB_BEHIND, JOB_AHEAD };

struct pool;

typedef void pool_done(void *context, struct job *job);

struct pool *pool_start(struct configuration *configuration, size_t relay, pool_done *done, void *context);

/* Ahead is for what has waited for another relay already, so that the queue keeps the order of deadlines. */
bool pool_push(struct pool *pool, struct job *job, enum job_place place, struct fault *fault);

/* Ends what has waited until its deadline. To be called now and then. */
void pool_expire(struct pool *pool);

/* New sessions use it; open ones are closed when their message is done. */
void pool_replace(struct pool *pool, struct configuration *configuration);

/* How the relay was when a session with it was last opened, or failed to. */
struct pool_view {
    size_t queued;
    unsigned threads;
    unsigned idle_threads;
    int64_t checked_at_us; /* 0: never */
    struct fault health;   /* FAULT_NONE: a session was opened */
};

void pool_look(struct pool *pool, struct pool_view *view);

/* From now on nothing is taken; what is queued ends as SHUTTING_DOWN. Waits for the threads, whose waits the configuration's
 * stop_fd has ended: on return every job is done. */
void pool_stop(struct pool *pool);

/* Stopped, or never pushed to. */
void pool_free(struct pool **pool);

#endif
