/* api/answer/problem.h: what is wrong with a request, every fault at once, and how it is told (RFC 9457).
 *
 * Ownership  errors and their strings live in the arena of the submission.
 * Limits     64 errors are kept; the detail says how many more there were.
 */
#ifndef POSTERN_API_ANSWER_PROBLEM_H
#define POSTERN_API_ANSWER_PROBLEM_H

#include "base/arena.h"
#include "base/fault.h"

enum { PROBLEM_MAX_ERRORS = 64 };

struct problem_error {
    struct str pointer;   /* JSON pointer (RFC 6901) into the request; absent where a parameter is at fault */
    struct str parameter; /* name of a query parameter */
    enum fault_code code;
    struct str detail;
};

struct problem {
    struct fault fault; /* the whole: the errors' common code, or invalid-request */
    struct problem_error errors[PROBLEM_MAX_ERRORS];
    size_t error_count;  /* that are kept */
    size_t errors_found; /* that there were */
};

/* A fault of ours (5xx) is no error of the request: it becomes the whole. */
void problem_add(struct problem *problem, struct arena *arena, struct str pointer, const struct fault *fault);
void problem_add_parameter(struct problem *problem, struct arena *arena, struct str parameter,
                           const struct fault *fault);

/* Sets the whole from its errors, where no fault stands there already. False where there is any. */
bool problem_conclude(struct problem *problem);

/* application/problem+json of a request that did not get as far as the relay. `id` is that of the submission;
 * absent where no message was to be sent. Freed by the caller; NULL when out of memory. */
char *problem_json(const struct problem *problem, struct str id);

#endif
