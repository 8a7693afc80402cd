/* A request to send a message, from its last byte to its answer: read, checked with the gate, submitted.
 *
 * What takes the longer the larger a body is (to read it, to build the message for a dry run) is a step for itself, which
 * touches the request alone: a large body's is taken by another thread while the connection is suspended, and everybody
 * else's requests go on.
 */
#include "api/answer/dry_run.h"
#include "api/answer/receipt.h"
#include "api/http/query.h"
#include "api/http/request_inside.h"
#include "api/message/reader.h"

#include <stdatomic.h>
#include <string.h>

/* To read so much takes 0.4 ms, many times as long as the way to another thread and back. */
enum { LARGE_BODY_BYTES = 1 << 20 };

static void count_in_flight(struct request *request)
{
    if (!request->counted)
        atomic_fetch_add(&request->server->in_flight, 1);
    request->counted = true;
}

static void take_step_aside(void *context)
{
    struct request *request = context;
    struct MHD_Connection *connection = request->connection;
    request->step(request);
    MHD_resume_connection(connection);
}

/* Suspended first: it may be resumed before anything else is done here. */
static enum MHD_Result take_step(struct request *request, void (*step)(struct request *request),
                                 enum MHD_Result (*go_on)(struct request *request))
{
    if (request->body.len < LARGE_BODY_BYTES) {
        step(request);
        return go_on(request);
    }
    count_in_flight(request);
    request->phase = PHASE_ASIDE;
    request->step = step;
    request->go_on = go_on;
    request->work = (struct aside_work){.run = take_step_aside, .owner = request};
    MHD_suspend_connection(request->connection);
    if (!aside_do(&request->server->aside, &request->work))
        take_step_aside(request);
    return MHD_YES;
}

/* The service has written the outcome; the last touch of its thread. */
static void resume(struct submission *submission)
{
    const struct request *request = submission->owner;
    MHD_resume_connection(request->connection);
}

/* Suspended first: the outcome may stand, on another thread, before submit has returned. */
static enum MHD_Result submit(struct request *request)
{
    const struct api_config *config = &request->server->config;
    struct submission *submission = request->submission;
    struct fault fault;
    count_in_flight(request);
    request->phase = PHASE_SUBMITTED;
    submission->owner = request;
    submission->complete = resume;
    submission->deadline = deadline_after_ms(config->request_timeout_ms);
    MHD_suspend_connection(request->connection);
    if (!config->submit(config->submit_context, submission, &fault)) {
        submission->outcome.fault = fault;
        resume(submission);
    }
    return MHD_YES;
}

enum MHD_Result posting_answer(struct request *request)
{
    struct submission *submission = request->submission;
    enum fault_code code = receipt_fault(&submission->outcome);
    char *json = receipt_json(submission);
    /* Out of memory there is no answer but a broken connection, which says what is true: not known. */
    if (!json)
        return MHD_NO;
    response_set(&request->response, fault_kind(code)->http_status,
                 code == FAULT_NONE ? "application/json" : "application/problem+json", json, strlen(json));
    response_set_fault(&request->response, code);
    return request_answer(request);
}

/* A step: leaves the answer. */
static void build_dry_run(struct request *request)
{
    bool as_message = request->rfc822_quality > request->json_quality;
    const struct api_config *config = &request->server->config;
    struct submission *submission = request->submission;
    struct fault fault;
    size_t bytes;
    char *text = NULL;
    struct render *render = config->compose(config->submit_context, submission);
    if (render)
        text = as_message ? dry_run_message(render, &bytes) : dry_run_json(submission, render, &bytes);
    if (text) {
        response_set(&request->response, 200, as_message ? "message/rfc822" : "application/json", text,
                     bytes);
        return;
    }
    fault_set(&fault, FAULT_OVERLOADED, "out of memory");
    response_set_problem(&request->response, &(struct problem){.fault = fault}, request_id(request));
}

/* The message and its JSON form are both held besides what was parsed. */
static enum MHD_Result answer_dry_run(struct request *request)
{
    bool as_message = request->rfc822_quality > request->json_quality;
    struct fault fault;
    if (!body_hold(&request->body, (as_message ? 1 : 2) * request->body.held_bytes, &fault))
        return request_answer_fault(request, &fault);
    return take_step(request, build_dry_run, request_answer);
}

static bool answer_is_acceptable(const struct request *request)
{
    return request->json_quality > 0 || (request->submission->dry_run && request->rfc822_quality > 0);
}

/* A step: leaves the answer where there is a problem. */
static void read_message(struct request *request)
{
    struct problem problem = {0};
    struct submission *submission = request->submission;
    const struct api_config *config = &request->server->config;
    const struct guard_framing *framing = &request->framing;
    struct message_body body = {framing->form, framing->content_type, framing->query,
                                body_view(&request->body)};
    submission->keeps_transcript = config->witness.see;
    submission->request_bytes = body.octets.len;
    evidence_keep(&request->evidence, &config->witness, body.octets);
    query_read(submission, framing->query, framing->form == MESSAGE_AS_RFC822, &problem);
    if (!submission_read(submission, &body, &config->limits, &problem))
        response_set_problem(&request->response, &problem, request_id(request));
}

static enum MHD_Result act_on_message(struct request *request)
{
    struct problem problem = {0};
    struct submission *submission = request->submission;
    if (request->response.status)
        return request_answer(request);
    bool valid = answer_is_acceptable(request) ||
                 fault_set(&problem.fault, FAULT_NOT_ACCEPTABLE,
                           "the answer is application/json, or for a dry run message/rfc822");
    valid = valid && access_check_message(&request->server->config.gate, &request->grant, submission,
                                          &request->response, &problem);
    valid = valid && body_hold(&request->body, submission_overhead_bytes(submission), &problem.fault);
    if (!valid)
        return request_answer_problem(request, &problem);
    return submission->dry_run ? answer_dry_run(request) : submit(request);
}

enum MHD_Result posting_take(struct request *request)
{
    return request_enter(request, PACE_WAITING) ? take_step(request, read_message, act_on_message) : MHD_NO;
}
