/* service/watch/metrics.h: counters of what was answered, what became of the mail, and how long it took, as Prometheus text.
 *
 * Labels come from closed sets (statuses, problem codes, deliveries, phases, the relays and keys of the
 * configuration): nothing that a caller or a peer can write, so their number is bounded and no address gets in.
 *
 * Ownership  metrics_new's, with the relays' labels in it, for as long as anybody counts.
 * Threads    any; counting takes no lock.
 */
#ifndef POSTERN_SERVICE_WATCH_METRICS_H
#define POSTERN_SERVICE_WATCH_METRICS_H

#include "service/relays/relay_url.h"
#include "service/watch/histogram.h"
#include "service/watch/key_counts.h"

enum { METRICS_STATUSES = RECIPIENT_DEFERRED + 1, METRICS_TLS_VERSIONS = 4, METRICS_LABEL_BYTES = 640 };

/* Of one relay. What was never tried counts for the relay that it waited for. */
struct relay_metrics {
    char labels[METRICS_LABEL_BYTES]; /* relay="smtp.example.com",place="0" */
    atomic_uint_fast64_t messages[DELIVERIES];
    atomic_uint_fast64_t recipients[METRICS_STATUSES];
    atomic_uint_fast64_t message_bytes;
    atomic_uint_fast64_t moved_on;
    atomic_uint_fast64_t sessions[METRICS_TLS_VERSIONS];
    atomic_uint_fast64_t failed_sessions[FAULT_COUNT];
    struct histogram phases[OUTCOME_PHASES];
    struct histogram total;
};

struct metrics {
    atomic_uint_fast64_t responses_ok;
    atomic_uint_fast64_t responses[FAULT_COUNT];
    struct key_counts keys;
    size_t relay_count;
    struct relay_metrics relays[MAX_RELAYS];
};

/* NULL when out of memory. */
struct metrics *metrics_new(const struct relay_list *relays);
void metrics_free(struct metrics **metrics);

/* `problem_code` is NULL for an answer that is no problem. */
void metrics_count_response(struct metrics *metrics, int http_status, const char *problem_code);

/* The end of a message, `total_us` after it was submitted. */
void metrics_count_message(struct metrics *metrics, size_t relay, struct str key_name,
                           const struct outcome *outcome, int64_t total_us);

/* A message goes on to the next relay. */
void metrics_count_move(struct metrics *metrics, size_t relay);

/* A session was opened, or could not be, as the outcome says. */
void relay_metrics_count_session(struct relay_metrics *metrics, const struct outcome *outcome);

void metrics_append(struct buf *out, const struct metrics *metrics);

#endif
