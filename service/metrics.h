/* service/metrics.h: counters of what was answered and what became of the mail, as Prometheus text.
 *
 * Labels come from closed sets (statuses, problem codes, deliveries, relays): nothing that a caller or a peer
 * can write, so their number is bounded and no address gets in.
 *
 * Threads    any.
 */
#ifndef POSTERN_SERVICE_METRICS_H
#define POSTERN_SERVICE_METRICS_H

#include "base/buf.h"
#include "base/outcome.h"

#include <stdatomic.h>

enum { METRICS_DELIVERIES = DELIVERY_UNKNOWN + 1, METRICS_STATUSES = RECIPIENT_DEFERRED + 1 };

struct metrics {
    atomic_uint_fast64_t responses_ok;
    atomic_uint_fast64_t responses[FAULT_COUNT];
    atomic_uint_fast64_t messages[METRICS_DELIVERIES];
    atomic_uint_fast64_t recipients[METRICS_STATUSES];
};

/* `problem_code` is NULL for an answer that is no problem. */
void metrics_count_response(struct metrics *metrics, int http_status, const char *problem_code);
void metrics_count_message(struct metrics *metrics, const struct outcome *outcome);
void metrics_append(struct buf *out, const struct metrics *metrics);

/* One gauge without labels, help text included. */
void metrics_append_gauge(struct buf *out, const char *name, const char *help, uint64_t value);

#endif
