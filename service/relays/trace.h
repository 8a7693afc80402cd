/* service/relays/trace.h: the dialogue behind one message: kept for its answer where that was asked for, and told to
 * the log at debug level where the message failed.
 *
 * A message that goes to the next relay keeps the dialogue with the one before.
 *
 * Ownership  what the answer shows is in the submission's arena.
 */
#ifndef POSTERN_SERVICE_RELAYS_TRACE_H
#define POSTERN_SERVICE_RELAYS_TRACE_H

#include "api/submission.h"
#include "smtp/transcript.h"

struct trace {
    struct smtp_transcript transcript;
};

/* NULL where nobody wants the dialogue. To be ended in either case. */
struct smtp_transcript *trace_begin(struct trace *trace, const struct submission *submission);
void trace_end(struct trace *trace, struct submission *submission);

#endif
