/* service/watch/exporter.h: spans to a collector, by a thread of its own, behind the messages' backs.
 *
 * Who ends a message leaves a record and goes on: it never waits for a collector, and where that does not keep up, or is
 * not there, records are dropped and counted.
 *
 * Ownership  holds the configuration, whose collector it sends to; what a record points at outlives it.
 * Threads    add any; the others the main one.
 * Limits     SPAN_RING_RECORDS messages, and one batch being sent. At a stop EXPORTER_FLUSH_MS for what is left.
 */
#ifndef POSTERN_SERVICE_WATCH_EXPORTER_H
#define POSTERN_SERVICE_WATCH_EXPORTER_H

#include "service/settings/configuration.h"
#include "service/watch/span_record.h"

enum { EXPORTER_FLUSH_MS = 500 };

struct exporter;

/* NULL on a fault. */
struct exporter *exporter_start(struct configuration *configuration, struct fault *fault);

/* Where the exporter is NULL, or the caller's trace is not sampled, nothing. */
void exporter_add(struct exporter *exporter, const struct submission *submission, struct str relay);

/* Whether what SIGHUP brings can take the place: a collector is neither found nor lost while Postern runs. Fault:
 * INVALID_REQUEST. */
bool exporter_bears(const struct exporter *exporter, const struct configuration *configuration,
                    struct fault *fault);

/* Its collector from now on; where there is no exporter, nothing. */
void exporter_replace(struct exporter *exporter, struct configuration *configuration);

/* For /metrics. */
void exporter_append_metrics(struct buf *out, const struct exporter *exporter);

/* Sends what is left, as far as that goes in the time. Nobody may add any more. */
void exporter_stop(struct exporter **exporter);

#endif
