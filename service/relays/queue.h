/* service/relays/queue.h: jobs that wait for a session, in the order of their deadlines.
 *
 * Ownership  a job in the queue is the queue's; one that was taken is the taker's.
 * Threads    one at a time.
 */
#ifndef POSTERN_SERVICE_RELAYS_QUEUE_H
#define POSTERN_SERVICE_RELAYS_QUEUE_H

#include "api/submission.h"

struct job {
    struct job *next;
    struct submission *submission; /* NULL: only see whether a session can be opened */
    int64_t submitted_at_us;
    int64_t queued_at_us; /* for the relay that it is waiting for now */
    size_t relay;         /* which of the relays it is waiting for */
    unsigned tried;       /* a bit for each relay that had it */
    unsigned returns;     /* how often it was put back unserved */
};

/* Ahead is for what has waited already, here or for another relay: it goes before all that may wait as long, or
 * longer. */
enum job_place { JOB_BEHIND, JOB_AHEAD };

struct queue {
    struct job *first;
    struct job **last; /* where the next job's address goes */
    size_t count;
};

void queue_init(struct queue *queue);
void queue_put(struct queue *queue, struct job *job, enum job_place place);

/* NULL where there is none. */
struct job *queue_take(struct queue *queue);

/* It has waited until now: its outcome says how long. */
void job_end_wait(struct job *job);

/* Nobody waits for it any more: its deadline has passed. A probe has one too: readiness asks again. */
bool job_has_expired(const struct job *job, int64_t now_us);

#endif
