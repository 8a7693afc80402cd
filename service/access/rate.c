#include "service/access/rate.h"

static const int64_t SECOND_NS = 1000000000, DAY_NS = 86400 * SECOND_NS, MAX_WINDOW_NS = 366 * DAY_NS;
enum { MAX_COUNT = 1000000000 };

static const struct {
    struct str unit;
    int64_t seconds;
} periods[] = {{STR("s"), 1}, {STR("m"), 60}, {STR("h"), 3600}, {STR("d"), 86400}};

static bool read_period(struct str unit, int64_t *period_ns)
{
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++)
        if (str_equal(unit, periods[i].unit)) {
            *period_ns = periods[i].seconds * SECOND_NS;
            return true;
        }
    return false;
}

bool rate_parse(struct str text, struct rate *rate, struct fault *fault)
{
    struct str rest = text, count_text = str_cut(&rest, '/'), unit = str_cut(&rest, ' ');
    uint64_t count = 0;
    int64_t period_ns = 0;
    bool valid =
        str_to_uint(count_text, MAX_COUNT, &count) && count > 0 && unit.data && read_period(unit, &period_ns);
    *rate = (struct rate){.interval_ns = valid ? period_ns / (int64_t)count : 0, .burst = count};
    if (valid && rest.data)
        valid = str_equal(str_cut(&rest, ' '), STR("burst")) && str_to_uint(rest, MAX_COUNT, &rate->burst) &&
                rate->burst > 0;
    if (!valid)
        return fault_set(
            fault, FAULT_INVALID_REQUEST,
            "\"%.*s\" is no rate such as 10/s, 600/m, 1000/h or 5000/d, with \" burst 50\" where "
            "more than that may come at once",
            STR_ARG(str_first(text, 64)));
    if (rate->burst > (uint64_t)(MAX_WINDOW_NS / rate->interval_ns))
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "\"%.*s\" would take more than a year to be full again", STR_ARG(text));
    return true;
}

struct rate rate_per_day(uint64_t count)
{
    return (struct rate){.interval_ns = DAY_NS / (int64_t)count, .burst = count};
}

/* From here on nothing overflows: a window is bounded, and a wait for more than fits is never computed. */
int64_t rate_window_ns(const struct rate *rate)
{
    return rate->interval_ns * (int64_t)rate->burst;
}

int64_t rate_refill_ns(const struct rate_bucket *bucket, int64_t now_ns)
{
    return bucket->full_at_ns > now_ns ? bucket->full_at_ns - now_ns : 0;
}

int64_t rate_wait_ns(const struct rate *rate, const struct rate_bucket *bucket, int64_t now_ns,
                     uint64_t tokens)
{
    if (!rate->interval_ns || !tokens)
        return 0;
    if (tokens > rate->burst)
        return RATE_NEVER;
    int64_t refill_ns = rate_refill_ns(bucket, now_ns) + rate->interval_ns * (int64_t)tokens;
    int64_t window_ns = rate_window_ns(rate);
    return refill_ns > window_ns ? refill_ns - window_ns : 0;
}

void rate_take(const struct rate *rate, struct rate_bucket *bucket, int64_t now_ns, uint64_t tokens)
{
    bucket->full_at_ns = now_ns + rate_refill_ns(bucket, now_ns) + rate->interval_ns * (int64_t)tokens;
}

uint64_t rate_left(const struct rate *rate, const struct rate_bucket *bucket, int64_t now_ns)
{
    if (!rate->interval_ns)
        return rate->burst;
    int64_t left_ns = rate_window_ns(rate) - rate_refill_ns(bucket, now_ns);
    return left_ns > 0 ? (uint64_t)(left_ns / rate->interval_ns) : 0;
}
