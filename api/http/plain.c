#include "api/http/plain.h"

static enum plain_state fail(struct fault *fault, enum fault_code code, const char *detail)
{
    fault_set(fault, code, "%s", detail);
    return PLAIN_FAILED;
}

static enum plain_state take(const struct api_answer *made, struct response *response, struct fault *fault)
{
    response_set(response, made->status, made->content_type, made->body, made->body_bytes);
    response_set_fault(response, made->fault);
    response->release = made->release;
    response->owner = made->owner;
    response->feed = made->feed;
    for (size_t i = 0; i < API_MAX_FIELDS && made->fields[i].name; i++)
        response_add_header(response, made->fields[i].name, made->fields[i].value);
    bool is_made = made->body || made->feed.read || made->status == MHD_HTTP_NO_CONTENT;
    return is_made ? PLAIN_ANSWERED : fail(fault, FAULT_OVERLOADED, "out of memory");
}

enum plain_state plain_ask(struct plain *plain, const struct api_route *route, void *context,
                           struct MHD_Connection *connection, struct response *response, struct fault *fault)
{
    if (!plain->call.came.at_us)
        plain->call.came = deadline_after_ms(0);
    for (;;) {
        struct api_answer made = {0};
        route->answer(context, &plain->call, &made);
        if (!made.bell)
            return take(&made, response, fault);
        switch (bell_await(made.bell, made.seen, made.until, connection, &plain->wait)) {
        case BELL_SUSPENDED: return PLAIN_WAITS;
        case BELL_RUNG: break;
        case BELL_FULL: return fail(fault, FAULT_OVERLOADED, "too many are waiting already");
        case BELL_CLOSED: return fail(fault, FAULT_SHUTTING_DOWN, "nothing more will come");
        }
    }
}

void plain_fini(struct plain *plain)
{
    bell_leave(&plain->wait);
}
