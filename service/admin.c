#include "service/admin.h"

#include "service/version.h"

enum { MAX_ANSWER_BYTES = 1 << 20 };

static const char TEXT[] = "text/plain; charset=utf-8";
static const char PROMETHEUS_TEXT[] = "text/plain; version=0.0.4; charset=utf-8";

/* Hands the buffer's bytes over to the answer. */
static void answer_with(struct api_answer *answer, int status, const char *content_type, struct buf *body)
{
    *answer = (struct api_answer){
        .status = status, .content_type = content_type, .body = body->data, .body_bytes = body->len};
}

static void answer_livez(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)context, (void)call;
    struct buf body;
    buf_init(&body, MAX_ANSWER_BYTES);
    buf_append(&body, STR("ok\n"));
    answer_with(answer, 200, TEXT, &body);
}

static void answer_readyz(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)call;
    struct admin *admin = context;
    struct fault why_not;
    bool ready = gateway_is_ready(admin->gateway, &why_not);
    struct buf body;
    buf_init(&body, MAX_ANSWER_BYTES);
    if (ready)
        buf_append(&body, STR("ok\n"));
    else
        buf_append_format(&body, "%s: %s\n", fault_kind(why_not.code)->name, why_not.detail);
    answer_with(answer, ready ? 200 : 503, TEXT, &body);
}

static unsigned long long count_queued(const struct pool_view *view)
{
    return view->queued;
}

static unsigned long long count_sessions(const struct pool_view *view)
{
    return view->sessions;
}

static unsigned long long count_idle_sessions(const struct pool_view *view)
{
    return view->idle_threads;
}

static unsigned long long get_limit(const struct pool_view *view)
{
    return view->limit;
}

static unsigned long long is_refused(const struct pool_view *view)
{
    return view->breaker == BREAKER_OPEN;
}

/* A label's value in Prometheus' text format: the path of a socket may hold what would end it. */
static void append_label(struct buf *out, struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\')
            buf_append_char(out, '\\');
        buf_append_char(out, value.data[i]);
    }
}

static void append_relay_gauges(struct buf *out, struct gateway *gateway)
{
    static const struct {
        const char *name, *help;
        unsigned long long (*value)(const struct pool_view *view);
    } gauges[] = {
        {"postern_queue_depth", "Messages waiting for a session, by relay.", count_queued},
        {"postern_sessions", "Sessions that are open, by relay.", count_sessions},
        {"postern_sessions_idle", "Session threads that wait for a message, by relay.", count_idle_sessions},
        {"postern_sessions_limit", "Sessions that may be open now, by relay.", get_limit},
        {"postern_breaker_open", "1 while no session with the relay is tried, by relay.", is_refused}};
    for (size_t i = 0; i < sizeof gauges / sizeof gauges[0]; i++) {
        buf_append_format(out, "# HELP %s %s\n# TYPE %s gauge\n", gauges[i].name, gauges[i].help,
                          gauges[i].name);
        for (size_t relay = 0; relay < gateway_relay_count(gateway); relay++) {
            struct str host;
            struct pool_view view;
            gateway_look(gateway, relay, &host, &view);
            buf_append_format(out, "%s{relay=\"", gauges[i].name);
            append_label(out, host);
            buf_append_format(out, "\",place=\"%zu\"} %llu\n", relay, gauges[i].value(&view));
        }
    }
}

static void answer_metrics(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)call;
    struct admin *admin = context;
    const struct api_server *server = atomic_load(&admin->server);
    struct buf body;
    buf_init(&body, MAX_ANSWER_BYTES);
    buf_append_format(&body,
                      "# HELP postern_build_info The version that runs.\n# TYPE postern_build_info gauge\n"
                      "postern_build_info{version=\"%s\"} 1\n",
                      POSTERN_VERSION);
    metrics_append(&body, admin->metrics);
    append_relay_gauges(&body, admin->gateway);
    if (server) {
        metrics_append_gauge(&body, "postern_in_flight", "Messages submitted and not answered yet.",
                             api_server_in_flight(server));
        metrics_append_gauge(&body, "postern_in_flight_bytes", "Bytes of requests and answers held.",
                             api_server_in_flight_bytes(server));
        metrics_append_gauge(&body, "postern_http_connections", "HTTP connections open.",
                             api_server_connections(server, NULL));
    }
    answer_with(answer, 200, PROMETHEUS_TEXT, &body);
}

const struct api_route admin_routes[] = {
    {"GET", "/livez", answer_livez, ACCESS_ANYONE, 0},
    {"GET", "/readyz", answer_readyz, ACCESS_ANYONE, 0},
    {"GET", "/metrics", answer_metrics, ACCESS_METRICS, 0},
};
const size_t admin_route_count = sizeof admin_routes / sizeof admin_routes[0];
