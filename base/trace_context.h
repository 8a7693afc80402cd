/* base/trace_context.h: the place of a message in a distributed trace, in the words of W3C Trace Context.
 *
 * Threads    a value.
 */
#ifndef POSTERN_BASE_TRACE_CONTEXT_H
#define POSTERN_BASE_TRACE_CONTEXT_H

#include "base/random.h"
#include "base/str.h"

enum { TRACE_ID_BYTES = 33, SPAN_ID_BYTES = 17, TRACEPARENT_BYTES = 56, TRACE_STATE_MAX_BYTES = 512 };

/* Lower-case hexadecimal, with a NUL behind. */
struct trace_context {
    char trace_id[TRACE_ID_BYTES];
    char parent_id[SPAN_ID_BYTES]; /* of the caller's span; empty where the trace begins here */
    char span_id[SPAN_ID_BYTES];   /* of the message's own */
    bool is_sampled;
    struct str state; /* the caller's tracestate; absent without one */
};

/* Begins where no trace came: its ID is that of the message, a UUIDv7, without the hyphens. */
void trace_context_begin(struct trace_context *context, const char id[static UUID_BYTES]);

/* Draws an ID for a span: never all zeros. */
void trace_context_draw_span(char id[static SPAN_ID_BYTES]);

/* As a traceparent field for what comes behind the message's own span. */
void trace_context_format(const struct trace_context *context, char text[static TRACEPARENT_BYTES]);

#endif
