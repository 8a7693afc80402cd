#include "service/process/watchdog.h"
#include "test.h"

#include <unistd.h>

static void set(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void a_sign_is_due_at_half_of_the_time(void)
{
    char us[16];
    snprintf(us, sizeof us, "%d", (int)getpid());
    const struct {
        const char *usec, *pid;
        int64_t every_us;
    } rows[] = {{"30000000", us, 15000000},
                {"30000000", NULL, 15000000},
                {"30000000", "1", 0},
                {"30000000", "x", 0},
                {NULL, us, 0},
                {"", us, 0},
                {"-5", us, 0},
                {"0", us, 0},
                {"1", us, 0},
                {"99999999999999999999", us, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct watchdog watchdog;
        test_row("%s %s", rows[i].usec ? rows[i].usec : "-", rows[i].pid ? rows[i].pid : "-");
        set("WATCHDOG_USEC", rows[i].usec);
        set("WATCHDOG_PID", rows[i].pid);
        watchdog_init(&watchdog, 1000);
        CHECK_INT(watchdog.every_us, rows[i].every_us);
        CHECK(!getenv("WATCHDOG_USEC") && !getenv("WATCHDOG_PID"));
        CHECK(!watchdog_is_due(&watchdog, 1000 + rows[i].every_us - 1));
        CHECK_INT(watchdog_is_due(&watchdog, 1000 + rows[i].every_us), rows[i].every_us > 0);
    }
}

static void after_a_sign_there_is_time_again(void)
{
    struct watchdog watchdog = {.every_us = 500, .due_us = 500};
    CHECK(watchdog_is_due(&watchdog, 700));
    watchdog_rest(&watchdog, 700);
    CHECK(!watchdog_is_due(&watchdog, 1199));
    CHECK(watchdog_is_due(&watchdog, 1200));
}

static void no_wait_is_longer_than_there_is_time(void)
{
    static const struct {
        int64_t every_us, due_us, wait_ms, want_ms;
    } rows[] = {{0, 0, 1000, 1000},
                {500000, 500000, 1000, 500},
                {500000, 500000, 100, 100},
                {500000, 1000, 100, 10}, /* a look now and then while a sign is waited for */
                {500000, -90000, 100, 10} /* likewise */};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct watchdog watchdog = {rows[i].every_us, rows[i].due_us};
        test_row("%" PRId64 " %" PRId64, rows[i].due_us, rows[i].wait_ms);
        CHECK_INT(watchdog_cut_ms(&watchdog, rows[i].wait_ms, 0), rows[i].want_ms);
    }
}

int main(void)
{
    TEST(a_sign_is_due_at_half_of_the_time);
    TEST(after_a_sign_there_is_time_again);
    TEST(no_wait_is_longer_than_there_is_time);
    return test_result();
}
