#include "service/relays/breaker.h"
#include "test.h"

enum { S = 1000000 };

static const struct breaker_terms with_login = {
    .max_failures = 3, .login_window_us = 60 * S, .has_login = true};
static const struct breaker_terms without_login = {.max_failures = 3, .login_window_us = 60 * S};

enum deed { ASK, BEGIN, SUCCEED, FAIL, LOGIN_REFUSED, FORGET };

struct step {
    int64_t at_us;
    enum deed deed;
    enum breaker_answer answer; /* to ASK */
};

static void run(struct breaker *breaker, const struct step *steps, size_t count)
{
    struct fault fault;
    for (size_t i = 0; i < count; i++) {
        test_row("step %zu", i);
        switch (steps[i].deed) {
        case ASK: CHECK_INT(breaker_ask(breaker, steps[i].at_us), steps[i].answer); break;
        case BEGIN: breaker_begin(breaker, steps[i].at_us); break;
        case SUCCEED: breaker_succeed(breaker); break;
        case FORGET: breaker_forget(breaker); break;
        case FAIL:
            fault_set(&fault, FAULT_UPSTREAM_UNREACHABLE, "gone");
            breaker_fail(breaker, &fault, steps[i].at_us);
            break;
        case LOGIN_REFUSED:
            fault_set(&fault, FAULT_UPSTREAM_AUTH_FAILED, "535");
            breaker_fail(breaker, &fault, steps[i].at_us);
            break;
        }
    }
}

#define RUN(breaker, steps) run((breaker), (steps), sizeof(steps) / sizeof(steps)[0])

static void without_a_login_any_number_may_open_at_a_time(void)
{
    struct breaker breaker;
    breaker_init(&breaker, &without_login);
    static const struct step steps[] = {
        {0, ASK, BREAKER_GO}, {0, BEGIN, 0}, {0, ASK, BREAKER_GO}, {0, BEGIN, 0}, {0, ASK, BREAKER_GO}};
    RUN(&breaker, steps);
}

static void with_a_login_one_goes_first_and_its_success_lets_all_go(void)
{
    struct breaker breaker;
    breaker_init(&breaker, &with_login);
    static const struct step steps[] = {
        {0, ASK, BREAKER_GO},     {0, BEGIN, 0},     {S, ASK, BREAKER_WAIT},  {2 * S, SUCCEED, 0},
        {2 * S, ASK, BREAKER_GO}, {2 * S, BEGIN, 0}, {2 * S, ASK, BREAKER_GO}};
    RUN(&breaker, steps);
}

static void a_refused_login_is_tried_once_a_window(void)
{
    struct breaker breaker;
    breaker_init(&breaker, &with_login);
    static const struct step steps[] = {
        {0, BEGIN, 0},
        {S, LOGIN_REFUSED, 0},
        {S, ASK, BREAKER_REFUSE},
        {61 * S - 1, ASK, BREAKER_REFUSE},
        {61 * S, ASK, BREAKER_GO},
        {61 * S, BEGIN, 0},
        {61 * S, ASK, BREAKER_WAIT},
        {62 * S, LOGIN_REFUSED, 0},
        {122 * S - 1, ASK, BREAKER_REFUSE},
        {122 * S, ASK, BREAKER_GO},
    };
    RUN(&breaker, steps);
    CHECK_INT(breaker.last_fault.code, FAULT_UPSTREAM_AUTH_FAILED);
}

static void a_login_that_was_good_and_is_refused_later_is_on_trial_again(void)
{
    struct breaker breaker;
    breaker_init(&breaker, &with_login);
    static const struct step steps[] = {{0, BEGIN, 0},
                                        {0, SUCCEED, 0},
                                        {S, BEGIN, 0},
                                        {S, LOGIN_REFUSED, 0},
                                        {S, ASK, BREAKER_REFUSE},
                                        {61 * S, ASK, BREAKER_GO},
                                        {61 * S, BEGIN, 0},
                                        {61 * S, ASK, BREAKER_WAIT}};
    RUN(&breaker, steps);
}

static void it_opens_at_the_last_allowed_failure_and_then_tries_one(void)
{
    struct breaker breaker;
    breaker_init(&breaker, &without_login);
    static const struct step steps[] = {
        {0, BEGIN, 0},
        {0, FAIL, 0},
        {0, ASK, BREAKER_GO},
        {0, BEGIN, 0},
        {0, FAIL, 0},
        {0, ASK, BREAKER_GO},
        {0, BEGIN, 0},
        {0, FAIL, 0},
        {0, ASK, BREAKER_REFUSE},
        {S - 1, ASK, BREAKER_REFUSE},
        {S, ASK, BREAKER_GO},
        {S, BEGIN, 0},
        {S, ASK, BREAKER_WAIT},
        {S, SUCCEED, 0},
        {S, ASK, BREAKER_GO},
        {S, BEGIN, 0},
        {S, ASK, BREAKER_GO},
    };
    RUN(&breaker, steps);
    CHECK_INT(breaker.last_fault.code, FAULT_NONE);
    CHECK_INT(breaker.failures, 0);
}

static void the_wait_doubles_up_to_a_minute(void)
{
    static const int waits_s[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    struct breaker breaker;
    struct fault fault;
    breaker_init(&breaker, &without_login);
    fault_set(&fault, FAULT_UPSTREAM_TIMEOUT, "late");
    int64_t now_us = 0;
    for (int i = 0; i < 2; i++) {
        breaker_begin(&breaker, now_us);
        breaker_fail(&breaker, &fault, now_us);
    }
    for (size_t i = 0; i < sizeof waits_s / sizeof waits_s[0]; i++) {
        test_row("wait %zu", i);
        breaker_begin(&breaker, now_us);
        breaker_fail(&breaker, &fault, now_us);
        CHECK_INT(breaker_ask(&breaker, now_us + (int64_t)waits_s[i] * S - 1), BREAKER_REFUSE);
        now_us += (int64_t)waits_s[i] * S;
        CHECK_INT(breaker_ask(&breaker, now_us), BREAKER_GO);
    }
}

static void tries_that_were_out_when_it_opened_do_not_shorten_the_wait(void)
{
    struct breaker breaker;
    breaker_init(&breaker, &without_login);
    static const struct step steps[] = {{0, BEGIN, 0},
                                        {0, BEGIN, 0},
                                        {S, LOGIN_REFUSED, 0},
                                        {2 * S, FAIL, 0},
                                        {2 * S, ASK, BREAKER_REFUSE},
                                        {61 * S - 1, ASK, BREAKER_REFUSE},
                                        {61 * S, ASK, BREAKER_GO}};
    RUN(&breaker, steps);
}

static void a_trial_that_takes_long_holds_up_nobody_else(void)
{
    struct breaker breaker;
    breaker_init(&breaker, &with_login);
    static const struct step steps[] = {{0, BEGIN, 0},
                                        {BREAKER_PATIENCE_US - 1, ASK, BREAKER_WAIT},
                                        {BREAKER_PATIENCE_US, ASK, BREAKER_GO},
                                        {BREAKER_PATIENCE_US, BEGIN, 0},
                                        {BREAKER_PATIENCE_US + S, ASK, BREAKER_WAIT},
                                        {2 * BREAKER_PATIENCE_US, ASK, BREAKER_GO}};
    RUN(&breaker, steps);
}

static void without_a_session_a_good_login_has_to_be_shown_again(void)
{
    struct breaker breaker;
    breaker_init(&breaker, &with_login);
    breaker_begin(&breaker, 0);
    breaker_succeed(&breaker);
    breaker_rest(&breaker);
    breaker_begin(&breaker, S);
    CHECK_INT(breaker_ask(&breaker, S), BREAKER_WAIT);
    breaker_succeed(&breaker);
    CHECK_INT(breaker_ask(&breaker, S), BREAKER_GO);

    breaker_init(&breaker, &without_login);
    breaker_rest(&breaker);
    breaker_begin(&breaker, S);
    CHECK_INT(breaker_ask(&breaker, S), BREAKER_GO);
}

static void what_says_nothing_about_the_relay_changes_nothing(void)
{
    struct breaker breaker;
    breaker_init(&breaker, &with_login);
    static const struct step steps[] = {
        {0, BEGIN, 0}, {0, ASK, BREAKER_WAIT}, {0, FORGET, 0}, {0, ASK, BREAKER_GO}};
    RUN(&breaker, steps);
    CHECK_INT(breaker.failures, 0);
}

static void with_no_bound_on_failures_only_a_login_opens_it(void)
{
    struct breaker breaker;
    struct breaker_terms terms = {.max_failures = 0, .login_window_us = 60 * S};
    breaker_init(&breaker, &terms);
    struct fault fault;
    fault_set(&fault, FAULT_UPSTREAM_TIMEOUT, "late");
    for (int i = 0; i < 100; i++) {
        breaker_begin(&breaker, 0);
        breaker_fail(&breaker, &fault, 0);
    }
    CHECK_INT(breaker_ask(&breaker, 0), BREAKER_GO);
    fault_set(&fault, FAULT_UPSTREAM_AUTH_FAILED, "535");
    breaker_begin(&breaker, 0);
    breaker_fail(&breaker, &fault, 0);
    CHECK_INT(breaker_ask(&breaker, 0), BREAKER_REFUSE);
}

int main(void)
{
    TEST(without_a_login_any_number_may_open_at_a_time);
    TEST(with_a_login_one_goes_first_and_its_success_lets_all_go);
    TEST(a_refused_login_is_tried_once_a_window);
    TEST(a_login_that_was_good_and_is_refused_later_is_on_trial_again);
    TEST(it_opens_at_the_last_allowed_failure_and_then_tries_one);
    TEST(the_wait_doubles_up_to_a_minute);
    TEST(tries_that_were_out_when_it_opened_do_not_shorten_the_wait);
    TEST(a_trial_that_takes_long_holds_up_nobody_else);
    TEST(without_a_session_a_good_login_has_to_be_shown_again);
    TEST(what_says_nothing_about_the_relay_changes_nothing);
    TEST(with_no_bound_on_failures_only_a_login_opens_it);
    return test_result();
}
