/* What is large is mapped by itself and goes back to the system when it is freed. Left to itself, glibc
 * raises its threshold until the heap of every thread keeps tens of megabytes, and no bound on messages would
 * be one on memory.
 *
 * What is small and is there once a connection, libmicrohttpd's 32 KB first of all, lies in the heaps of the
 * HTTP threads, and stays: a thousand slow readers left 29 MB resident of 7 before. So when the crowd has
 * gone, what is free is given back.
 *
 * Code is the larger part of a process that rests: of ten megabytes after the start six were read once, to set up, and as
 * much is there again after a first message over TLS. The system would take it back when it is short of memory; a limit
 * on a container, and whoever looks, counts it before that.
 */
#include "service/process/memory.h"

#include "base/clock.h"

#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MAPPED_FROM_BYTES = 128 * 1024, CROWD = 16, REST_US = 10000000, MANY_FAULTS = 64 };

void memory_bound_heaps(void)
{
    mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
}

/* What cannot be written is as it is in the file, and comes from there, or from the system's cache, when it is needed.
 * Whole pages alone: the last one may hold the beginning of something else. */
static void forget_segment(uintptr_t begin, uintptr_t bytes)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = (begin + page - 1) & ~(page - 1), to = (begin + bytes) & ~(page - 1);
    if (from < to)
        madvise((void *)from, to - from, MADV_DONTNEED);
}

static int forget_object(struct dl_phdr_info *object, size_t size, void *unused)
{
    (void)size, (void)unused;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
            forget_segment(object->dlpi_addr + segment->p_vaddr, segment->p_memsz);
    }
    return 0;
}

static int64_t microseconds(struct timeval time)
{
    return time.tv_sec * INT64_C(1000000) + time.tv_usec;
}

/* Next to nothing is a hundredth of a processor. What came back since is worth it from a megabyte on: a fault brings up to
 * sixteen pages of a file. */
bool memory_may_rest(struct memory *memory, const struct memory_use *use)
{
    int64_t passed_us = use->at_us - memory->since.at_us;
    if (passed_us < REST_US)
        return false;
    bool is_idle = use->cpu_us - memory->since.cpu_us < passed_us / 100;
    bool has_grown = use->faults - memory->faults_at_rest >= MANY_FAULTS;
    memory->since = *use;
    return is_idle && has_grown;
}

static struct memory_use look(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (struct memory_use){.at_us = clock_monotonic_us(),
                               .cpu_us = microseconds(usage.ru_utime) + microseconds(usage.ru_stime),
                               .faults = usage.ru_minflt};
}

void memory_rest(struct memory *memory)
{
    struct memory_use use = look();
    if (memory->keeps_code || !memory_may_rest(memory, &use))
        return;
    malloc_trim(0);
    dl_iterate_phdr(forget_object, NULL);
    memory->faults_at_rest = look().faults;
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
