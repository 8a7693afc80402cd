/* api/reader.h: a JSON body in, a submission out (Message in openapi.yaml).
 *
 * Strict JSON check first (api/json_check.h), then cJSON, then field by field by table; every problem is
 * found and reported with its pointer, not only the first.
 *
 * Ownership  the submission's views point into its own `json` and arena; `body` may go afterwards.
 */
#ifndef POSTERN_API_READER_H
#define POSTERN_API_READER_H

#include "api/problem.h"
#include "api/submission.h"

/* A submission with an ID and an empty arena. NULL when out of memory. */
struct submission *submission_new(const struct api_limits *limits);
void submission_free(struct submission **submission);

/* False with the problem told. On success the message is stamped and the outcome's recipients have their
 * room. */
bool submission_read(struct submission *submission, struct str body, const struct api_limits *limits,
                     struct problem *problem);

#endif
