/* What a status means is OTLP's to say (its section "Failures"): 429, 502, 503 and 504 may be tried again, any other 4xx
 * or 5xx may not. A redirection is none of what a collector answers. */
#include "service/watch/otlp_post.h"

#include "service/version.h"
#include "service/watch/http_reply.h"
#include "smtp/dial.h"
#include "smtp/transport.h"

enum { MAX_HEAD_BYTES = 16384, READ_BYTES = 2048 };

/* In words of its own, for those of smtp speak of a relay. */
static const char *status_name(enum smtp_status status)
{
    static const char *const names[SMTP_STATUS_COUNT] = {
        [SMTP_STATUS_EOF] = "the collector closed the connection without an answer",
        [SMTP_STATUS_RESET] = "the connection to the collector broke",
        [SMTP_STATUS_TIMEOUT] = "the collector did not answer in time",
        [SMTP_STATUS_STOPPED] = "Postern is stopping",
        [SMTP_STATUS_TLS_BROKEN] = "TLS with the collector broke",
        [SMTP_STATUS_TLS_REFUSED] = "TLS with the collector failed",
        [SMTP_STATUS_MALFORMED] = "what the collector answers is no HTTP",
    };
    return names[status] ? names[status] : "Postern is out of memory";
}

static bool fail(struct otlp_result *result, enum smtp_status status, const char *problem)
{
    result->end = status == SMTP_STATUS_TLS_REFUSED ? OTLP_REFUSED : OTLP_AGAIN;
    return fault_set(&result->why, FAULT_UPSTREAM_UNREACHABLE, "%s%s%s", status_name(status),
                     problem[0] ? ": " : "", problem);
}

static bool write_request(struct smtp_transport *transport, const struct collector *collector,
                          struct str json, struct deadline deadline, struct otlp_result *result)
{
    struct buf head;
    size_t taken;
    buf_init(&head, MAX_HEAD_BYTES);
    buf_append_format(
        &head,
        "POST %.*s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: postern/%s\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\nConnection: close\r\n",
        STR_ARG(collector->path), STR_ARG(collector->authority), POSTERN_VERSION, json.len);
    buf_append(&head, collector->fields);
    buf_append(&head, STR("\r\n"));
    enum smtp_status status = head.failed ? SMTP_STATUS_NO_MEMORY : SMTP_STATUS_OK;
    if (status == SMTP_STATUS_OK)
        status = transport->ops->write(transport, buf_view(&head), deadline, &taken);
    if (status == SMTP_STATUS_OK)
        status = transport->ops->write(transport, json, deadline, &taken);
    buf_wipe(&head); /* the fields are credentials */
    /* Who hangs up in the middle may have said why. */
    return status == SMTP_STATUS_OK || status == SMTP_STATUS_RESET ||
           fail(result, status, transport->tls.problem);
}

static void judge(const struct http_reply *reply, struct otlp_result *result)
{
    int status = reply->status;
    bool may_pass = status == 429 || status == 502 || status == 503 || status == 504;
    result->end = status / 100 == 2 ? OTLP_TAKEN : may_pass ? OTLP_AGAIN : OTLP_REFUSED;
    result->wait_s = reply->retry_after_s;
    fault_set(&result->why, FAULT_UPSTREAM_TEMPORARY, "the collector answers %d", status);
}

static void read_reply(struct smtp_transport *transport, struct deadline deadline, struct otlp_result *result)
{
    struct http_reply reply;
    char bytes[READ_BYTES];
    enum http_reply_state state = HTTP_REPLY_PARTIAL;
    enum smtp_status status = SMTP_STATUS_OK;
    http_reply_init(&reply);
    while (state == HTTP_REPLY_PARTIAL && status == SMTP_STATUS_OK) {
        size_t got;
        status = transport->ops->read(transport, bytes, sizeof bytes, deadline, &got);
        if (status == SMTP_STATUS_OK)
            state = http_reply_feed(&reply, (struct str){bytes, got});
    }
    if (state == HTTP_REPLY_COMPLETE)
        judge(&reply, result);
    else
        fail(result, state == HTTP_REPLY_MALFORMED ? SMTP_STATUS_MALFORMED : status, transport->tls.problem);
    http_reply_fini(&reply);
}

static bool secure(struct smtp_transport *transport, const struct smtp_relay *place, struct deadline deadline,
                   struct otlp_result *result)
{
    if (place->tls == SMTP_TLS_NONE)
        return true;
    enum smtp_status status = transport->ops->start_tls(transport, place, deadline);
    return status == SMTP_STATUS_OK || fail(result, status, transport->tls.problem);
}

void otlp_post(const struct collector *collector, struct str json, int stop_fd, struct deadline deadline,
               struct otlp_result *result)
{
    struct smtp_relay place = collector->place;
    place.stop_fd = stop_fd;
    *result = (struct otlp_result){.end = OTLP_AGAIN};
    struct smtp_transport *transport = smtp_dial(&place, deadline, &result->why);
    if (!transport)
        return;
    if (secure(transport, &place, deadline, result) &&
        write_request(transport, collector, json, deadline, result))
        read_reply(transport, deadline, result);
    transport->ops->free(transport);
}
