/* Who is let in, in this order: a route must be there, its caller known, the message of a form that is taken, and room
 * for its body. What is refused is refused before any of the body is read, or asked for by 100 Continue. */
#include "api/http/front.h"
#include "api/http/request_inside.h"
#include "api/http/route.h"

#include <stdatomic.h>

enum { MAX_ALLOW_BYTES = 64 };

/* The main listener's own; no `answer` stands for the one that takes messages. */
static const struct api_route own_routes[] = {
    {"POST", "/v1/messages", NULL, ACCESS_SEND, 0},
    {"GET", "/", front_answer_page, ACCESS_ANYONE, 0},
    {"GET", "/openapi.yaml", front_answer_openapi, ACCESS_ANYONE, 0}};
enum { OWN_ROUTES = sizeof own_routes / sizeof *own_routes };

enum { TABLES = 2 };

struct route_tables {
    struct route_table of[TABLES];
};

/* The main listener's own, where messages are taken, and those that it was given. */
static struct route_tables tables_of(const struct request *request)
{
    const struct api_config *config = &request->server->config;
    return (struct route_tables){
        {{own_routes, config->submit ? OWN_ROUTES : 0}, {config->routes, config->route_count}}};
}

void admit_find_route(struct request *request, const struct guard_request *guard)
{
    const struct route_tables tables = tables_of(request);
    for (size_t i = 0; i < TABLES && !request->route; i++)
        request->route =
            route_find(&tables.of[i], guard->method, request->framing.path, &request->plain.call.rest);
}

/* 404, or 405 with the methods that there are (RFC 9110 15.5.6). */
static bool tell_no_route(struct request *request, struct fault *fault)
{
    const struct route_tables tables = tables_of(request);
    struct buf methods;
    buf_init(&methods, MAX_ALLOW_BYTES);
    route_list_methods(tables.of, TABLES, request->framing.path, &methods);
    bool exists = methods.len > 0;
    buf_append_char(&methods, '\0');
    if (exists && !methods.failed)
        response_add_header(&request->response, "Allow", methods.data);
    buf_fini(&methods);
    return exists ? fault_set(fault, FAULT_METHOD_NOT_ALLOWED, "see the Allow field for those that are")
                  : fault_set(fault, FAULT_NOT_FOUND, "see /openapi.yaml for what there is");
}

/* A message is about to come: is there room for it, and anybody to take it? */
static bool admit_message(struct request *request, const struct guard_request *guard, struct fault *fault)
{
    struct api_server *server = request->server;
    if (!request->submission)
        return fault_set(fault, FAULT_OVERLOADED, "out of memory");
    if (!guard_check_message(guard, &request->framing, server->config.limits.max_body_bytes, fault))
        return false;
    if (atomic_load(&server->draining))
        return fault_set(fault, FAULT_SHUTTING_DOWN, "no new messages are taken");
    request->json_quality = guard_rate_accept(guard, STR("application"), STR("json"));
    request->rfc822_quality = guard_rate_accept(guard, STR("message"), STR("rfc822"));
    return body_reserve(&request->body, request->framing.content_length, fault);
}

static bool admit_body(struct request *request, const struct guard_request *guard, struct fault *fault)
{
    uint64_t max_bytes = request->route->max_body_bytes;
    if (!max_bytes)
        return guard_check_no_body(&request->framing, fault);
    request->body.max_bytes = max_bytes;
    if (!guard_check_message(guard, &request->framing, max_bytes, fault))
        return false;
    if (request->framing.form != MESSAGE_AS_JSON)
        return fault_set(fault, FAULT_UNSUPPORTED_MEDIA_TYPE, "the Content-Type must be application/json");
    return body_reserve(&request->body, request->framing.content_length, fault);
}

bool admit_request(struct request *request, const struct guard_request *guard, struct fault *fault)
{
    const struct api_route *route = request->route;
    if (!route)
        return tell_no_route(request, fault);
    bool takes_message = !route->answer;
    request->phase = takes_message || route->max_body_bytes ? PHASE_READING : PHASE_SERVING;
    return access_admit(&request->server->config.gate, route->scope, guard, request->connection,
                        &request->grant, &request->response, fault) &&
           (takes_message ? admit_message(request, guard, fault) : admit_body(request, guard, fault));
}
