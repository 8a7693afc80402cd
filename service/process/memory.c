/* What is large is mapped by itself and goes back to the system when it is freed. Left to itself, glibc
 * raises its threshold until the heap of every thread keeps tens of megabytes, and no bound on messages would
 * be one on memory.
 *
 * What is small and is there once a connection, libmicrohttpd's 32 KB first of all, lies in the heaps of the
 * HTTP threads, and stays: a thousand slow readers left 29 MB resident of 7 before. So when the crowd has
 * gone, what is free is given back.
 */
#include "service/process/memory.h"

#include <malloc.h>
#include <stdbool.h>

enum { MAPPED_FROM_BYTES = 128 * 1024, CROWD = 16 };

void memory_bound_heaps(void)
{
    mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
}

/* When nobody is left, and at each halving, so that a crowd that leaves slowly costs a few times, and one
 * that comes and goes not always. */
void memory_tick(struct memory *memory, size_t connections, size_t most)
{
    if (most > memory->most_connections)
        memory->most_connections = most;
    bool is_half_gone = memory->most_connections >= CROWD && connections <= memory->most_connections / 2;
    bool is_all_gone = memory->most_connections > 0 && connections == 0;
    if (!is_half_gone && !is_all_gone)
        return;
    malloc_trim(0);
    memory->most_connections = connections;
}
