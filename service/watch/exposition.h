/* service/watch/exposition.h: Prometheus' text format, version 0.0.4.
 *
 * A family is its head and the series behind it; a head is written once, however many series follow.
 *
 * Errors     the buffer's.
 */
#ifndef POSTERN_SERVICE_WATCH_EXPOSITION_H
#define POSTERN_SERVICE_WATCH_EXPOSITION_H

#include "base/buf.h"

/* `type` is counter, gauge or histogram. */
void exposition_append_head(struct buf *out, const char *name, const char *type, const char *help);

/* A label's value, between the quotes: whatever is in it, it ends neither the value nor the line. */
void exposition_append_label(struct buf *out, struct str value);

/* One series; `labels` is what stands between the braces, and may be empty. */
void exposition_append_count(struct buf *out, const char *name, const char *labels, uint64_t value);

/* In seconds, as all times in metrics are. */
void exposition_append_seconds(struct buf *out, const char *name, const char *labels, int64_t us);

/* A family of one gauge without labels. */
void exposition_append_gauge(struct buf *out, const char *name, const char *help, uint64_t value);

#endif
