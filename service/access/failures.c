#include "service/access/failures.h"

#include <netinet/in.h>
#include <string.h>

enum { V6_PREFIX_BYTES = 8, V4_BYTES = 4, MAPPED_AT = 12 };

static const struct rate allowed = {.interval_ns = 60000000000 / FAILURES_PER_MINUTE,
                                    .burst = FAILURES_AT_ONCE};

/* IPv4 as it is mapped into IPv6 (RFC 4291 2.5.5.2), which is how a socket for both shows it. The callers of
 * a Unix socket are all one. */
static void read_address(const struct sockaddr *peer, unsigned char address[static 16])
{
    memset(address, 0, 16);
    if (peer && peer->sa_family == AF_INET) {
        memset(address + MAPPED_AT - 2, 0xff, 2);
        memcpy(address + MAPPED_AT, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, V4_BYTES);
    } else if (peer && peer->sa_family == AF_INET6) {
        const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
        memcpy(address, v6, IN6_IS_ADDR_V4MAPPED(v6) ? sizeof *v6 : V6_PREFIX_BYTES);
    }
}

int64_t failures_note(struct failures *failures, const struct sockaddr *peer, int64_t now_ns)
{
    unsigned char address[16];
    read_address(peer, address);
    struct failure *entry = &failures->entries[0];
    for (size_t i = 0; i < FAILURES_MAX_ADDRESSES; i++) {
        struct failure *other = &failures->entries[i];
        if (memcmp(other->address, address, sizeof address) == 0) {
            entry = other;
            break;
        }
        if (other->bucket.full_at_ns < entry->bucket.full_at_ns)
            entry = other;
    }
    if (memcmp(entry->address, address, sizeof address) != 0) {
        *entry = (struct failure){0};
        memcpy(entry->address, address, sizeof address);
    }
    int64_t wait_ns = rate_wait_ns(&allowed, &entry->bucket, now_ns, 1);
    if (wait_ns == 0)
        rate_take(&allowed, &entry->bucket, now_ns, 1);
    return wait_ns;
}
