#include "service/process/descriptors.h"

#include "base/log.h"

#include <sys/resource.h>

/* A session may hold a race of connections and a question to the resolver for a moment; the rest is for the
 * admin listener, certificates and keys that are read again, and what a system puts into a process. */
enum { PER_SESSION = 4, RESERVED = 256, LEAST_CONNECTIONS = 16 };

void descriptors_raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

uint64_t descriptors_allot(uint64_t wanted, uint64_t sessions)
{
    struct rlimit limit;
    uint64_t reserved = RESERVED + PER_SESSION * sessions;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted + reserved)
        return wanted;
    uint64_t fit = limit.rlim_cur > reserved ? limit.rlim_cur - reserved : 0;
    uint64_t allotted = fit > LEAST_CONNECTIONS ? fit : LEAST_CONNECTIONS;
    if (allotted >= wanted)
        return wanted;
    log_event(LOG_LEVEL_WARN, "the limit on open files is too low for max_http_connections",
              LOG_INT("limit", (int64_t)limit.rlim_cur), LOG_INT("needed", (int64_t)(wanted + reserved)),
              LOG_INT("connections", (int64_t)allotted));
    return allotted;
}
