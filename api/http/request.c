/* The way of one request through libmicrohttpd's callbacks:
 *
 *     begin                       the raw target, before libmicrohttpd cuts it up
 *     advance, first call         the guard; route; who asks; budget         -> REFUSED, READING or SERVING
 *     advance, with bytes         READING: kept. REFUSED: let pass, so that a client that is still sending
 *                                 a small body gets to read its answer instead of a reset
 *     advance, at the body's end  READING a message: check, read, suspend, submit   -> SUBMITTED
 *                                 the others: the answer                  -> ANSWERED
 *     advance, resumed            SUBMITTED: the receipt. SERVING: the route is asked again -> ANSWERED
 *     end                         everything is given back
 *
 * libmicrohttpd takes an answer only before the first byte of the body (for POST and PUT: it then closes) or
 * behind the last. An answer in between is written to the socket by hand and the connection given up.
 */
#include "api/answer/dry_run.h"
#include "api/answer/receipt.h"
#include "api/http/fields.h"
#include "api/http/query.h"
#include "api/http/request_inside.h"
#include "api/http/tls_listener.h"
#include "api/http/traceparent.h"
#include "api/message/reader.h"
#include "base/log.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A refused body up to this size is let pass before the answer. */
enum { SMALL_BODY_BYTES = 64 * 1024 };

/* libmicrohttpd takes the query apart, too, and keeps each parameter in the memory of the connection: some
 * hundreds of them leave none for the request, which then hangs. What stands there is its own buffer; without
 * "&" it is one parameter. */
static void hide_parameters(char *target)
{
    for (char *c = strchr(target, '?'); c && *c; c++)
        if (*c == '&')
            *c = ';';
}

void *request_begin(void *server, const char *target, struct MHD_Connection *connection)
{
    size_t bytes = strlen(target) + 1;
    reaper_begin_header(((struct api_server *)server)->reaper, connection);
    struct request *request = calloc(1, sizeof *request + bytes);
    if (!request)
        return NULL;
    request->server = server;
    request->connection = connection;
    request->body.budget = &request->server->budget;
    request->body.max_bytes = request->server->config.limits.max_body_bytes;
    memcpy(request->target, target, bytes);
    layout_begin(&request->layout, target);
    hide_parameters((char *)(uintptr_t)target);
    return request;
}

/* While a slow client reads its answer, nothing else is held. */
static void let_go_of_message(struct request *request)
{
    submission_free(&request->submission);
    access_release(&request->server->config.gate, &request->grant);
    evidence_fini(&request->evidence);
    /* A body that is not its own is held elsewhere. */
    body_give_way(&request->body, request->response.release ? 0 : request->response.body_bytes);
}

void request_end(void *server, struct MHD_Connection *connection, void **context,
                 enum MHD_RequestTerminationCode code)
{
    (void)code;
    struct request *request = *context;
    reaper_enter(((struct api_server *)server)->reaper, connection, PACE_KEPT, (struct str){0});
    if (!request)
        return;
    if (request->counted)
        atomic_fetch_sub(&request->server->in_flight, 1);
    plain_fini(&request->plain);
    response_fini(&request->response);
    let_go_of_message(request);
    body_fini(&request->body);
    free(request);
    *context = NULL;
}

static struct str id_of(const struct request *request)
{
    return request->submission ? str_of(request->submission->id) : (struct str){0};
}

static struct str trace_id_of(const struct request *request)
{
    return request->submission ? str_of(request->submission->trace.trace_id) : (struct str){0};
}

/* False: the client took too long, and was told so. */
static bool enter(const struct request *request, enum pace_stage stage)
{
    return reaper_enter(request->server->reaper, request->connection, stage, id_of(request));
}

/* What the operator sees of an answer: numbers, and a line for each problem. Never what was asked. */
static void note_answer(const struct request *request)
{
    const struct response *response = &request->response;
    const struct api_config *config = &request->server->config;
    const char *problem = response->fault == FAULT_NONE ? NULL : fault_kind(response->fault)->name;
    if (config->count_response)
        config->count_response(config->count_context, response->status, problem);
    if (problem)
        log_event(request->submission ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "problem answered",
                  LOG_STR("id", id_of(request)), LOG_STR("trace_id", trace_id_of(request)),
                  LOG_STR("key", request->grant.key_name), LOG_INT("status", response->status),
                  LOG_TEXT("code", problem));
    if (request->submission)
        evidence_give(&request->evidence, &config->witness, request->connection, response,
                      request->submission);
}

/* Queues the response that was made. */
static enum MHD_Result answer(struct request *request)
{
    /* Behind chunks that were not all seen nothing is taken for a request. */
    request->response.closes |=
        atomic_load(&request->server->winding_down) || (request->framing.chunked && request->layout.buffer);
    /* Events have no end that could come too late; who does not take them loses them. */
    if (!enter(request, request->response.feed.bell ? PACE_WAITING : PACE_ANSWER))
        return MHD_NO;
    note_answer(request);
    let_go_of_message(request);
    request->phase = PHASE_ANSWERED;
    return response_queue(&request->response, request->connection);
}

static enum MHD_Result answer_problem(struct request *request, const struct problem *problem)
{
    response_set_problem(&request->response, problem, id_of(request));
    return answer(request);
}

static enum MHD_Result answer_fault(struct request *request, const struct fault *fault)
{
    return answer_problem(request, &(struct problem){.fault = *fault});
}

/* In the middle of a body. */
static enum MHD_Result break_off(struct request *request)
{
    if (!enter(request, PACE_ANSWER))
        return MHD_NO;
    note_answer(request);
    response_write(&request->response, request->connection);
    return MHD_NO;
}

/* Before the first byte of a body; where the framing is in doubt, nothing is read that might be one. */
static enum MHD_Result refuse(struct request *request, const struct guard_request *guard,
                              const struct fault *fault, bool framing_holds)
{
    const struct guard_framing *framing = &request->framing;
    response_set_problem(&request->response, &(struct problem){.fault = *fault}, id_of(request));
    if (fault->code == FAULT_UNSUPPORTED_MEDIA_TYPE)
        response_add_header(&request->response, "Accept-Encoding", "identity");
    request->response.closes = true;
    bool passes = framing_holds && !framing->chunked && !framing->expects_continue &&
                  framing->content_length <= SMALL_BODY_BYTES;
    if (passes) {
        request->phase = PHASE_REFUSED;
        return MHD_YES;
    }
    if (str_equal(guard->method, STR("POST")) || str_equal(guard->method, STR("PUT")))
        return answer(request);
    return break_off(request);
}

/* The route is looked for even where the framing fails: an answer to a message says what became of it. */
static enum MHD_Result begin(struct request *request, const char *method, const char *version)
{
    struct guard_request guard = {
        .method = str_of(method), .target = str_of(request->target), .version = str_of(version)};
    struct fault fault;
    fields_gather(request->connection, &guard);
    layout_find(&request->layout, request->connection, &guard);
    bool framing_holds = guard_check_framing(&guard, &request->framing, &fault);
    admit_find_route(request, &guard);
    bool takes_message = request->route && !request->route->answer;
    if (takes_message) {
        request->submission = submission_new(&request->server->config.limits);
        evidence_begin(&request->evidence, request->target);
        if (request->submission)
            traceparent_read(&request->submission->arena, &guard, request->submission->id,
                             &request->submission->trace);
    }
    if (!enter(request, PACE_BODY))
        return MHD_NO;
    if (!framing_holds || !admit_request(request, &guard, &fault))
        return refuse(request, &guard, &fault, framing_holds);
    return MHD_YES;
}

static enum MHD_Result serve_route(struct request *request)
{
    struct fault fault;
    if (!enter(request, PACE_WAITING))
        return MHD_NO;
    request->phase = PHASE_SERVING;
    request->plain.call.query = request->framing.query;
    request->plain.call.body = body_view(&request->body);
    enum plain_state state = plain_ask(&request->plain, request->route, request->server->config.route_context,
                                       request->connection, &request->response, &fault);
    if (state == PLAIN_WAITS)
        return MHD_YES;
    uint64_t own_bytes = request->response.release ? 0 : request->response.body_bytes;
    if (state == PLAIN_ANSWERED && body_hold(&request->body, own_bytes, &fault))
        return answer(request);
    response_fini(&request->response);
    return answer_fault(request, &fault);
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
    atomic_fetch_add(&request->server->in_flight, 1);
    request->counted = true;
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

static enum MHD_Result answer_outcome(struct request *request)
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
    return answer(request);
}

/* The message and its JSON form are both held besides what was parsed. */
static enum MHD_Result answer_dry_run(struct request *request)
{
    bool as_message = request->rfc822_quality > request->json_quality;
    size_t bytes;
    struct fault fault;
    if (!body_hold(&request->body, (as_message ? 1 : 2) * request->body.held_bytes, &fault))
        return answer_fault(request, &fault);
    char *text = NULL;
    const struct api_config *config = &request->server->config;
    struct render *render = config->compose(config->submit_context, request->submission);
    if (render)
        text =
            as_message ? dry_run_message(render, &bytes) : dry_run_json(request->submission, render, &bytes);
    if (!text) {
        fault_set(&fault, FAULT_OVERLOADED, "out of memory");
        return answer_fault(request, &fault);
    }
    response_set(&request->response, 200, as_message ? "message/rfc822" : "application/json", text, bytes);
    return answer(request);
}

static bool answer_is_acceptable(const struct request *request)
{
    return request->json_quality > 0 || (request->submission->dry_run && request->rfc822_quality > 0);
}

static enum MHD_Result take_message(struct request *request)
{
    struct problem problem = {0};
    struct submission *submission = request->submission;
    const struct guard_framing *framing = &request->framing;
    struct message_body body = {framing->form, framing->content_type, framing->query,
                                body_view(&request->body)};
    if (!enter(request, PACE_WAITING))
        return MHD_NO;
    submission->keeps_transcript = request->server->config.witness.see;
    submission->request_bytes = body.octets.len;
    evidence_keep(&request->evidence, &request->server->config.witness, body.octets);
    query_read(submission, framing->query, framing->form == MESSAGE_AS_RFC822, &problem);
    bool valid = submission_read(submission, &body, &request->server->config.limits, &problem);
    if (valid && !answer_is_acceptable(request))
        valid = fault_set(&problem.fault, FAULT_NOT_ACCEPTABLE,
                          "the answer is application/json, or for a dry run message/rfc822");
    valid = valid && access_check_message(&request->server->config.gate, &request->grant, submission,
                                          &request->response, &problem);
    valid = valid && body_hold(&request->body, submission_overhead_bytes(submission), &problem.fault);
    if (!valid)
        return answer_problem(request, &problem);
    return submission->dry_run ? answer_dry_run(request) : submit(request);
}

/* The client has closed with a part of its body still to come. libmicrohttpd 0.9.75 overlooks an end that
 * came together with bytes, and would hold the body until the connection has been idle for too long. */
static bool client_is_gone(const struct request *request)
{
    if (!request->framing.has_length || request->body.len == request->framing.content_length ||
        tls_listener_has_pending(request->connection))
        return false;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    char byte;
    return info && recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static enum MHD_Result keep(struct request *request, struct str bytes)
{
    struct problem problem = {0};
    bool exact =
        !request->framing.chunked || layout_check_chunk(&request->layout, bytes.data, &problem.fault);
    if (exact && body_append(&request->body, bytes, &problem.fault))
        return client_is_gone(request) ? MHD_NO : MHD_YES;
    response_set_problem(&request->response, &problem, id_of(request));
    return break_off(request);
}

/* What was taken is wiped where it was: libmicrohttpd has no more use for it, and would leave it in its memory. */
static enum MHD_Result receive(struct request *request, struct str bytes, size_t *upload_bytes)
{
    *upload_bytes = 0;
    if (!reaper_count_bytes(request->server->reaper, request->connection, bytes.len))
        return MHD_NO;
    enum MHD_Result result = request->phase == PHASE_READING ? keep(request, bytes) : MHD_YES;
    explicit_bzero((char *)(uintptr_t)bytes.data, bytes.len);
    return result;
}

/* NOLINTNEXTLINE(readability-function-size): the signature is libmicrohttpd's. */
enum MHD_Result request_advance(void *server, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_bytes, void **context)
{
    (void)server, (void)connection, (void)url;
    struct request *request = *context;
    if (!request)
        return MHD_NO;
    if (*upload_bytes)
        return receive(request, (struct str){upload, *upload_bytes}, upload_bytes);
    switch (request->phase) {
    case PHASE_BEGUN: return begin(request, method, version);
    case PHASE_REFUSED: return answer(request);
    case PHASE_SERVING: return serve_route(request);
    case PHASE_READING: return request->submission ? take_message(request) : serve_route(request);
    case PHASE_SUBMITTED: return answer_outcome(request);
    case PHASE_ANSWERED:
    default: return MHD_YES;
    }
}
