#include "service/sandbox/serve.h"

#include <stdio.h>
#include <string.h>

void serve_field(struct api_answer *answer, const char *name, const char *value)
{
    for (size_t i = 0; i < API_MAX_FIELDS; i++) {
        struct api_field *field = &answer->fields[i];
        if (field->name && strcmp(field->name, name) != 0)
            continue;
        field->name = name;
        snprintf(field->value, sizeof field->value, "%s", value);
        return;
    }
}

void serve_problem(struct api_answer *answer, const struct problem *problem)
{
    *answer = (struct api_answer){.status = fault_kind(problem->fault.code)->http_status,
                                  .fault = problem->fault.code,
                                  .content_type = "application/problem+json",
                                  .body = problem_json(problem, (struct str){0})};
    answer->body_bytes = answer->body ? strlen(answer->body) : 0;
    serve_field(answer, "Content-Security-Policy", SERVE_INERT);
}

void serve_fault(struct api_answer *answer, enum fault_code code, const char *detail)
{
    struct problem problem = {0};
    fault_set(&problem.fault, code, "%s", detail);
    serve_problem(answer, &problem);
}

void serve_json(struct api_answer *answer, struct json_writer *json)
{
    answer->body = json_take(json, &answer->body_bytes);
    answer->status = 200;
    answer->content_type = "application/json";
    serve_field(answer, "Content-Security-Policy", SERVE_INERT);
    if (!answer->body)
        serve_fault(answer, FAULT_OVERLOADED, "out of memory");
}

static void let_go(void *owner)
{
    struct sandbox_message *message = owner;
    sandbox_message_release(&message);
}

void serve_held(struct api_answer *answer, struct sandbox_message *message, struct str body,
                const char *content_type)
{
    answer->status = 200;
    answer->content_type = content_type;
    answer->body = (char *)(uintptr_t)str_chars(body);
    answer->body_bytes = body.len;
    answer->release = let_go;
    answer->owner = message;
    serve_field(answer, "Content-Security-Policy", SERVE_INERT);
}

const struct api_route sandbox_routes[] = {
    {"GET", "/sandbox", serve_page_address, ACCESS_ANYONE, 0},
    {"GET", "/sandbox/", serve_page, ACCESS_ANYONE, 0},
    {"GET", "/sandbox/page/*", serve_page_file, ACCESS_ANYONE, 0},
    {"GET", "/sandbox/messages", serve_messages, ACCESS_SANDBOX, 0},
    {"DELETE", "/sandbox/messages", serve_clear, ACCESS_SANDBOX, 0},
    {"GET", "/sandbox/messages.mbox", serve_mbox, ACCESS_SANDBOX, 0},
    {"GET", "/sandbox/messages/**", serve_message, ACCESS_SANDBOX, 0},
    {"DELETE", "/sandbox/messages/*", serve_remove, ACCESS_SANDBOX, 0},
    {"GET", "/sandbox/shown/**", serve_shown, ACCESS_ANYONE, 0},
    {"GET", "/sandbox/server", serve_server, ACCESS_SANDBOX, 0},
    {"GET", "/sandbox/exchanges", serve_exchanges, ACCESS_SANDBOX, 0},
    {"GET", "/sandbox/exchanges/*", serve_exchange, ACCESS_SANDBOX, 0},
    {"GET", "/sandbox/sessions", serve_sessions, ACCESS_SANDBOX, 0},
    {"GET", "/sandbox/sessions/*", serve_session, ACCESS_SANDBOX, 0},
    {"GET", "/sandbox/events", serve_events, ACCESS_SANDBOX, 0},
    {"GET", "/sandbox/behaviour", serve_behaviour, ACCESS_SANDBOX, 0},
    {"PUT", "/sandbox/behaviour", serve_set_behaviour, ACCESS_SANDBOX, 65536},
    {"DELETE", "/sandbox/behaviour", serve_clear_behaviour, ACCESS_SANDBOX, 0},
    {"GET", "/sandbox/certificate.pem", serve_certificate, ACCESS_SANDBOX, 0},
};
const size_t sandbox_route_count = sizeof sandbox_routes / sizeof sandbox_routes[0];
