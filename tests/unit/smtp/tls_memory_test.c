#include "fuzz.h"
#include "smtp/tls_memory.h"
#include "test.h"

#include <openssl/crypto.h>
#include <pthread.h>

static void *lack_memory(void *failures)
{
    fuzz_fail_allocation(0);
    CHECK(!OPENSSL_malloc(1));
    void *memory = OPENSSL_malloc(1);
    fuzz_fail_allocation(0);
    CHECK(!OPENSSL_realloc(memory, 2));
    OPENSSL_free(memory);
    *(unsigned *)failures = smtp_tls_memory_failures();
    return NULL;
}

static void what_a_thread_was_not_given_is_counted(void)
{
    unsigned failures = 0;
    pthread_t thread;
    OPENSSL_free(OPENSSL_malloc(1));
    OPENSSL_free(OPENSSL_malloc(0));
    int error = pthread_create(&thread, NULL, lack_memory, &failures);
    if (error == 0)
        pthread_join(thread, NULL);
    CHECK_INT(error, 0);
    CHECK_INT(failures, 2);
    CHECK_INT(smtp_tls_memory_failures(), 0);
}

int main(void)
{
    smtp_tls_memory_watch();
    TEST(what_a_thread_was_not_given_is_counted);
    return test_result();
}
