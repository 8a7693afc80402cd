/* service/process/memory.h: the process gives back what it no longer needs, so that its size is that of its work.
 *
 * Threads    the main thread.
 */
#ifndef POSTERN_SERVICE_PROCESS_MEMORY_H
#define POSTERN_SERVICE_PROCESS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Before the first thread. */
void memory_bound_heaps(void);

/* What the process has used up to now. */
struct memory_use {
    int64_t at_us, cpu_us, faults; /* of pages that had not to be read from a disk */
};

struct memory {
    bool keeps_code;         /* for a debugger, whose breakpoints would be forgotten with it */
    size_t most_connections; /* since memory was given back */
    struct memory_use since; /* when it was last looked whether there is rest */
    int64_t faults_at_rest;  /* when code was last forgotten */
};

/* The start is over, or there has been next to nothing to do for a while: what was needed of the program's code and its
 * libraries' need not be resident. To be called now and then. */
void memory_rest(struct memory *memory);

/* Whether it is time for that. */
bool memory_may_rest(struct memory *memory, const struct memory_use *use);

/* To be called now and then, with how many there are and the most that there were since the last time. */
void memory_tick(struct memory *memory, size_t connections, size_t most);

#endif
