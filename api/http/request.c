/* The way of one request through libmicrohttpd's callbacks:
 *
 *     begin                       the raw target, before libmicrohttpd cuts it up
 *     advance, first call         the guard; route; who asks; budget         -> REFUSED, READING or SERVING
 *     advance, with bytes         READING: kept. REFUSED: let pass, so that a client that is still sending
 *                                 a small body gets to read its answer instead of a reset
 *     advance, at the body's end  READING a message: read, suspend, submit (posting.c)   -> SUBMITTED
 *                                 the others: the answer                  -> ANSWERED
 *     advance, resumed            ASIDE: goes on. SUBMITTED: the receipt. SERVING: the route is asked again -> ANSWERED
 *     end                         everything is given back
 *
 * libmicrohttpd takes an answer only before the first byte of the body (for POST and PUT: it then closes) or
 * behind the last. An answer in between is written to the socket by hand and the connection given up.
 */
#include "api/http/fields.h"
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

struct str request_id(const struct request *request)
{
    return request->submission ? str_of(request->submission->id) : (struct str){0};
}

static struct str trace_id_of(const struct request *request)
{
    return request->submission ? str_of(request->submission->trace.trace_id) : (struct str){0};
}

/* False: the client took too long, and was told so. */
bool request_enter(const struct request *request, enum pace_stage stage)
{
    return reaper_enter(request->server->reaper, request->connection, stage, request_id(request));
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
                  LOG_STR("id", request_id(request)), LOG_STR("trace_id", trace_id_of(request)),
                  LOG_STR("key", request->grant.key_name), LOG_INT("status", response->status),
                  LOG_TEXT("code", problem));
    if (request->submission)
        evidence_give(&request->evidence, &config->witness, request->connection, response,
                      request->submission);
}

/* Queues the response that was made. */
enum MHD_Result request_answer(struct request *request)
{
    /* Behind chunks that were not all seen nothing is taken for a request. */
    request->response.closes |=
        atomic_load(&request->server->winding_down) || (request->framing.chunked && request->layout.buffer);
    /* Events have no end that could come too late; who does not take them loses them. */
    if (!request_enter(request, request->response.feed.bell ? PACE_WAITING : PACE_ANSWER))
        return MHD_NO;
    note_answer(request);
    let_go_of_message(request);
    request->phase = PHASE_ANSWERED;
    return response_queue(&request->response, request->connection);
}

enum MHD_Result request_answer_problem(struct request *request, const struct problem *problem)
{
    response_set_problem(&request->response, problem, request_id(request));
    return request_answer(request);
}

enum MHD_Result request_answer_fault(struct request *request, const struct fault *fault)
{
    return request_answer_problem(request, &(struct problem){.fault = *fault});
}

/* In the middle of a body. */
static enum MHD_Result break_off(struct request *request)
{
    if (!request_enter(request, PACE_ANSWER))
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
    response_set_problem(&request->response, &(struct problem){.fault = *fault}, request_id(request));
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
        return request_answer(request);
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
    if (!request_enter(request, PACE_BODY))
        return MHD_NO;
    if (!framing_holds || !admit_request(request, &guard, &fault))
        return refuse(request, &guard, &fault, framing_holds);
    return MHD_YES;
}

static enum MHD_Result serve_route(struct request *request)
{
    struct fault fault;
    if (!request_enter(request, PACE_WAITING))
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
        return request_answer(request);
    response_fini(&request->response);
    return request_answer_fault(request, &fault);
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
    response_set_problem(&request->response, &problem, request_id(request));
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
    case PHASE_REFUSED: return request_answer(request);
    case PHASE_SERVING: return serve_route(request);
    case PHASE_READING: return request->submission ? posting_take(request) : serve_route(request);
    case PHASE_ASIDE: return request->go_on(request);
    case PHASE_SUBMITTED: return posting_answer(request);
    case PHASE_ANSWERED:
    default: return MHD_YES;
    }
}
