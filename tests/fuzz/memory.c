/* The linker puts these in the way of our own calls (--wrap); libraries have memory as ever. */
#include "fuzz.h"

static size_t calls_left = SIZE_MAX; /* until one fails */
static bool is_paused, has_failed;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);

void fuzz_fail_allocation(size_t number)
{
    calls_left = number;
    has_failed = false;
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
