#include "service/metrics.h"

#include <string.h>

void metrics_count_response(struct metrics *metrics, int http_status, const char *problem_code)
{
    if (!problem_code) {
        atomic_fetch_add(&metrics->responses_ok, 1);
        return;
    }
    for (enum fault_code code = FAULT_NONE + 1; code < FAULT_COUNT; code++) {
        const struct fault_kind *kind = fault_kind(code);
        if (kind->http_status == http_status && strcmp(kind->name, problem_code) == 0) {
            atomic_fetch_add(&metrics->responses[code], 1);
            return;
        }
    }
}

void metrics_count_message(struct metrics *metrics, const struct outcome *outcome)
{
    atomic_fetch_add(&metrics->messages[outcome->delivery], 1);
    for (size_t i = 0; i < outcome->recipient_count; i++)
        atomic_fetch_add(&metrics->recipients[outcome->recipients[i].status], 1);
}

static void append_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_append_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_append_gauge(struct buf *out, const char *name, const char *help, uint64_t value)
{
    append_head(out, name, "gauge", help);
    buf_append_format(out, "%s %llu\n", name, (unsigned long long)value);
}

/* Rows of the table that differ in nothing a caller sees are one series. */
static bool is_counted_earlier(enum fault_code code)
{
    const struct fault_kind *kind = fault_kind(code);
    for (enum fault_code earlier = FAULT_NONE + 1; earlier < code; earlier++)
        if (fault_kind(earlier)->http_status == kind->http_status &&
            strcmp(fault_kind(earlier)->name, kind->name) == 0)
            return true;
    return false;
}

static void append_responses(struct buf *out, const struct metrics *metrics)
{
    static const char name[] = "postern_http_responses_total";
    append_head(out, name, "counter", "Answers given, by HTTP status and problem code.");
    buf_append_format(out, "%s{status=\"2xx\",code=\"\"} %llu\n", name,
                      (unsigned long long)atomic_load(&metrics->responses_ok));
    for (enum fault_code code = FAULT_NONE + 1; code < FAULT_COUNT; code++) {
        unsigned long long count = atomic_load(&metrics->responses[code]);
        if (!is_counted_earlier(code))
            buf_append_format(out, "%s{status=\"%d\",code=\"%s\"} %llu\n", name,
                              fault_kind(code)->http_status, fault_kind(code)->name, count);
    }
}

void metrics_append(struct buf *out, const struct metrics *metrics)
{
    append_responses(out, metrics);
    append_head(out, "postern_messages_total", "counter", "Messages, by what became of them.");
    for (int i = 0; i < METRICS_DELIVERIES; i++)
        buf_append_format(out, "postern_messages_total{delivery=\"%s\"} %llu\n",
                          delivery_name((enum delivery)i),
                          (unsigned long long)atomic_load(&metrics->messages[i]));
    append_head(out, "postern_recipients_total", "counter", "Recipients, by the relay's verdict.");
    for (int i = 0; i < METRICS_STATUSES; i++)
        buf_append_format(out, "postern_recipients_total{status=\"%s\"} %llu\n",
                          recipient_status_name((enum recipient_status)i),
                          (unsigned long long)atomic_load(&metrics->recipients[i]));
}
