#include "service/access/rate.h"
#include "test.h"

static const int64_t SECOND = 1000000000, DAY = 86400 * SECOND;

static void a_rate_is_a_count_and_a_period(void)
{
    static const struct {
        const char *text;
        int64_t interval_ns;
        uint64_t burst;
    } rows[] = {{"1/s", 1000000000, 1},
                {"10/s", 100000000, 10},
                {"600/m", 100000000, 600},
                {"1000/h", 3600000000, 1000},
                {"5000/d", 17280000000, 5000},
                {"10/s burst 50", 100000000, 50},
                {"1/d burst 366", 86400000000000, 366},
                {"1000000000/s", 1, 1000000000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rate rate;
        struct fault fault = {0};
        test_row("%s", rows[i].text);
        CHECK(rate_parse(str_of(rows[i].text), &rate, &fault));
        CHECK_INT(rate.interval_ns, rows[i].interval_ns);
        CHECK_INT(rate.burst, rows[i].burst);
    }
}

static void anything_else_is_no_rate(void)
{
    static const char *const rows[] = {"",
                                       "10",
                                       "10/",
                                       "/s",
                                       "0/s",
                                       "-1/s",
                                       "1.5/s",
                                       "10/w",
                                       "10 /s",
                                       "10/s ",
                                       "10/s burst",
                                       "10/s burst 0",
                                       "10/s 50",
                                       "10/s burst x",
                                       "10/s burst 5 ",
                                       "10/S",
                                       "1000000001/s",
                                       "1/d burst 367",
                                       "99999999999999999999/s"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rate rate;
        struct fault fault = {0};
        test_row("\"%s\"", rows[i]);
        CHECK(!rate_parse(str_of(rows[i]), &rate, &fault));
        CHECK_INT(fault.code, FAULT_INVALID_REQUEST);
    }
}

/* Each row goes on from the one before: a bucket of 4 that gets one back each second. */
static void tokens_come_back_evenly_and_no_more_than_fit(void)
{
    static const struct {
        const char *what;
        double at_s;
        uint64_t wanted;
        double wait_s; /* 0: they are taken */
        uint64_t left;
        double refill_s;
    } rows[] = {
        {"full at first", 0, 1, 0, 3, 1},
        {"the rest at once", 0, 3, 0, 0, 4},
        {"empty", 0, 1, 1, 0, 4},
        {"not yet", 0.5, 1, 0.5, 0, 3.5},
        {"one came back", 1, 1, 0, 0, 4},
        {"halves are none", 2.5, 0, 0, 1, 2.5},
        {"two are not there", 2.5, 2, 0.5, 1, 2.5},
        {"one is", 2.5, 1, 0, 0, 3.5},
        {"full again", 100, 4, 0, 0, 4},
        {"more than ever fit", 200, 5, -1, 4, 0},
    };
    struct rate rate = {.interval_ns = SECOND, .burst = 4};
    struct rate_bucket bucket = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t now = (int64_t)(rows[i].at_s * 1e9);
        test_row("%s", rows[i].what);
        int64_t wait = rate_wait_ns(&rate, &bucket, now, rows[i].wanted);
        CHECK_INT(wait, rows[i].wait_s < 0 ? RATE_NEVER : (int64_t)(rows[i].wait_s * 1e9));
        if (wait == 0)
            rate_take(&rate, &bucket, now, rows[i].wanted);
        CHECK_INT(rate_left(&rate, &bucket, now), rows[i].left);
        CHECK_INT(rate_refill_ns(&bucket, now), (int64_t)(rows[i].refill_s * 1e9));
    }
}

static void without_a_rate_there_is_no_limit(void)
{
    struct rate none = {0};
    struct rate_bucket bucket = {0};
    for (int i = 0; i < 1000; i++) {
        CHECK_INT(rate_wait_ns(&none, &bucket, 1, 1000000), 0);
        rate_take(&none, &bucket, 1, 1000000);
    }
}

static void a_long_window_does_not_overflow(void)
{
    struct rate rate = rate_per_day(1000000000);
    struct rate_bucket bucket = {0};
    int64_t late = 200LL * 365 * DAY;
    rate_take(&rate, &bucket, late, 1000000000);
    CHECK(rate_wait_ns(&rate, &bucket, late, 1000000000) <= DAY);
    CHECK_INT(rate_left(&rate, &bucket, late), 0);
    CHECK_INT(rate_per_day(1).interval_ns, DAY);
}

/* SIGHUP brings a smaller burst while more than that was taken. */
static void a_smaller_burst_is_empty_and_not_negative(void)
{
    struct rate large = {.interval_ns = SECOND, .burst = 100}, small = {.interval_ns = SECOND, .burst = 2};
    struct rate_bucket bucket = {0};
    rate_take(&large, &bucket, 0, 100);
    CHECK_INT(rate_left(&small, &bucket, 0), 0);
    CHECK_INT(rate_wait_ns(&small, &bucket, 0, 0), 0);
    CHECK_INT(rate_wait_ns(&small, &bucket, 0, 1), 99 * SECOND);
}

int main(void)
{
    TEST(a_rate_is_a_count_and_a_period);
    TEST(anything_else_is_no_rate);
    TEST(tokens_come_back_evenly_and_no_more_than_fit);
    TEST(without_a_rate_there_is_no_limit);
    TEST(a_long_window_does_not_overflow);
    TEST(a_smaller_burst_is_empty_and_not_negative);
    return test_result();
}
