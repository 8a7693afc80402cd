#include "api/http/response.h"

#include "api/http/tls_listener.h"
#include "base/buf.h"
#include "base/wipe.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_WRITTEN_BYTES = 64 * 1024 };

static const char out_of_memory[] =
    "{\"type\":\"urn:postern:problem:overloaded\",\"title\":\"Postern has more work than it can take\","
    "\"status\":503,\"code\":\"overloaded\",\"detail\":\"out of memory\",\"delivery\":\"not_sent\","
    "\"retryable\":true}";

/* What every answer carries: nothing here is to be stored or guessed at (RFC 9111 5.2.2.5). */
static const char *const common_headers[][2] = {{"Cache-Control", "no-store"},
                                                {"X-Content-Type-Options", "nosniff"}};
enum { COMMON_HEADERS = sizeof common_headers / sizeof *common_headers };

void response_set(struct response *response, int status, const char *content_type, char *body,
                  size_t body_bytes)
{
    response->status = status;
    response->content_type = content_type;
    response->body = body;
    response->body_bytes = body_bytes;
}

static struct response_header *find_header(struct response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, name) == 0)
            return &response->headers[i];
    return NULL;
}

void response_set_fault(struct response *response, enum fault_code code)
{
    const struct fault_kind *kind = fault_kind(code);
    response->fault = code;
    /* RFC 9110 10.2.3. Never for an unknown outcome: its row says never. */
    if (kind->retry_after_s != RETRY_NEVER && !find_header(response, "Retry-After")) {
        char seconds[16];
        snprintf(seconds, sizeof seconds, "%d", kind->retry_after_s);
        response_add_header(response, "Retry-After", seconds);
    }
}

void response_set_problem(struct response *response, const struct problem *problem, struct str id)
{
    enum fault_code code = problem->fault.code;
    char *json = problem_json(problem, id);
    if (!json) {
        code = FAULT_OVERLOADED;
        json = strdup(out_of_memory);
    }
    response_set(response, fault_kind(code)->http_status, "application/problem+json", json,
                 json ? strlen(json) : 0);
    response_set_fault(response, code);
}

void response_add_header(struct response *response, const char *name, const char *value)
{
    struct response_header *header = find_header(response, name);
    if (!header) {
        assert(response->header_count < RESPONSE_MAX_HEADERS);
        header = &response->headers[response->header_count++];
    }
    header->name = name;
    snprintf(header->value, sizeof header->value, "%s", value);
}

static struct MHD_Response *make(struct response *response, struct MHD_Connection *connection)
{
    struct MHD_Response *made;
    if (response->feed.read) {
        struct feed feed = response->feed;
        response->feed = (struct feed){0};
        return feed_respond(&feed, connection);
    }
    if (response->release)
        made = MHD_create_response_from_buffer_with_free_callback_cls(response->body_bytes, response->body,
                                                                      response->release, response->owner);
    else if (response->body)
        made = MHD_create_response_from_buffer_with_free_callback(response->body_bytes, response->body,
                                                                  wipe_free);
    else
        made = MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
    if (made) {
        response->body = NULL;
        response->release = NULL;
    }
    return made;
}

enum MHD_Result response_queue(struct response *response, struct MHD_Connection *connection)
{
    struct MHD_Response *made = make(response, connection);
    if (!made)
        return MHD_NO;
    bool whole = !response->content_type ||
                 MHD_add_response_header(made, "Content-Type", response->content_type) == MHD_YES;
    for (size_t i = 0; i < COMMON_HEADERS; i++)
        whole &= MHD_add_response_header(made, common_headers[i][0], common_headers[i][1]) == MHD_YES;
    for (size_t i = 0; i < response->header_count; i++)
        whole &=
            MHD_add_response_header(made, response->headers[i].name, response->headers[i].value) == MHD_YES;
    if (response->closes)
        whole &= MHD_add_response_header(made, "Connection", "close") == MHD_YES;
    enum MHD_Result queued =
        whole ? MHD_queue_response(connection, (unsigned)response->status, made) : MHD_NO;
    MHD_destroy_response(made);
    return queued;
}

/* RFC 9110 5.6.7. */
static void append_date(struct buf *text)
{
    char date[64];
    struct tm utc;
    time_t now = time(NULL);
    gmtime_r(&now, &utc);
    date[strftime(date, sizeof date - 1, "%a, %d %b %Y %H:%M:%S GMT", &utc)] = '\0';
    buf_append_format(text, "Date: %s\r\n", date);
}

void response_write(struct response *response, struct MHD_Connection *connection)
{
    struct buf text;
    buf_init(&text, MAX_WRITTEN_BYTES);
    buf_append_format(&text, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
                      response->status, MHD_get_reason_phrase_for((unsigned)response->status),
                      response->content_type, response->body_bytes);
    append_date(&text);
    for (size_t i = 0; i < COMMON_HEADERS; i++)
        buf_append_format(&text, "%s: %s\r\n", common_headers[i][0], common_headers[i][1]);
    for (size_t i = 0; i < response->header_count; i++)
        buf_append_format(&text, "%s: %s\r\n", response->headers[i].name, response->headers[i].value);
    buf_append(&text, STR("Connection: close\r\n\r\n"));
    buf_append(&text, (struct str){response->body, response->body_bytes});
    /* The first bytes of this answer: they fit into the socket's buffer, or the client reads nothing. */
    if (!text.failed)
        tls_listener_write(connection, buf_view(&text));
    buf_wipe(&text);
}

void response_fini(struct response *response)
{
    if (response->release)
        response->release(response->owner);
    else
        wipe_free(response->body);
    if (response->feed.read)
        response->feed.close(response->feed.context);
    *response = (struct response){0};
}
