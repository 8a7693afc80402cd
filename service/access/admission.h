/* service/access/admission.h: the terms on which requests are admitted, as the options and the file of API keys have
 * them.
 *
 * Ownership  kept in the arena of the configuration.
 * Errors     INVALID_REQUEST, naming the option; OVERLOADED.
 * Threads    read only once loaded, but for the buckets of the keys.
 */
#ifndef POSTERN_SERVICE_ACCESS_ADMISSION_H
#define POSTERN_SERVICE_ACCESS_ADMISSION_H

#include "service/access/keys.h"
#include "service/settings/options.h"

#include <sys/types.h>

enum { ADMISSION_MAX_USERS = 64 };

struct admission {
    struct key_ring keys;
    struct rate rate_limit; /* of all callers together */
    struct str hosts;       /* names for this server beside those of loopback, where no key is asked for */
    uid_t users[ADMISSION_MAX_USERS]; /* who may connect to a Unix socket; none: whom its mode lets */
    size_t user_count;
};

bool admission_load(struct arena *arena, const struct settings *settings, struct admission *admission,
                    struct fault *fault);

/* The process at the other end of a connection, where that is a Unix socket, is one of the users'. */
bool admission_check_user(const struct admission *admission, int fd, struct fault *fault);

#endif
