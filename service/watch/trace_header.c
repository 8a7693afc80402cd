#include "service/watch/trace_header.h"

bool trace_header_check(struct str name, struct fault *fault)
{
    struct fault why;
    return !name.data || message_check_header(name, STR("00"), &why) ||
           fault_set(fault, FAULT_INVALID_REQUEST, "option trace_header: %s", why.detail);
}

static bool is_written_by_caller(const struct message *message, struct str name)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (str_equal_nocase(message->headers[i].name, name))
            return true;
    return false;
}

bool trace_header_apply(struct str name, struct submission *submission, struct fault *fault)
{
    struct arena *arena = &submission->arena;
    char value[TRACEPARENT_BYTES];
    if (!name.data || is_written_by_caller(&submission->message, name))
        return true;
    trace_context_format(&submission->trace, value);
    submission->message.trace =
        (struct header_field){arena_copy(arena, name), arena_copy(arena, str_of(value))};
    return !arena->failed ||
           fault_set(fault, FAULT_OVERLOADED, "the request needs more memory than one may take");
}
