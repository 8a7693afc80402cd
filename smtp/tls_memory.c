#include "smtp/tls_memory.h"

#include <openssl/crypto.h>
#include <stdlib.h>

static _Thread_local unsigned failures;

static void *counted(void *memory, size_t bytes)
{
    failures += !memory && bytes;
    return memory;
}

static void *take(size_t bytes, const char *file, int line)
{
    (void)file, (void)line;
    return counted(malloc(bytes), bytes);
}

static void *resize(void *memory, size_t bytes, const char *file, int line)
{
    (void)file, (void)line;
    return counted(realloc(memory, bytes), bytes);
}

static void give_back(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    free(memory);
}

void smtp_tls_memory_watch(void)
{
    CRYPTO_set_mem_functions(take, resize, give_back);
}

unsigned smtp_tls_memory_failures(void)
{
    return failures;
}
