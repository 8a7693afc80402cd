/* The names under .test are answered by a resolver of our own, in place of the system's. */
#include "smtp/resolve.h"
#include "test.h"

#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

typedef int resolver(const char *host, const char *port, const struct addrinfo *hints,
                     struct addrinfo **found);

enum { LONG_MS = 10000 };

static int stopped; /* a descriptor that is readable */
static atomic_uint asked;
static sem_t silence; /* silent.test is answered, once, by each post */

int getaddrinfo(const char *restrict host, const char *restrict port, const struct addrinfo *restrict hints,
                struct addrinfo **restrict found)
{
    resolver *system_resolver = (resolver *)dlsym(RTLD_NEXT, "getaddrinfo");
    if (hints->ai_flags & AI_NUMERICHOST)
        return system_resolver(host, port, hints, found);
    atomic_fetch_add(&asked, 1);
    if (strcmp(host, "unknown.test") == 0)
        return EAI_NONAME;
    if (strcmp(host, "crowded.test") == 0) {
        errno = EMFILE;
        return EAI_SYSTEM;
    }
    if (strcmp(host, "silent.test") != 0)
        return system_resolver(host, port, hints, found);
    while (sem_wait(&silence) != 0)
        continue;
    return system_resolver("127.0.0.1", port, hints, found);
}

struct answer {
    enum smtp_status status;
    int error, system_error, family;
    char address[64], port[8];
};

static struct answer resolve(const char *host, int stop_fd, int64_t wait_ms)
{
    struct answer answer = {0};
    struct addrinfo *found;
    answer.status = smtp_resolve(host, 2525, 0, stop_fd, deadline_after_ms(wait_ms), &found, &answer.error);
    answer.system_error = errno;
    if (!found)
        return answer;
    answer.family = found->ai_family;
    CHECK_INT(found->ai_socktype, SOCK_STREAM);
    CHECK_INT(getnameinfo(found->ai_addr, found->ai_addrlen, answer.address, sizeof answer.address,
                          answer.port, sizeof answer.port, NI_NUMERICHOST | NI_NUMERICSERV),
              0);
    freeaddrinfo(found);
    return answer;
}

static void a_numeric_address_is_not_asked_for(void)
{
    static const struct {
        const char *host;
        int family;
    } rows[] = {{"127.0.0.1", AF_INET}, {"192.0.2.7", AF_INET}, {"2001:db8::1", AF_INET6}, {"::1", AF_INET6}};
    unsigned before = atomic_load(&asked);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].host);
        struct answer answer = resolve(rows[i].host, -1, -1000);
        CHECK_INT(answer.status, SMTP_STATUS_OK);
        CHECK_INT(answer.error, 0);
        CHECK_INT(answer.family, rows[i].family);
        CHECK_TEXT(str_of(answer.address), rows[i].host);
        CHECK_TEXT(str_of(answer.port), "2525");
    }
    CHECK_INT(atomic_load(&asked), before);
}

static void a_name_is_resolved(void)
{
    struct answer answer = resolve("localhost", -1, LONG_MS);
    CHECK_INT(answer.status, SMTP_STATUS_OK);
    CHECK_INT(answer.error, 0);
    CHECK_TEXT(str_of(answer.address), answer.family == AF_INET6 ? "::1" : "127.0.0.1");
    CHECK_TEXT(str_of(answer.port), "2525");
}

static void the_resolvers_error_is_told(void)
{
    struct answer answer = resolve("unknown.test", -1, LONG_MS);
    CHECK_INT(answer.status, SMTP_STATUS_OK);
    CHECK_INT(answer.error, EAI_NONAME);
    answer = resolve("crowded.test", -1, LONG_MS);
    CHECK_INT(answer.status, SMTP_STATUS_OK);
    CHECK_INT(answer.error, EAI_SYSTEM);
    CHECK_INT(answer.system_error, EMFILE);
}

static void past_the_deadline_nothing_is_asked(void)
{
    unsigned before = atomic_load(&asked);
    struct answer answer = resolve("localhost", -1, -1);
    CHECK_INT(answer.status, SMTP_STATUS_TIMEOUT);
    CHECK_INT(answer.error, 0);
    CHECK_INT(atomic_load(&asked), before);
}

/* F2, F145 */
static void a_silent_resolver_is_left_by_deadline_or_stop(void)
{
    CHECK_INT(resolve("silent.test", -1, 100).status, SMTP_STATUS_TIMEOUT);
    CHECK_INT(resolve("silent.test", stopped, LONG_MS).status, SMTP_STATUS_STOPPED);
    CHECK_INT(resolve("localhost", stopped, LONG_MS).status, SMTP_STATUS_STOPPED);
    sem_post(&silence);
    sem_post(&silence);
}

/* The threads that were left behind end in their own time. */
static enum smtp_status resolve_when_there_is_room(const char *host, int stop_fd)
{
    static const struct timespec pause = {.tv_nsec = 1000000};
    enum smtp_status status = resolve(host, stop_fd, LONG_MS).status;
    for (int tries = 0; status == SMTP_STATUS_NO_MEMORY && tries < LONG_MS; tries++) {
        nanosleep(&pause, NULL);
        status = resolve(host, stop_fd, LONG_MS).status;
    }
    return status;
}

static void no_more_are_left_behind_than_the_limit(void)
{
    for (int round = 0; round < 2; round++) {
        test_row("round %d", round);
        for (int i = 0; i < SMTP_RESOLVE_MAX_ABANDONED; i++)
            CHECK_INT(resolve_when_there_is_room("silent.test", stopped), SMTP_STATUS_STOPPED);
        CHECK_INT(resolve("localhost", -1, LONG_MS).status, SMTP_STATUS_NO_MEMORY);
        CHECK_INT(resolve("127.0.0.1", -1, LONG_MS).status, SMTP_STATUS_OK);
        for (int i = 0; i < SMTP_RESOLVE_MAX_ABANDONED; i++)
            sem_post(&silence);
        CHECK_INT(resolve_when_there_is_room("localhost", -1), SMTP_STATUS_OK);
    }
}

int main(void)
{
    sem_init(&silence, 0, 0);
    stopped = eventfd(1, EFD_CLOEXEC);
    TEST(a_numeric_address_is_not_asked_for);
    TEST(a_name_is_resolved);
    TEST(the_resolvers_error_is_told);
    TEST(past_the_deadline_nothing_is_asked);
    TEST(a_silent_resolver_is_left_by_deadline_or_stop);
    TEST(no_more_are_left_behind_than_the_limit);
    test_wait_for_threads();
    return test_result();
}
