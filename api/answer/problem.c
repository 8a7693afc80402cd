#include "api/answer/problem.h"

#include "api/answer/problem_write.h"

#include <stdio.h>

static bool is_ours(enum fault_code code)
{
    return fault_kind(code)->http_status >= 500;
}

static struct problem_error *add(struct problem *problem, struct arena *arena, const struct fault *fault)
{
    if (is_ours(fault->code)) {
        problem->fault = *fault;
        return NULL;
    }
    problem->errors_found++;
    if (problem->error_count == PROBLEM_MAX_ERRORS)
        return NULL;
    struct problem_error *error = &problem->errors[problem->error_count++];
    *error = (struct problem_error){.code = fault->code};
    error->detail = arena_copy(arena, str_of(fault->detail));
    return error;
}

void problem_add(struct problem *problem, struct arena *arena, struct str pointer, const struct fault *fault)
{
    struct problem_error *error = add(problem, arena, fault);
    if (error)
        error->pointer = arena_copy(arena, pointer);
}

void problem_add_parameter(struct problem *problem, struct arena *arena, struct str parameter,
                           const struct fault *fault)
{
    struct problem_error *error = add(problem, arena, fault);
    if (error)
        error->parameter = arena_copy(arena, parameter);
}

static enum fault_code common_code(const struct problem *problem)
{
    for (size_t i = 1; i < problem->error_count; i++)
        if (problem->errors[i].code != problem->errors[0].code)
            return FAULT_INVALID_REQUEST;
    return problem->errors[0].code;
}

bool problem_conclude(struct problem *problem)
{
    if (problem->fault.code != FAULT_NONE)
        return false;
    if (problem->errors_found == 0)
        return true;
    const struct problem_error *first = &problem->errors[0];
    enum fault_code code = common_code(problem);
    if (problem->errors_found == 1)
        return fault_set(&problem->fault, code, "%.*s", STR_ARG(first->detail));
    if (problem->errors_found == problem->error_count)
        return fault_set(&problem->fault, code, "%zu problems were found: see errors", problem->errors_found);
    return fault_set(&problem->fault, code, "%zu problems were found: errors has the first %d",
                     problem->errors_found, PROBLEM_MAX_ERRORS);
}

void problem_write_head(struct json_writer *json, enum fault_code code, struct str detail, struct str id,
                        enum delivery delivery)
{
    const struct fault_kind *kind = fault_kind(code);
    char type[64];
    snprintf(type, sizeof type, "urn:postern:problem:%s", kind->name);
    json_text(json, "type", str_of(type));
    json_text(json, "title", str_of(kind->title));
    json_uint(json, "status", (uint64_t)kind->http_status);
    json_text(json, "code", str_of(kind->name));
    json_text(json, "detail", detail);
    if (id.data) {
        json_text(json, "id", id);
        json_text(json, "delivery", str_of(delivery_name(delivery)));
    }
    json_bool(json, "retryable", kind->retry_after_s != RETRY_NEVER);
}

void problem_write_error(struct json_writer *json, const char *place_name, struct str place,
                         enum fault_code code, struct str detail)
{
    json_open_object(json, NULL);
    json_text(json, place_name, place);
    json_text(json, "code", str_of(fault_kind(code)->name));
    json_text(json, "detail", detail);
    json_close_object(json);
}

char *problem_json(const struct problem *problem, struct str id)
{
    struct json_writer json;
    size_t bytes;
    json_writer_init(&json, PROBLEM_MAX_BYTES);
    json_open_object(&json, NULL);
    problem_write_head(&json, problem->fault.code, str_of(problem->fault.detail), id, DELIVERY_NOT_SENT);
    if (problem->error_count) {
        json_open_array(&json, "errors");
        for (size_t i = 0; i < problem->error_count; i++) {
            const struct problem_error *error = &problem->errors[i];
            bool in_query = error->parameter.data != NULL;
            problem_write_error(&json, in_query ? "parameter" : "pointer",
                                in_query ? error->parameter : error->pointer, error->code, error->detail);
        }
        json_close_array(&json);
    }
    json_close_object(&json);
    return json_take(&json, &bytes);
}
