/* api/http/traceparent.h: where a request stands in a distributed trace, as its header says (W3C Trace Context, 3).
 *
 * What is not to the letter is as if it were not there: a trace is never a reason to refuse a message.
 *
 * Limits     a tracestate of TRACE_STATE_MAX_BYTES and 32 members; one that is longer is left out whole, for half of
 *            one could be another's.
 */
#ifndef POSTERN_API_HTTP_TRACEPARENT_H
#define POSTERN_API_HTTP_TRACEPARENT_H

#include "api/http/guard.h"
#include "base/arena.h"
#include "base/trace_context.h"

/* Where no trace came one begins here, by the ID of the message. What is kept of the header is in the arena. */
void traceparent_read(struct arena *arena, const struct guard_request *request,
                      const char id[static UUID_BYTES], struct trace_context *context);

/* The value of one traceparent field, of any version but the forbidden. False, and nothing is set, where it is none. */
bool traceparent_parse(struct str value, struct trace_context *context);

/* The value of tracestate, be it of one field or of several joined by commas. */
bool tracestate_is_valid(struct str value);

#endif
