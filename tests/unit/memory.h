/* tests/unit/memory.h: work that is done once for each allocation that it makes, ours or OpenSSL's, which fails.
 *
 *     static bool a_name_is_read(struct fault *fault) { ... return read(..., fault) && as it should be; }
 *     memory_fail_each("a name", a_name_is_read, FAULT_OVERLOADED);
 *
 * What was done in spite of it must be right; what was not done has told the fault, and left nothing behind.
 */
#ifndef POSTERN_TESTS_MEMORY_H
#define POSTERN_TESTS_MEMORY_H

#include "base/fault.h"
#include "fuzz.h"
#include "test.h"

#include <openssl/crypto.h>

static inline void *memory_openssl_malloc(size_t bytes, const char *file, int line)
{
    (void)file, (void)line;
    return malloc(bytes);
}

static inline void *memory_openssl_realloc(void *memory, size_t bytes, const char *file, int line)
{
    (void)file, (void)line;
    return realloc(memory, bytes);
}

static inline void memory_openssl_free(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    free(memory);
}

/* Before OpenSSL does anything. */
static inline void memory_begin(void)
{
    CHECK(CRYPTO_set_mem_functions(memory_openssl_malloc, memory_openssl_realloc, memory_openssl_free) == 1);
}

/* The one to fail behind allocation `number` of `total`. OpenSSL makes thousands to read a key: of those in the midst
 * ever fewer fail. */
static inline size_t memory_next(size_t number, size_t total)
{
    enum { EACH = 128 };
    size_t last = total > EACH ? total - EACH : 0, next = number + 1 + number / EACH * 4;
    return number >= last ? number + 1 : next < last ? next : last;
}

/* `code` is the fault of work that was not done; FAULT_NONE: any. */
static inline void memory_fail_each(const char *name, bool (*work)(struct fault *fault), enum fault_code code)
{
    struct fault fault = {.code = FAULT_NONE};
    test_row("%s", name);
    CHECK(work(&fault)); /* what is made once and kept is there from now on */
    fuzz_fail_allocation(SIZE_MAX);
    CHECK(work(&fault));
    size_t total = fuzz_allocations(), stride = test_stride();
    CHECK(total > 0);
    for (size_t number = 0; number < total; number = memory_next(number + stride - 1, total)) {
        test_row("%s, without allocation %zu", name, number);
        fault = (struct fault){.code = FAULT_NONE};
        fuzz_fail_allocation(number);
        bool done = work(&fault);
        bool has_failed = fuzz_end_of_memory();
        CHECK(done || has_failed);
        CHECK(done || code == FAULT_NONE || fault.code == code);
    }
}

#endif
