/* Every family is written whole, one behind the other, as the format wants it: so the relays are gone through once for
 * each family, by a table where the families are alike. */
#include "service/watch/metrics.h"

#include "service/watch/exposition.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What smtp/tls may say; the last is for what it learns one day. */
static const char *const tls_versions[METRICS_TLS_VERSIONS] = {"none", "TLSv1.2", "TLSv1.3", "other"};

static void increment(atomic_uint_fast64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static uint64_t value_of(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* --- Counting */

/* A name that does not fit is left out: its place tells it from the others. */
static void write_labels(struct relay_metrics *metrics, struct str host, size_t place)
{
    enum { PLACE_BYTES = 32 };
    struct buf text;
    buf_init(&text, METRICS_LABEL_BYTES - PLACE_BYTES);
    exposition_append_label(&text, host);
    snprintf(metrics->labels, sizeof metrics->labels, "relay=\"%.*s\",place=\"%zu\"",
             text.failed ? 0 : (int)text.len, str_chars(buf_view(&text)), place);
    buf_fini(&text);
}

struct metrics *metrics_new(const struct relay_list *relays)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);
    if (!metrics)
        return NULL;
    metrics->relay_count = relays->count;
    for (size_t i = 0; i < relays->count; i++)
        write_labels(&metrics->relays[i], relays->items[i].host, i);
    key_counts_init(&metrics->keys);
    return metrics;
}

void metrics_free(struct metrics **metrics)
{
    if (*metrics)
        key_counts_fini(&(*metrics)->keys);
    free(*metrics);
    *metrics = NULL;
}

void metrics_count_response(struct metrics *metrics, int http_status, const char *problem_code)
{
    if (!problem_code) {
        increment(&metrics->responses_ok);
        return;
    }
    for (enum fault_code code = FAULT_NONE + 1; code < FAULT_COUNT; code++) {
        const struct fault_kind *kind = fault_kind(code);
        if (kind->http_status == http_status && strcmp(kind->name, problem_code) == 0) {
            increment(&metrics->responses[code]);
            return;
        }
    }
}

static void count_phases(struct relay_metrics *metrics, const struct outcome_timing *timing,
                         enum outcome_phase from, enum outcome_phase to)
{
    for (enum outcome_phase phase = from; phase <= to; phase++)
        if (timing->phases[phase].began_us)
            histogram_count(&metrics->phases[phase], timing->phases[phase].took_us);
}

void metrics_count_message(struct metrics *metrics, size_t relay, struct str key_name,
                           const struct outcome *outcome, int64_t total_us)
{
    struct relay_metrics *own = &metrics->relays[relay];
    increment(&own->messages[outcome->delivery]);
    for (size_t i = 0; i < outcome->recipient_count; i++)
        increment(&own->recipients[outcome->recipients[i].status]);
    if (outcome->delivery != DELIVERY_NOT_SENT)
        atomic_fetch_add_explicit(&own->message_bytes, outcome->message_bytes, memory_order_relaxed);
    count_phases(own, &outcome->timing, PHASE_QUEUED, PHASE_QUEUED);
    count_phases(own, &outcome->timing, PHASE_MAIL, PHASE_DATA);
    histogram_count(&own->total, total_us);
    key_counts_add(&metrics->keys, key_name, outcome->delivery);
}

void metrics_count_move(struct metrics *metrics, size_t relay)
{
    increment(&metrics->relays[relay].moved_on);
}

static size_t find_tls_version(struct str version)
{
    if (!version.data)
        return 0;
    for (size_t i = 1; i + 1 < METRICS_TLS_VERSIONS; i++)
        if (str_equal(version, str_of(tls_versions[i])))
            return i;
    return METRICS_TLS_VERSIONS - 1;
}

void relay_metrics_count_session(struct relay_metrics *metrics, const struct outcome *outcome)
{
    if (outcome->fault.code == FAULT_NONE)
        increment(&metrics->sessions[find_tls_version(outcome->tls)]);
    else
        increment(&metrics->failed_sessions[outcome->fault.code]);
    count_phases(metrics, &outcome->timing, PHASE_CONNECT, PHASE_AUTH);
}

/* --- Telling */

static bool is_same_problem(enum fault_code a, enum fault_code b)
{
    return fault_kind(a)->http_status == fault_kind(b)->http_status &&
           strcmp(fault_kind(a)->name, fault_kind(b)->name) == 0;
}

/* Rows of the table that differ in nothing a caller sees are one series: that of the first of them. */
static bool is_first_of_its_kind(enum fault_code code)
{
    for (enum fault_code earlier = FAULT_NONE + 1; earlier < code; earlier++)
        if (is_same_problem(earlier, code))
            return false;
    return true;
}

static uint64_t sum_of_kind(const atomic_uint_fast64_t *counters, enum fault_code code)
{
    uint64_t sum = 0;
    for (enum fault_code other = code; other < FAULT_COUNT; other++)
        if (is_same_problem(code, other))
            sum += value_of(&counters[other]);
    return sum;
}

static void append_responses(struct buf *out, const struct metrics *metrics)
{
    static const char name[] = "postern_http_responses_total";
    exposition_append_head(out, name, "counter", "Answers given, by HTTP status and problem code.");
    exposition_append_count(out, name, "status=\"2xx\",code=\"\"", value_of(&metrics->responses_ok));
    for (enum fault_code code = FAULT_NONE + 1; code < FAULT_COUNT; code++)
        if (is_first_of_its_kind(code))
            buf_append_format(out, "%s{status=\"%d\",code=\"%s\"} %" PRIu64 "\n", name,
                              fault_kind(code)->http_status, fault_kind(code)->name,
                              sum_of_kind(metrics->responses, code));
}

typedef void append_series(struct buf *out, const char *name, const struct relay_metrics *metrics);

static void append_messages(struct buf *out, const char *name, const struct relay_metrics *metrics)
{
    for (int i = 0; i < DELIVERIES; i++)
        buf_append_format(out, "%s{delivery=\"%s\",%s} %" PRIu64 "\n", name, delivery_name((enum delivery)i),
                          metrics->labels, value_of(&metrics->messages[i]));
}

static void append_recipients(struct buf *out, const char *name, const struct relay_metrics *metrics)
{
    for (int i = 0; i < METRICS_STATUSES; i++)
        buf_append_format(out, "%s{status=\"%s\",%s} %" PRIu64 "\n", name,
                          recipient_status_name((enum recipient_status)i), metrics->labels,
                          value_of(&metrics->recipients[i]));
}

static void append_message_bytes(struct buf *out, const char *name, const struct relay_metrics *metrics)
{
    exposition_append_count(out, name, metrics->labels, value_of(&metrics->message_bytes));
}

static void append_moves(struct buf *out, const char *name, const struct relay_metrics *metrics)
{
    exposition_append_count(out, name, metrics->labels, value_of(&metrics->moved_on));
}

static void append_sessions(struct buf *out, const char *name, const struct relay_metrics *metrics)
{
    for (int i = 0; i < METRICS_TLS_VERSIONS; i++)
        buf_append_format(out, "%s{tls=\"%s\",%s} %" PRIu64 "\n", name, tls_versions[i], metrics->labels,
                          value_of(&metrics->sessions[i]));
}

/* The relay's own faults have a series each from the start; what else there was has one once it was. */
static void append_failed_sessions(struct buf *out, const char *name, const struct relay_metrics *metrics)
{
    for (enum fault_code code = FAULT_NONE + 1; code < FAULT_COUNT; code++) {
        uint64_t count = sum_of_kind(metrics->failed_sessions, code);
        if (is_first_of_its_kind(code) && (count || fault_kind(code)->blame == BLAME_RELAY))
            buf_append_format(out, "%s{status=\"%d\",code=\"%s\",%s} %" PRIu64 "\n", name,
                              fault_kind(code)->http_status, fault_kind(code)->name, metrics->labels, count);
    }
}

static void append_phases(struct buf *out, const char *name, const struct relay_metrics *metrics)
{
    char labels[METRICS_LABEL_BYTES + 32];
    for (int i = 0; i < OUTCOME_PHASES; i++) {
        snprintf(labels, sizeof labels, "phase=\"%s\",%s", outcome_phase_name((enum outcome_phase)i),
                 metrics->labels);
        histogram_append(out, name, labels, &metrics->phases[i]);
    }
}

static void append_total(struct buf *out, const char *name, const struct relay_metrics *metrics)
{
    histogram_append(out, name, metrics->labels, &metrics->total);
}

static const struct {
    const char *name, *type, *help;
    append_series *append;
} families[] = {
    {"postern_messages_total", "counter", "Messages, by what became of them.", append_messages},
    {"postern_recipients_total", "counter", "Recipients, by the relay's verdict.", append_recipients},
    {"postern_message_bytes_total", "counter", "Bytes of the messages that the relay has, or may have.",
     append_message_bytes},
    {"postern_messages_moved_total", "counter", "Messages that went on to the next relay.", append_moves},
    {"postern_sessions_opened_total", "counter", "Sessions that were opened, by version of TLS.",
     append_sessions},
    {"postern_sessions_failed_total", "counter", "Sessions that could not be opened, by problem.",
     append_failed_sessions},
    {"postern_phase_duration_seconds", "histogram",
     "How long a phase took: connect to auth for each session, the others for each message.", append_phases},
    {"postern_message_duration_seconds", "histogram",
     "From a message taken to the end that its answer tells.", append_total},
};

void metrics_append(struct buf *out, const struct metrics *metrics)
{
    append_responses(out, metrics);
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        exposition_append_head(out, families[i].name, families[i].type, families[i].help);
        for (size_t relay = 0; relay < metrics->relay_count; relay++)
            families[i].append(out, families[i].name, &metrics->relays[relay]);
    }
    key_counts_append(out, &metrics->keys);
}
