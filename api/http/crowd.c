#include "api/http/crowd.h"

#include "base/random.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct crowd_address {
    struct crowd_address *next;
    uint64_t key;
    sa_family_t family;
    size_t connections;
};

void crowd_init(struct crowd *crowd)
{
    *crowd = (struct crowd){0};
    random_fill(&crowd->seed, sizeof crowd->seed);
}

/* An IPv4 client of an IPv6 socket is itself, not one of ::ffff:0:0/96 (RFC 4291 2.5.5.2). False: not
 * counted. */
static bool read_key(const struct sockaddr *from, struct crowd_address *address)
{
    const struct sockaddr_in *v4 = (const void *)from;
    const struct sockaddr_in6 *v6 = (const void *)from;
    *address = (struct crowd_address){.family = from->sa_family};
    if (from->sa_family == AF_INET) {
        address->key = v4->sin_addr.s_addr;
    } else if (from->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        address->family = AF_INET;
        address->key = v6->sin6_addr.s6_addr32[3];
    } else if (from->sa_family == AF_INET6) {
        memcpy(&address->key, v6->sin6_addr.s6_addr, sizeof address->key);
    } else {
        return false;
    }
    return true;
}

static struct crowd_address **find_place(struct crowd *crowd, const struct crowd_address *wanted)
{
    /* Finalizer of MurmurHash3: every bit of the key tells. */
    uint64_t hash = wanted->key ^ crowd->seed;
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdU;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53U;
    struct crowd_address **place = &crowd->buckets[(hash ^ hash >> 33) % CROWD_BUCKETS];
    while (*place && ((*place)->key != wanted->key || (*place)->family != wanted->family))
        place = &(*place)->next;
    return place;
}

bool crowd_enter(struct crowd *crowd, const struct sockaddr *from, size_t max, struct crowd_address **address)
{
    struct crowd_address wanted;
    *address = NULL;
    if (!from || !read_key(from, &wanted))
        return true;
    struct crowd_address **place = find_place(crowd, &wanted);
    if (!*place && !(*place = calloc(1, sizeof wanted)))
        return true;
    if ((*place)->connections == 0)
        **place = wanted;
    if (max && (*place)->connections >= max)
        return false;
    (*place)->connections++;
    *address = *place;
    return true;
}

void crowd_leave(struct crowd *crowd, struct crowd_address **address)
{
    struct crowd_address *left = *address;
    *address = NULL;
    if (!left || --left->connections > 0)
        return;
    *find_place(crowd, left) = left->next;
    free(left);
}
