/* api/query.h: the query of POST /v1/messages: dry_run and transcript, true or false, at most once each. */
#ifndef POSTERN_API_QUERY_H
#define POSTERN_API_QUERY_H

#include "api/problem.h"
#include "api/submission.h"

/* Sets the submission's flags; what is wrong goes into the problem as errors with a "parameter". */
void query_read(struct submission *submission, struct str query, struct problem *problem);

#endif
