/* service/relays/pool.h: the sessions with one relay: threads that take messages from a bounded queue.
 *
 * A thread is started when a message finds none waiting, up to the limit, and those that are busy do not take it
 * soon (tempo.h). It ends, with its session, when there was nothing to do for a while: an idle gateway holds
 * neither. How many there may be is limit.h's to say, whether a session may be opened at all breaker.h's.
 *
 * Ownership  a job belongs to the pool from pool_push until `done` is called with it, once, on any thread.
 * Errors     OVERLOADED: the queue is full, or a message waited in it until its deadline; SHUTTING_DOWN.
 *            While no session can be had, the fault of the one that was tried last.
 * Threads    push, tick, replace, look: any.
 */
#ifndef POSTERN_SERVICE_RELAYS_POOL_H
#define POSTERN_SERVICE_RELAYS_POOL_H

#include "service/relays/breaker.h"
#include "service/relays/queue.h"
#include "service/settings/configuration.h"
#include "service/watch/metrics.h"

struct pool;

/* May push to this pool or another. */
typedef void pool_done(void *context, struct job *job);

/* `metrics` learns of each session that was opened, or could not be. */
struct pool *pool_start(struct configuration *configuration, size_t relay, struct relay_metrics *metrics,
                        pool_done *done, void *context);

/* Once it is taken, `done` may be called before this returns. */
bool pool_push(struct pool *pool, struct job *job, enum job_place place, struct fault *fault);

/* Ends what has waited until its deadline, and wakes or starts threads that a limit or a trial had held back, or that
 * busy ones were to do without, and did not. To be called at least each second while there is work: none waits
 * longer for nothing. */
void pool_tick(struct pool *pool);

/* New sessions use it, and nothing that was learnt of the old one's holds; open ones are closed when their
 * message is done, idle ones at once. */
void pool_replace(struct pool *pool, struct configuration *configuration);

struct pool_view {
    size_t queued;
    unsigned threads;
    unsigned idle_threads;
    unsigned sessions; /* open */
    unsigned limit;
    enum breaker_state breaker;
    int64_t checked_at_us; /* when a session was last seen to work, or failed to open; 0: never */
    struct fault health;   /* what was seen then; FAULT_NONE: a session stood */
};

void pool_look(struct pool *pool, struct pool_view *view);

/* What is pushed now would be refused without a try. */
bool pool_refuses(struct pool *pool);

/* From now on nothing is taken; what is queued ends as SHUTTING_DOWN. Waits for the threads, whose waits the
 * configuration's stop_fd has ended: on return every job is done. */
void pool_stop(struct pool *pool);

/* Stopped, or never pushed to. */
void pool_free(struct pool **pool);

#endif
