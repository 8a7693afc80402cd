/* tests/unit/service/confined.h: runs a check where it is confined, and nothing else is. */
#ifndef POSTERN_TESTS_CONFINED_H
#define POSTERN_TESTS_CONFINED_H

#include "test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined __SANITIZE_ADDRESS__
#define CHECKS_LEAKS
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define CHECKS_LEAKS
#endif
#endif

struct confined {
    void (*check)(void *context);
    void *context;
};

static inline void *confined_run(void *argument)
{
    const struct confined *confined = argument;
    confined->check(confined->context);
    return NULL;
}

/* For Landlock: what a thread gives up, it alone gives up. */
static inline void in_a_thread(void (*check)(void *context), void *context)
{
    pthread_t thread;
    struct confined confined = {check, context};
    bool started = pthread_create(&thread, NULL, confined_run, &confined) == 0;
    if (started)
        pthread_join(thread, NULL);
    CHECK(started);
}

/* The child's end: by exit, so that its coverage counts; but the leak checker needs calls that it has not. */
static inline void leave(int status)
{
    fflush(stdout);
#ifdef CHECKS_LEAKS
    _exit(status);
#else
    exit(status);
#endif
}

/* For seccomp, which is of the whole process. */
static inline void in_a_child(void (*check)(void *context), void *context)
{
    int status = -1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        check(context);
        leave(test_state.failures != 0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
}

#endif
