#include "service/relays/limit.h"
#include "test.h"

static void it_is_the_operators_number_at_first(void)
{
    struct limit limit;
    limit_init(&limit, 16);
    CHECK_INT(limit_get(&limit, 0), 16);
    CHECK_INT(limit_get(&limit, INT64_MAX), 16);
}

static void a_refused_session_shrinks_it_to_what_stands(void)
{
    static const struct {
        unsigned most, open, want;
    } rows[] = {{16, 3, 3}, {16, 1, 1}, {16, 15, 15}, {16, 0, 1}, {2, 1, 1}, {1, 1, 1}, {4, 9, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct limit limit;
        test_row("%u open of %u", rows[i].open, rows[i].most);
        limit_init(&limit, rows[i].most);
        limit_shrink(&limit, rows[i].open, 5);
        CHECK_INT(limit_get(&limit, 5), rows[i].want);
        CHECK_INT(limit_get(&limit, 5 + LIMIT_HOLD_US - 1), rows[i].want);
    }
}

static void it_grows_one_by_one_after_a_hold(void)
{
    struct limit limit;
    limit_init(&limit, 4);
    limit_shrink(&limit, 1, 0);
    static const struct {
        int64_t at_us;
        unsigned want;
    } rows[] = {{LIMIT_HOLD_US - 1, 1},
                {LIMIT_HOLD_US, 2},
                {LIMIT_HOLD_US + LIMIT_STEP_US - 1, 2},
                {LIMIT_HOLD_US + LIMIT_STEP_US, 3},
                {LIMIT_HOLD_US + 2 * (int64_t)LIMIT_STEP_US, 4},
                {LIMIT_HOLD_US + 9 * (int64_t)LIMIT_STEP_US, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("row %zu", i);
        CHECK_INT(limit_get(&limit, rows[i].at_us), rows[i].want);
    }
}

static void another_refusal_holds_it_again(void)
{
    struct limit limit;
    limit_init(&limit, 4);
    limit_shrink(&limit, 2, 0);
    limit_shrink(&limit, 2, LIMIT_HOLD_US);
    CHECK_INT(limit_get(&limit, 2 * (int64_t)LIMIT_HOLD_US - 1), 2);
    CHECK_INT(limit_get(&limit, 2 * (int64_t)LIMIT_HOLD_US), 3);
}

static void throttling_halves_what_is_open(void)
{
    static const struct {
        unsigned most, open, want;
    } rows[] = {{16, 16, 8}, {16, 5, 2}, {16, 1, 1}, {16, 0, 1}, {1, 1, 1}, {3, 3, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct limit limit;
        test_row("%u open of %u", rows[i].open, rows[i].most);
        limit_init(&limit, rows[i].most);
        limit_halve(&limit, rows[i].open, 7);
        CHECK_INT(limit_get(&limit, 7), rows[i].want);
    }
}

static void what_many_sessions_are_told_at_once_counts_once(void)
{
    struct limit limit;
    limit_init(&limit, 16);
    for (int i = 0; i < 16; i++)
        limit_halve(&limit, 16, 1000 + i);
    CHECK_INT(limit_get(&limit, 2000), 8);
    limit_halve(&limit, 8, 1000 + LIMIT_CUT_PAUSE_US);
    CHECK_INT(limit_get(&limit, 1000 + LIMIT_CUT_PAUSE_US), 4);
}

static void sessions_that_stand_prove_that_there_may_be_as_many(void)
{
    struct limit limit;
    limit_init(&limit, 4);
    limit_shrink(&limit, 1, 0);
    limit_prove(&limit, 3, 0);
    CHECK_INT(limit_get(&limit, 0), 3);
    limit_prove(&limit, 2, 0);
    CHECK_INT(limit_get(&limit, 0), 3);
    limit_prove(&limit, 9, 0);
    CHECK_INT(limit_get(&limit, 0), 4);
}

int main(void)
{
    TEST(it_is_the_operators_number_at_first);
    TEST(a_refused_session_shrinks_it_to_what_stands);
    TEST(it_grows_one_by_one_after_a_hold);
    TEST(another_refusal_holds_it_again);
    TEST(throttling_halves_what_is_open);
    TEST(what_many_sessions_are_told_at_once_counts_once);
    TEST(sessions_that_stand_prove_that_there_may_be_as_many);
    return test_result();
}
