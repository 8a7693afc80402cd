/* service/watch/trace_header.h: the header field in which a mail tells of which trace it is, for who looks into it far from
 * here. Its value is that of traceparent, with the message's own span as the parent.
 *
 * Errors     INVALID_REQUEST, naming the option; OVERLOADED.
 */
#ifndef POSTERN_SERVICE_WATCH_TRACE_HEADER_H
#define POSTERN_SERVICE_WATCH_TRACE_HEADER_H

#include "api/submission.h"

/* `name` is absent where no mail is to have one: then neither does anything. */
bool trace_header_check(struct str name, struct fault *fault);

/* A caller who writes this field himself has his own. */
bool trace_header_apply(struct str name, struct submission *submission, struct fault *fault);

#endif
