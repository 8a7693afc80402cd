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

void job_end_wait(struct job *job)
{
    if (!job->submission)
        return;
    struct outcome_timing *timing = &job->submission->outcome.timing;
    timing->phases[PHASE_QUEUED] = (struct outcome_spell){0};
    outcome_end_phase(timing, PHASE_QUEUED, job->queued_at_us);
    timing->queued_us = timing->phases[PHASE_QUEUED].took_us;
}
