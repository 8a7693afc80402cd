/* api/http/query.h: the query of POST /v1/messages: dry_run and transcript, true or false, at most once each; and,
 * for a finished message, its envelope: from, and to as often as there are recipients. */
#ifndef POSTERN_API_HTTP_QUERY_H
#define POSTERN_API_HTTP_QUERY_H

#include "api/answer/problem.h"
#include "api/submission.h"

/* Sets the submission's flags; what is wrong goes into the problem as errors with a "parameter".
 * `with_envelope`: from and to are let pass, for whoever reads the message. */
void query_read(struct submission *submission, struct str query, bool with_envelope, struct problem *problem);

/* The next parameter; an absent value is one without "=". False at the end. */
bool query_next(struct str *rest, struct str *name, struct str *value);

#endif
