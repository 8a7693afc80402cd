/* service/watch/histogram.h: how long something took, counted in buckets from a millisecond to two minutes.
 *
 * Threads    any may count while any reads: two additions, and no lock.
 */
#ifndef POSTERN_SERVICE_WATCH_HISTOGRAM_H
#define POSTERN_SERVICE_WATCH_HISTOGRAM_H

#include "base/buf.h"

#include <stdatomic.h>

enum { HISTOGRAM_BOUNDS = 16 };

struct histogram {
    atomic_uint_fast64_t buckets[HISTOGRAM_BOUNDS + 1]; /* each by itself; the last has no bound */
    atomic_uint_fast64_t sum_us;
};

void histogram_count(struct histogram *histogram, int64_t us);

/* The series of one histogram. `labels` stand before "le"; not empty. */
void histogram_append(struct buf *out, const char *name, const char *labels,
                      const struct histogram *histogram);

#endif
