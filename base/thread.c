#include "base/thread.h"

bool thread_start(pthread_t *thread, void *(*run)(void *argument), void *argument)
{
    pthread_attr_t attributes;
    pthread_t unnamed;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
    pthread_attr_setdetachstate(&attributes, thread ? PTHREAD_CREATE_JOINABLE : PTHREAD_CREATE_DETACHED);
    bool started = pthread_create(thread ? thread : &unnamed, &attributes, run, argument) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

void thread_name(const char *name)
{
    (void)pthread_setname_np(pthread_self(), name);
}
