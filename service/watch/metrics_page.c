#include "service/watch/metrics_page.h"

#include "base/log.h"
#include "service/version.h"
#include "service/watch/exposition.h"

static uint64_t count_queued(const struct pool_view *view)
{
    return view->queued;
}

static uint64_t count_sessions(const struct pool_view *view)
{
    return view->sessions;
}

static uint64_t count_idle_sessions(const struct pool_view *view)
{
    return view->idle_threads;
}

static uint64_t get_limit(const struct pool_view *view)
{
    return view->limit;
}

static uint64_t is_refused(const struct pool_view *view)
{
    return view->breaker == BREAKER_OPEN;
}

static uint64_t is_up(const struct pool_view *view)
{
    return view->health.code == FAULT_NONE;
}

static const struct {
    const char *name, *help;
    uint64_t (*value)(const struct pool_view *view);
} relay_gauges[] = {
    {"postern_relay_up", "0 where no session with the relay could be opened when one was tried last.", is_up},
    {"postern_queue_depth", "Messages waiting for a session, by relay.", count_queued},
    {"postern_sessions", "Sessions that are open, by relay.", count_sessions},
    {"postern_sessions_idle", "Session threads that wait for a message, by relay.", count_idle_sessions},
    {"postern_sessions_limit", "Sessions that may be open now, by relay.", get_limit},
    {"postern_breaker_open", "1 while no session with the relay is tried, by relay.", is_refused},
};

static void append_relay_gauges(struct buf *out, struct gateway *gateway)
{
    const struct metrics *metrics = gateway_metrics(gateway);
    struct pool_view views[MAX_RELAYS];
    struct str ignored_host;
    for (size_t relay = 0; relay < metrics->relay_count; relay++)
        gateway_look(gateway, relay, &ignored_host, &views[relay]);
    for (size_t i = 0; i < sizeof relay_gauges / sizeof relay_gauges[0]; i++) {
        exposition_append_head(out, relay_gauges[i].name, "gauge", relay_gauges[i].help);
        for (size_t relay = 0; relay < metrics->relay_count; relay++)
            exposition_append_count(out, relay_gauges[i].name, metrics->relays[relay].labels,
                                    relay_gauges[i].value(&views[relay]));
    }
}

static void append_server_gauges(struct buf *out, const struct api_server *server)
{
    exposition_append_gauge(out, "postern_in_flight", "Messages that came in whole and are not answered yet.",
                            api_server_in_flight(server));
    exposition_append_gauge(out, "postern_in_flight_bytes", "Bytes of requests and answers held.",
                            api_server_in_flight_bytes(server));
    exposition_append_gauge(out, "postern_in_flight_limit_bytes", "Bytes of them that may be held.",
                            api_server_in_flight_limit_bytes(server));
    exposition_append_gauge(out, "postern_http_connections", "HTTP connections open.",
                            api_server_connections(server, NULL));
}

void metrics_page_append(struct buf *out, struct gateway *gateway, const struct api_server *server,
                         const struct process_figures *process, const struct exporter *exporter)
{
    exposition_append_head(out, "postern_build_info", "gauge", "The version that runs.");
    exposition_append_count(out, "postern_build_info", "version=\"" POSTERN_VERSION "\"", 1);
    metrics_append(out, gateway_metrics(gateway));
    append_relay_gauges(out, gateway);
    if (server)
        append_server_gauges(out, server);
    exposition_append_head(out, "postern_log_lines_dropped_total", "counter",
                           "Lines of the log that stderr did not take.");
    exposition_append_count(out, "postern_log_lines_dropped_total", "", log_dropped_lines());
    if (exporter)
        exporter_append_metrics(out, exporter);
    process_figures_append(out, process);
}
