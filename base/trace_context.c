#include "base/trace_context.h"

#include <stdio.h>
#include <string.h>

void trace_context_begin(struct trace_context *context, const char id[static UUID_BYTES])
{
    size_t len = 0;
    for (size_t i = 0; i < UUID_BYTES - 1 && len < TRACE_ID_BYTES - 1; i++)
        if (id[i] != '-')
            context->trace_id[len++] = id[i];
    context->trace_id[len] = '\0';
    context->parent_id[0] = '\0';
    context->state = (struct str){0};
    context->is_sampled = true;
    trace_context_draw_span(context->span_id);
}

void trace_context_draw_span(char id[static SPAN_ID_BYTES])
{
    unsigned char bytes[(SPAN_ID_BYTES - 1) / 2];
    random_fill(bytes, sizeof bytes);
    bytes[0] |= !bytes[0]; /* one in 2^64 would be no ID at all */
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

void trace_context_format(const struct trace_context *context, char text[static TRACEPARENT_BYTES])
{
    snprintf(text, TRACEPARENT_BYTES, "00-%s-%s-%02x", context->trace_id, context->span_id,
             context->is_sampled ? 1U : 0U);
}
