/* Waiting is a suspended connection in a list. It is suspended under the lock under which it is linked, and resumed
 * under the one under which it is unlinked, so that no ring falls in between. libmicrohttpd's own locks are only ever
 * taken inside of this one.
 *
 * The list is short, and walked whole: its bound is that of a test suite's waits and a few open pages. */
#include "api/http/bell.h"

#include "base/thread.h"

#include <microhttpd.h>
#include <stdlib.h>

struct bell {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t timekeeper;
    struct bell_wait *waits;
    size_t waiting, max_waiting;
    uint64_t count;
    bool closed, ends;
};

static void unlink_wait(struct bell *bell, struct bell_wait *wait)
{
    if (wait->next)
        wait->next->previous = wait->previous;
    *(wait->previous ? &wait->previous->next : &bell->waits) = wait->next;
    bell->waiting--;
    wait->bell = NULL;
}

static void wake(struct bell *bell, struct bell_wait *wait)
{
    unlink_wait(bell, wait);
    MHD_resume_connection(wait->connection);
}

static void wake_all(struct bell *bell)
{
    while (bell->waits)
        wake(bell, bell->waits);
}

/* Wakes those whose time is over; false where nobody is left to wait for, else `next` is when to look again. */
static bool wake_late(struct bell *bell, struct deadline *next)
{
    bool any = false;
    for (struct bell_wait *wait = bell->waits, *after; wait; wait = after) {
        after = wait->next;
        if (deadline_passed(wait->until)) {
            wake(bell, wait);
        } else {
            *next = any ? deadline_earlier(*next, wait->until) : wait->until;
            any = true;
        }
    }
    return any;
}

static void *keep_time(void *context)
{
    struct bell *bell = context;
    thread_name("bell");
    pthread_mutex_lock(&bell->lock);
    while (!bell->ends) {
        struct deadline next;
        if (wake_late(bell, &next)) {
            struct timespec at = deadline_timespec(next);
            pthread_cond_timedwait(&bell->changed, &bell->lock, &at);
        } else {
            pthread_cond_wait(&bell->changed, &bell->lock);
        }
    }
    pthread_mutex_unlock(&bell->lock);
    return NULL;
}

struct bell *bell_new(size_t max_waiting)
{
    struct bell *bell = calloc(1, sizeof *bell);
    if (!bell)
        return NULL;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&bell->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&bell->lock, NULL);
    bell->max_waiting = max_waiting;
    if (thread_start(&bell->timekeeper, keep_time, bell))
        return bell;
    pthread_cond_destroy(&bell->changed);
    pthread_mutex_destroy(&bell->lock);
    free(bell);
    return NULL;
}

void bell_free(struct bell **bell)
{
    struct bell *gone = *bell;
    *bell = NULL;
    if (!gone)
        return;
    pthread_mutex_lock(&gone->lock);
    gone->ends = true;
    pthread_cond_signal(&gone->changed);
    pthread_mutex_unlock(&gone->lock);
    pthread_join(gone->timekeeper, NULL);
    pthread_cond_destroy(&gone->changed);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
}

void bell_ring(struct bell *bell)
{
    pthread_mutex_lock(&bell->lock);
    bell->count++;
    wake_all(bell);
    pthread_mutex_unlock(&bell->lock);
}

uint64_t bell_count(struct bell *bell)
{
    pthread_mutex_lock(&bell->lock);
    uint64_t count = bell->count;
    pthread_mutex_unlock(&bell->lock);
    return count;
}

/* The lock is held. */
static enum bell_answer ask(const struct bell *bell, uint64_t seen)
{
    if (bell->closed)
        return BELL_CLOSED;
    if (bell->count != seen)
        return BELL_RUNG;
    return bell->waiting == bell->max_waiting ? BELL_FULL : BELL_SUSPENDED;
}

enum bell_answer bell_await(struct bell *bell, uint64_t seen, struct deadline until,
                            struct MHD_Connection *connection, struct bell_wait *wait)
{
    pthread_mutex_lock(&bell->lock);
    enum bell_answer answer = ask(bell, seen);
    if (answer == BELL_SUSPENDED) {
        *wait =
            (struct bell_wait){.bell = bell, .next = bell->waits, .connection = connection, .until = until};
        if (wait->next)
            wait->next->previous = wait;
        bell->waits = wait;
        bell->waiting++;
        MHD_suspend_connection(connection);
        pthread_cond_signal(&bell->changed);
    }
    pthread_mutex_unlock(&bell->lock);
    return answer;
}

/* Whoever is linked is suspended, and libmicrohttpd ends no connection that is: what it ends was woken before. */
void bell_leave(struct bell_wait *wait)
{
    struct bell *bell = wait->bell;
    if (!bell)
        return;
    pthread_mutex_lock(&bell->lock);
    if (wait->bell)
        unlink_wait(bell, wait);
    pthread_mutex_unlock(&bell->lock);
}

void bell_close(struct bell *bell)
{
    pthread_mutex_lock(&bell->lock);
    bell->closed = true;
    wake_all(bell);
    pthread_mutex_unlock(&bell->lock);
}
