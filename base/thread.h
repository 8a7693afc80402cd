/* base/thread.h: a thread with a stack of known size: the system's default, 8 MiB, is counted against limits of
 * memory, though hardly any of it is ever touched. */
#ifndef POSTERN_BASE_THREAD_H
#define POSTERN_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

enum { THREAD_STACK_BYTES = 512 * 1024 };

/* NULL for `thread`: it is detached, nobody joins it. False where the system has none to give. */
bool thread_start(pthread_t *thread, void *(*run)(void *argument), void *argument);

/* What top and debuggers call the thread that says it, in 15 octets at most; else it has the name of whoever started
 * it, which is libmicrohttpd's for many. */
void thread_name(const char *name);

#endif
