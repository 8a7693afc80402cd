/* api/http/aside.h: work that would hold up an event loop, and everybody on it, is done aside: by threads that are there
 * only while there is any.
 *
 * Ownership  work lies in what it is done for, which lives until it is done.
 * Errors     none: whoever hears that there is no thread for it does the work himself.
 * Threads    do from any; init and stop: one at a time.
 * Limits     `max_threads`. What may wait is bounded by who brings it: one piece for each large body in the budget.
 */
#ifndef POSTERN_API_HTTP_ASIDE_H
#define POSTERN_API_HTTP_ASIDE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct aside_work {
    void (*run)(void *owner); /* may give the work away, or free it */
    void *owner;
    struct aside_work *next; /* its own */
};

struct aside {
    pthread_mutex_t lock;
    pthread_cond_t brought, gone;
    struct aside_work *first, *last;
    unsigned max_threads, threads, resting;
    size_t waiting;
    bool stops;
};

void aside_init(struct aside *aside, unsigned max_threads);

/* In the order in which it is brought. False: nobody is there to do it. */
bool aside_do(struct aside *aside, struct aside_work *work);

/* Returns when all is done that was brought; nothing is taken from now on. */
void aside_stop(struct aside *aside);

/* It was stopped. */
void aside_fini(struct aside *aside);

#endif
