/* The bounds are close together where a relay nearby answers, and go as far as a request may last by default. The
 * count is the sum of the buckets that were read, so that a reader never sees one without the other. */
#include "service/watch/histogram.h"

#include "service/watch/exposition.h"

#include <inttypes.h>

static const struct {
    int64_t us;
    const char *text; /* in seconds */
} bounds[HISTOGRAM_BOUNDS] = {
    {1000, "0.001"},    {2500, "0.0025"},   {5000, "0.005"},    {10000, "0.01"},
    {25000, "0.025"},   {50000, "0.05"},    {100000, "0.1"},    {250000, "0.25"},
    {500000, "0.5"},    {1000000, "1.0"},   {2500000, "2.5"},   {5000000, "5.0"},
    {10000000, "10.0"}, {30000000, "30.0"}, {60000000, "60.0"}, {120000000, "120.0"}};

void histogram_count(struct histogram *histogram, int64_t us)
{
    size_t bucket = 0;
    while (bucket < HISTOGRAM_BOUNDS && us > bounds[bucket].us)
        bucket++;
    atomic_fetch_add_explicit(&histogram->buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_us, us > 0 ? (uint64_t)us : 0, memory_order_relaxed);
}

void histogram_append(struct buf *out, const char *name, const char *labels,
                      const struct histogram *histogram)
{
    uint64_t count = 0;
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
        buf_append_format(out, "%s_bucket{%s,le=\"%s\"} %" PRIu64 "\n", name, labels,
                          i < HISTOGRAM_BOUNDS ? bounds[i].text : "+Inf", count);
    }
    uint64_t sum_us = atomic_load_explicit(&histogram->sum_us, memory_order_relaxed);
    buf_append_format(out, "%s_sum{%s} %" PRIu64 ".%06" PRIu64 "\n", name, labels, sum_us / 1000000,
                      sum_us % 1000000);
    buf_append_format(out, "%s_count{%s} %" PRIu64 "\n", name, labels, count);
}
