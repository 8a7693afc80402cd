#include "service/admin.h"

#include "service/watch/metrics_page.h"

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

static void answer_metrics(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)call;
    struct admin *admin = context;
    struct buf body;
    buf_init(&body, MAX_ANSWER_BYTES);
    metrics_page_append(&body, admin->gateway, atomic_load(&admin->server), admin->process, admin->exporter);
    answer_with(answer, 200, PROMETHEUS_TEXT, &body);
}

const struct api_route admin_routes[] = {
    {"GET", "/livez", answer_livez, ACCESS_ANYONE, 0},
    {"GET", "/readyz", answer_readyz, ACCESS_ANYONE, 0},
    {"GET", "/metrics", answer_metrics, ACCESS_METRICS, 0},
};
const size_t admin_route_count = sizeof admin_routes / sizeof admin_routes[0];
