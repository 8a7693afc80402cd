/* service/process/memory.h: the process gives back what it no longer needs, so that its size is that of its work.
 *
 * Threads    the main thread.
 */
#ifndef POSTERN_SERVICE_PROCESS_MEMORY_H
#define POSTERN_SERVICE_PROCESS_MEMORY_H

#include <stddef.h>

/* Before the first thread. */
void memory_bound_heaps(void);

struct memory {
    size_t most_connections; /* since memory was given back */
};

/* To be called now and then, with how many there are and the most that there were since the last time. */
void memory_tick(struct memory *memory, size_t connections, size_t most);

#endif
