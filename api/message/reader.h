/* api/message/reader.h: a request's body in, a submission out.
 *
 * A message comes as JSON (api/message/json_message.h), as JSON with files in a form (api/message/form_message.h), or
 * finished (api/message/raw_message.h).
 *
 * Ownership  the submission's views point into its own `json` and arena, and into the body, which has to outlive it.
 */
#ifndef POSTERN_API_MESSAGE_READER_H
#define POSTERN_API_MESSAGE_READER_H

#include "api/answer/problem.h"
#include "api/http/guard.h"
#include "api/submission.h"

struct message_body {
    enum message_form form;
    struct str content_type; /* as the request has it; needed for a form */
    struct str query;        /* which holds the envelope of a finished message */
    struct str octets;
};

/* A submission with an ID and an empty arena. NULL when out of memory. */
struct submission *submission_new(const struct api_limits *limits);
void submission_free(struct submission **submission);

/* About what it takes besides the bytes of its texts: a thousand recipients are 12 KB of JSON, and 300 KB
 * here. */
uint64_t submission_overhead_bytes(const struct submission *submission);

/* False with the problem told. On success the message is stamped and the outcome's recipients have their
 * room. */
bool submission_read(struct submission *submission, const struct message_body *body,
                     const struct api_limits *limits, struct problem *problem);

#endif
