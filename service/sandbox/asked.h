/* service/sandbox/asked.h: what the query of a route's address asks for (RFC 3986 3.4).
 *
 * Errors     INVALID_REQUEST for each parameter that is unknown, twice there, or not what it must be.
 */
#ifndef POSTERN_SERVICE_SANDBOX_ASKED_H
#define POSTERN_SERVICE_SANDBOX_ASKED_H

#include "api/answer/problem.h"

/* "2s", "500ms", "1m". */
bool asked_duration(struct str text, int64_t max_ms, int64_t *ms);

struct asked_parameter {
    struct str name;
    struct str *text; /* the value, decoded; or one of the next two */
    int64_t *ms;      /* a duration of max at most */
    uint64_t *number; /* of max at most */
    uint64_t max;
};

/* What is not asked for stays as it was. False, and the problem says why. */
bool asked_read(struct arena *arena, struct str query, const struct asked_parameter *parameters, size_t count,
                struct problem *problem);

#endif
