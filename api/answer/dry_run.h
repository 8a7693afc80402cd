/* api/answer/dry_run.h: what would be sent: the envelope and the message, built but not submitted. */
#ifndef POSTERN_API_ANSWER_DRY_RUN_H
#define POSTERN_API_ANSWER_DRY_RUN_H

#include "api/submission.h"

/* The message alone, as message/rfc822. Both are freed by the caller; NULL when out of memory. */
char *dry_run_message(struct render *render, size_t *bytes);

/* {"id", "message_id", "envelope": {"from", "to"}, "size_bytes", "message"}. */
char *dry_run_json(const struct submission *submission, struct render *render, size_t *bytes);

#endif
