#include "service/sandbox/journal.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { MAX_RECORDS = 1000, MAX_BYTES = 16 << 20, MAX_LINES_BYTES = 131072 };

struct sandbox_journal {
    pthread_mutex_t lock;
    struct sandbox_record *ring[MAX_RECORDS];
    size_t oldest, count, bytes;
    uint64_t last_session;
};

struct sandbox_journal *sandbox_journal_new(void)
{
    struct sandbox_journal *journal = calloc(1, sizeof *journal);
    if (journal)
        pthread_mutex_init(&journal->lock, NULL);
    return journal;
}

static size_t record_bytes(const struct sandbox_record *record)
{
    return sizeof *record + record->lines.capacity;
}

static void drop_oldest(struct sandbox_journal *journal)
{
    struct sandbox_record *record = journal->ring[journal->oldest];
    journal->oldest = (journal->oldest + 1) % MAX_RECORDS;
    journal->count--;
    journal->bytes -= record_bytes(record);
    buf_fini(&record->lines);
    free(record);
}

void sandbox_journal_free(struct sandbox_journal **journal)
{
    if (!*journal)
        return;
    while ((*journal)->count)
        drop_oldest(*journal);
    pthread_mutex_destroy(&(*journal)->lock);
    free(*journal);
    *journal = NULL;
}

static void name_peer(int fd, char peer[static SANDBOX_PEER_BYTES])
{
    struct sockaddr_storage address = {0};
    socklen_t bytes = sizeof address;
    char host[INET6_ADDRSTRLEN] = "";
    if (getpeername(fd, (struct sockaddr *)&address, &bytes) != 0)
        address.ss_family = AF_UNSPEC;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
    switch (address.ss_family) {
    case AF_INET:
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(peer, SANDBOX_PEER_BYTES, "%s:%d", host, ntohs(v4->sin_port));
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(peer, SANDBOX_PEER_BYTES, "[%s]:%d", host, ntohs(v6->sin6_port));
        break;
    case AF_UNIX: snprintf(peer, SANDBOX_PEER_BYTES, "a Unix socket"); break;
    default: snprintf(peer, SANDBOX_PEER_BYTES, "unknown");
    }
}

struct sandbox_record *sandbox_record_new(struct sandbox_journal *journal, int fd)
{
    struct sandbox_record *record = calloc(1, sizeof *record);
    if (!record)
        return NULL;
    pthread_mutex_lock(&journal->lock);
    record->session = ++journal->last_session;
    pthread_mutex_unlock(&journal->lock);
    record->began_ms = clock_wall_ms();
    record->began_us = clock_monotonic_us();
    name_peer(fd, record->peer);
    buf_init(&record->lines, MAX_LINES_BYTES);
    return record;
}

void sandbox_journal_put(struct sandbox_journal *journal, struct sandbox_record **record)
{
    if (!*record)
        return;
    pthread_mutex_lock(&journal->lock);
    while (journal->count &&
           (journal->count == MAX_RECORDS || journal->bytes + record_bytes(*record) > MAX_BYTES))
        drop_oldest(journal);
    journal->ring[(journal->oldest + journal->count++) % MAX_RECORDS] = *record;
    journal->bytes += record_bytes(*record);
    *record = NULL;
    pthread_mutex_unlock(&journal->lock);
}

void sandbox_journal_each(struct sandbox_journal *journal,
                          bool (*see)(void *context, const struct sandbox_record *record), void *context)
{
    pthread_mutex_lock(&journal->lock);
    for (size_t i = journal->count; i > 0; i--)
        if (!see(context, journal->ring[(journal->oldest + i - 1) % MAX_RECORDS]))
            break;
    pthread_mutex_unlock(&journal->lock);
}

void sandbox_journal_clear(struct sandbox_journal *journal)
{
    pthread_mutex_lock(&journal->lock);
    while (journal->count)
        drop_oldest(journal);
    pthread_mutex_unlock(&journal->lock);
}
