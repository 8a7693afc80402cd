#include "api/http/pace.h"
#include "test.h"

enum { MS = 1000, S = 1000 * MS, BEGUN = 5 * S };

static const struct pace_limits limits = {
    .idle_ms = 60000, .header_ms = 20000, .body_ms = 300000, .answer_ms = 120000, .min_body_rate = 1000};

static void each_stage_has_its_deadline(void)
{
    static const struct {
        const char *name;
        enum pace_stage stage;
        int64_t limit_us; /* 0 for none */
    } rows[] = {{"header", PACE_HEADER, 20 * S},
                {"answer", PACE_ANSWER, 120 * S},
                {"kept: idle, and then a header", PACE_KEPT, 80 * S},
                {"waiting for the relay", PACE_WAITING, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pace pace;
        test_row("%s", rows[i].name);
        pace_enter(&pace, rows[i].stage, BEGUN);
        CHECK_INT(pace_judge(&pace, &limits, BEGUN), PACE_GOOD);
        if (rows[i].limit_us) {
            CHECK_INT(pace_judge(&pace, &limits, BEGUN + rows[i].limit_us - 1), PACE_GOOD);
            CHECK_INT(pace_judge(&pace, &limits, BEGUN + rows[i].limit_us), PACE_LATE);
            CHECK_INT(pace_judge(&pace, &limits, BEGUN + 2 * rows[i].limit_us - 1), PACE_LATE);
            CHECK_INT(pace_judge(&pace, &limits, BEGUN + 2 * rows[i].limit_us), PACE_OVERDUE);
        } else {
            CHECK_INT(pace_judge(&pace, &limits, INT64_MAX / 2), PACE_GOOD);
        }
    }
}

static void a_stage_begins_with_all_of_its_time(void)
{
    struct pace pace;
    pace_enter(&pace, PACE_HEADER, BEGUN);
    pace_enter(&pace, PACE_BODY, BEGUN + 19 * S);
    CHECK_INT(pace_judge(&pace, &limits, BEGUN + 20 * S), PACE_GOOD);
    pace_enter(&pace, PACE_HEADER, BEGUN + 25 * S);
    CHECK_INT(pace_judge(&pace, &limits, BEGUN + 44 * S), PACE_GOOD);
    CHECK_INT(pace_judge(&pace, &limits, BEGUN + 45 * S), PACE_LATE);
}

static void a_body_keeps_its_rate_in_each_window(void)
{
    static const struct {
        const char *name;
        uint64_t bytes[3]; /* in one window each */
        enum pace_verdict verdict;
    } rows[] = {{"just enough, always", {10000, 10000, 10000}, PACE_GOOD},
                {"too little at first", {9999, 0, 0}, PACE_SLOW},
                {"nothing at all", {0, 0, 0}, PACE_SLOW},
                {"much, and then a drip: nothing is saved up", {9000000, 10, 0}, PACE_SLOW},
                {"slow in the end", {10000, 10000, 9999}, PACE_SLOW}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pace pace;
        enum pace_verdict verdict = PACE_GOOD;
        int64_t now_us = BEGUN;
        test_row("%s", rows[i].name);
        pace_enter(&pace, PACE_BODY, now_us);
        for (int window = 0; window < 3 && verdict == PACE_GOOD; window++) {
            pace.window_bytes += rows[i].bytes[window];
            now_us += 10 * S;
            CHECK_INT(pace_judge(&pace, &limits, now_us - 1), PACE_GOOD);
            verdict = pace_judge(&pace, &limits, now_us);
        }
        CHECK_INT(verdict, rows[i].verdict);
    }
}

static void a_window_that_is_judged_late_wants_more(void)
{
    struct pace pace;
    pace_enter(&pace, PACE_BODY, BEGUN);
    pace.window_bytes = 19999;
    CHECK_INT(pace_judge(&pace, &limits, BEGUN + 20 * S), PACE_SLOW);
    pace_enter(&pace, PACE_BODY, BEGUN);
    pace.window_bytes = 20000;
    CHECK_INT(pace_judge(&pace, &limits, BEGUN + 20 * S), PACE_GOOD);
}

static void the_rate_can_be_switched_off_and_the_deadline_stays(void)
{
    const struct pace_limits without = {.body_ms = 300000};
    struct pace pace;
    pace_enter(&pace, PACE_BODY, BEGUN);
    CHECK_INT(pace_judge(&pace, &without, BEGUN + 299 * S), PACE_GOOD);
    CHECK_INT(pace_judge(&pace, &without, BEGUN + 300 * S), PACE_LATE);
}

static void a_fast_body_has_its_deadline_too(void)
{
    struct pace pace;
    int64_t now_us = BEGUN;
    pace_enter(&pace, PACE_BODY, now_us);
    for (; now_us < BEGUN + 290 * S; now_us += 10 * S) {
        pace.window_bytes = 1U << 30;
        CHECK_INT(pace_judge(&pace, &limits, now_us), PACE_GOOD);
    }
    CHECK_INT(pace_judge(&pace, &limits, BEGUN + 300 * S), PACE_LATE);
}

int main(void)
{
    TEST(each_stage_has_its_deadline);
    TEST(a_stage_begins_with_all_of_its_time);
    TEST(a_body_keeps_its_rate_in_each_window);
    TEST(a_window_that_is_judged_late_wants_more);
    TEST(the_rate_can_be_switched_off_and_the_deadline_stays);
    TEST(a_fast_body_has_its_deadline_too);
    return test_result();
}
