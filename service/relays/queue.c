#include "service/relays/queue.h"

enum { PROBE_US = 10000000 };

void queue_init(struct queue *queue)
{
    *queue = (struct queue){.last = &queue->first};
}

static int64_t expires_at_us(const struct job *job)
{
    return job->submission ? job->submission->deadline.at_us : job->queued_at_us + PROBE_US;
}

void queue_put(struct queue *queue, struct job *job, enum job_place place)
{
    struct job **where = place == JOB_AHEAD ? &queue->first : queue->last;
    while (place == JOB_AHEAD && *where && expires_at_us(*where) < expires_at_us(job))
        where = &(*where)->next;
    job->next = *where;
    *where = job;
    if (!job->next)
        queue->last = &job->next;
    queue->count++;
}

struct job *queue_take(struct queue *queue)
{
    struct job *job = queue->first;
    if (!job)
        return NULL;
    queue->first = job->next;
    if (!queue->first)
        queue->last = &queue->first;
    queue->count--;
    job->next = NULL;
    return job;
}

bool job_has_expired(const struct job *job, int64_t now_us)
{
    return now_us >= expires_at_us(job);
}
