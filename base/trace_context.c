#include "base/trace_context.h"

#include "base/digits.h"

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
    *digits_hex(id, bytes, sizeof bytes) = '\0';
}

void trace_context_format(const struct trace_context *context, char text[static TRACEPARENT_BYTES])
{
    text = digits_text(text, STR("00-"));
    text = digits_text(text, str_of(context->trace_id));
    text = digits_text(text, STR("-"));
    text = digits_text(text, str_of(context->span_id));
    text = digits_text(text, context->is_sampled ? STR("-01") : STR("-00"));
    *text = '\0';
}
