/* The linker puts these in the way of our own calls (--wrap); libraries have memory as ever. */
#include "fuzz.h"

static _Thread_local size_t calls_left = SIZE_MAX; /* of this thread, until one fails */
static _Thread_local size_t calls_made;
static _Thread_local bool is_paused, has_failed;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);

void fuzz_fail_allocation(size_t number)
{
    calls_left = number;
    calls_made = 0;
    has_failed = false;
}

size_t fuzz_allocations(void)
{
    return calls_made;
}

bool fuzz_end_of_memory(void)
{
    calls_left = SIZE_MAX;
    return has_failed;
}

void fuzz_pause_memory(bool paused)
{
    is_paused = paused;
}

static bool fails(void)
{
    calls_made += !is_paused;
    bool failed = !is_paused && calls_left != SIZE_MAX && calls_left-- == 0;
    if (failed)
        calls_left = SIZE_MAX;
    has_failed = has_failed || failed;
    return failed;
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
    return fails() ? NULL : __real_realloc(memory, bytes);
}
